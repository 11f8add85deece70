import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { connectAsync } from 'mqtt';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Browser, DESKTOP, hasChromium, LAN_NAME, openBrowser, PHONE } from '../support/browser.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';

const PASSWORD = 'a quiet shelf';
const HOUSE = {
  name: 'Elm Street',
  location: { latitude: 52.5, longitude: 13.4, elevation: 40 },
  timezone: 'Europe/Berlin',
  units: 'metric',
};
const SIMULATED = { ...HOUSE, plugins: { acurite: { transport: 'simulator' }, weather: {} } };

/** A browser at the hub's page; whatever the page does wrong, a CSP violation too, fails the test. */
async function visit(): Promise<Browser> {
  const browser = await openBrowser();
  onTestFinished(async () => {
    await browser.close();
    expect(browser.faults).toEqual([]);
  });
  return browser;
}

async function addUser(hub: RunningHub, user: string, role: 'admin' | 'viewer'): Promise<void> {
  const { status } = await hub.api('POST', '/api/v1/users', { name: user, password: PASSWORD, role });
  expect(status).toBe(201);
}

async function signIn(page: Page, url: string, user: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Name').fill(user);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main h1').waitFor();
}

/** A hub whose page an admin has open. */
async function openPage(options: Parameters<typeof startHub>[0], path = '/') {
  const hub = await startHub(options);
  await addUser(hub, 'ann', 'admin');
  const browser = await visit();
  await signIn(browser.page, hub.http + path, 'ann');
  return { hub, page: browser.page };
}

/** By keyboard: devices that appear above the form move the button away from under a pointer. */
const save = (page: Page) => page.getByRole('button', { name: 'Save' }).press('Enter');
const cupboardYaml = (hub: RunningHub) => readFile(join(hub.dataDir, 'cupboard.yaml'), 'utf8');
const publish = (hub: RunningHub, topic: string, payload: unknown, retain = false) =>
  hub.api('POST', '/api/v1/publish', { topic, payload, retain });

describe.skipIf(!hasChromium && process.env['CI'] !== 'true')('the page, in Chromium', () => {
  test('the first visit makes an account, asks for the house and shows where to go', async () => {
    const hub = await startHub();
    const { page } = await visit();
    const link = await waitFor('the one-time link', () => /http:\/\/\S+\/setup#\S+/.exec(hub.output())?.[0]);

    await page.goto(link);
    await page.getByLabel('Your name').fill('ann');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create the account' }).click();

    await page.getByLabel('Name of the house').fill(HOUSE.name);
    await page.getByLabel('Latitude').fill('52.5');
    await page.getByLabel('Longitude').fill('13.4');
    await page.getByLabel('Elevation').fill('40');
    await page.getByLabel('Time zone').selectOption('Europe/Berlin');
    await page.getByRole('button', { name: 'Open the cupboard' }).click();

    await page.getByRole('heading', { name: 'The shelves are empty' }).waitFor();
    expect(await page.getByRole('link', { name: 'Add a plugin' }).count()).toBe(1);
    expect(await page.getByText('npx cupboard start --demo').count()).toBe(1);
    expect(await page.title()).toBe('Overview · Elm Street');
    expect((await hub.api('GET', '/api/v1/settings')).body).toEqual(HOUSE);
    expect(await cupboardYaml(hub)).toContain('name: Elm Street');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto(link);
    await page.getByLabel('Your name').fill('eve');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('alert').waitFor();
  });

  test('a plugin is enabled and set up on its page, and its device appears on the shelf', async () => {
    const { hub, page } = await openPage({ config: HOUSE }, '/plugins');
    await page.getByRole('link', { name: /AcuRite/ }).click();
    await page.getByLabel('Transport').selectOption('simulator');
    await save(page);
    await page.getByText('Saved to cupboard.yaml.').waitFor();
    expect(parse(await cupboardYaml(hub))).toMatchObject({ plugins: { acurite: { transport: 'simulator' } } });

    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Overview' }).click();
    const card = page.getByRole('article', { name: 'Outdoor' });
    await card.locator('.big-value .value').waitFor();
    expect(await card.getByText('Simulated').count()).toBe(1);
    const { body } = await hub.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=acurite/outdoor');
    const { temperature } = JSON.parse(body[0]?.payload ?? '{}') as { temperature: number };
    expect(await card.locator('.big-value').textContent()).toContain(temperature.toFixed(1));
  });

  test('what the hub refuses stands beside its field, and nothing is written', async () => {
    const { hub, page } = await openPage(
      { config: { ...HOUSE, plugins: { acurite: { transport: 'simulator' } } } },
      '/plugin/acurite',
    );
    const before = await cupboardYaml(hub);
    await page.getByLabel('Channel').waitFor();
    await page.getByLabel('Transport').selectOption('replay');
    // Reports arrive all the while and draw the page again; that must not undo the choice.
    await page.getByText('just now').first().waitFor();
    await page.evaluate("document.querySelector('plugin-page').requestUpdate()");
    await save(page);
    await page.locator('.problem').first().waitFor();
    expect(await cupboardYaml(hub)).toBe(before);
  });

  test('live topics shows what passes by and publishes what is typed', async () => {
    const { hub, page } = await openPage({ config: HOUSE }, '/topics');
    // A retained topic that is there shows that the subscription is in force.
    await page.locator('.topic', { hasText: 'hub/status' }).waitFor();
    await publish(hub, 'garden/soil', '31.5');
    const row = page.locator('.topic', { hasText: 'garden/soil' });
    await row.getByText('31.5').waitFor();
    expect(await row.getByText('live').count()).toBe(1);

    await page.getByLabel('Topic', { exact: true }).fill('garden/valve');
    await page.getByLabel('Payload').fill('open');
    await page.getByLabel('Retain').check();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('The broker has it.').waitFor();
    const { body } = await hub.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=garden/valve');
    expect(body).toMatchObject([{ payload: 'open' }]);

    await page.reload();
    await page.locator('.topic', { hasText: 'garden/valve' }).getByText('retained').waitFor();
  });

  test('live topics follows thousands of messages and ends at the last one', async () => {
    const { hub, page } = await openPage({ config: HOUSE }, '/topics?filter=flood/%23');
    const client = await connectAsync(hub.mqtt);
    onTestFinished(() => client.endAsync(true));
    for (let index = 0; index < 5000; index++) client.publish(`flood/${index % 50}`, String(index));
    await client.publishAsync('flood/last', 'done', { qos: 1 });
    await page.locator('.topic', { hasText: 'flood/last' }).getByText('done').waitFor();
    await page.getByText('51 topics, 5,001 messages').waitFor();
  });

  test('history draws what was recorded and hands it out as a file', async () => {
    const { hub, page } = await openPage({ config: { ...HOUSE, recorder: { commit_seconds: 1 } } });
    for (const value of ['20.5', '21', '21.5']) await publish(hub, 'garden/temperature', value);
    await waitFor('the series', async () =>
      (await hub.api<{ series: string }[]>('GET', '/api/v1/series')).body.some(
        ({ series }) => series === 'garden/temperature',
      ),
    );

    await page.goto(`${hub.http}/history?range=3h`);
    await page.getByLabel('garden/temperature').check();
    await page.locator('cupboard-chart canvas').waitFor();
    await page.getByRole('img', { name: /garden\/temperature: 20.5 to 21.5/ }).waitFor();
    expect(await drawnColours(page)).toBeGreaterThan(2);

    const link = await page.getByRole('link', { name: /garden\/temperature/ }).getAttribute('href');
    const csv = await page.evaluate(async (href) => (await fetch(href ?? '')).text(), link);
    expect(csv).toMatch(/^time,min,mean,max\n\d+,20\.5,20\.5,20\.5\n/);
  });

  test('events and logs of a plugin are found', async () => {
    const { hub, page } = await openPage({ config: SIMULATED }, '/events');
    await page.locator('.timeline').getByText('started', { exact: true }).first().waitFor();
    await page.getByLabel('Search').fill('no such thing');
    await page.getByRole('heading', { name: 'Nothing happened' }).waitFor();

    await page.goto(`${hub.http}/logs?level=debug`);
    await page.getByLabel('Log lines, newest first').getByText('hub', { exact: true }).first().waitFor();
    await page.getByLabel('Plugin').selectOption('acurite');
    expect(new URL(page.url()).searchParams.get('plugin')).toBe('acurite');
  });

  test('a viewer sees everything and can change nothing', async () => {
    const hub = await startHub({ config: SIMULATED });
    await addUser(hub, 'ann', 'admin');
    await addUser(hub, 'kim', 'viewer');
    const { page } = await visit();
    await signIn(page, `${hub.http}/plugin/acurite`, 'kim');
    await page.getByText('Only an admin may change this.').waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).isDisabled()).toBe(true);
    expect(await page.getByRole('heading', { name: 'Settings' }).count()).toBe(0);

    await page.goto(`${hub.http}/settings`);
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await page.goto(`${hub.http}/topics`);
    expect(await page.getByRole('button', { name: 'Publish' }).isDisabled()).toBe(true);
    const status = await page.evaluate(
      async () => (await fetch('/api/v1/plugins/acurite/stop', { method: 'POST' })).status,
    );
    expect(status).toBe(403);
  });

  test('works by a name of the house network, without TLS', async () => {
    const hub = await startHub({ config: { ...HOUSE, http: { hosts: [LAN_NAME] } } });
    await addUser(hub, 'ann', 'admin');
    const { page } = await visit();
    await signIn(page, hub.http.replace('127.0.0.1', LAN_NAME), 'ann');
    await page.locator('.rail .connection.online').waitFor();
    expect(await page.evaluate('isSecureContext')).toBe(false);
  });

  test('the page of a plugin from elsewhere runs in a frame that reaches only its own', async () => {
    const dataDir = await temporaryFolder();
    await writePanelPlugin(join(dataDir, 'plugins', 'garden'));
    const { page } = await openPage({ dataDir, config: HOUSE }, '/panel/garden');
    const frame = page.frameLocator('iframe.panel-frame');
    await frame.getByText('own: 31.5').waitFor();
    await frame.getByText('others: this panel may not publish weather/current').waitFor();
    await frame.getByText('cookie: refused').waitFor();
    expect(await frame.locator('cupboard-chart').count()).toBe(1);
  });

  test('says when the hub is gone', async () => {
    const { hub, page } = await openPage({ config: HOUSE });
    await page.getByText('Live', { exact: true }).first().waitFor();
    await hub.kill();
    await page.getByText('The connection to the hub is lost').waitFor();
  });

  test('every page is accessible and fits, on a phone and a desk, by day and by night', async () => {
    const { hub, page } = await openPage({ config: SIMULATED });
    await page.getByRole('article', { name: 'Outdoor' }).locator('.big-value .value').waitFor();
    const paths = [
      '/',
      '/plugins',
      '/plugin/acurite',
      '/panel/weather',
      '/topics',
      '/history?series=acurite/outdoor/temperature',
      '/events',
      '/logs',
      '/settings',
    ];
    const found: unknown[] = [];
    for (const [size, colorScheme] of [
      [DESKTOP, 'light'],
      [PHONE, 'dark'],
    ] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      for (const path of paths) {
        await page.goto(hub.http + path);
        await page.locator('main h1').waitFor();
        await page.locator('.loading').waitFor({ state: 'detached' });
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        found.push(...(await violations(page)).map((each) => ({ path, colorScheme, ...each })));
        if (overflow > 0) found.push({ path, size, overflow });
      }
    }
    expect(found).toEqual([]);
  });
});

/** How many different colours the chart has painted: an empty canvas has one, axes alone two or three. */
function drawnColours(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('cupboard-chart').shadowRoot.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let index = 0; index < data.length; index += 4) {
      if (data[index + 3] === 255) colours.add(data.subarray(index, index + 3).join());
    }
    return colours.size;
  })()`);
}

async function violations(page: Page): Promise<{ id: string; nodes: string[] }[]> {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
  return found.map(({ id, nodes }) => ({
    id,
    nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
  }));
}

/** A plugin as a stranger might write it, with a page that tries its limits. */
async function writePanelPlugin(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifest = {
    id: 'garden',
    name: 'Garden',
    version: '1.0.0',
    description: 'Waters the garden.',
    license: 'MIT',
    hub: '1',
    main: 'index.js',
    panel: 'panel.js',
  };
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
  await writeFile(
    join(folder, 'index.js'),
    `export default async (hub) => { await hub.publish('garden/soil', 31.5, { retain: true }); };`,
  );
  await writeFile(
    join(folder, 'panel.js'),
    `export default (element, api) => {
      const line = (text) => element.append(Object.assign(document.createElement('p'), { textContent: text }));
      api.subscribe('garden/soil', (topic, payload) => line('own: ' + payload));
      api.publish('weather/current', 'forged').catch((error) => line('others: ' + error.message));
      try { line('cookie: ' + document.cookie); } catch { line('cookie: refused'); }
      element.append(document.createElement('cupboard-chart'));
      return () => element.replaceChildren();
    };`,
  );
}
