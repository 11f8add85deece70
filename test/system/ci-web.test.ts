import { execFile } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import type { BuildStatus } from '../../plugins/ci/view.ts';
import { DESKTOP, openPanel, PHONE } from '../support/browser.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);
/** The jobs end when the test says so: by a file named by pipeline and change, with their exit status in it. */
const jobs = (folder: string) => `
jobs:
  - name: unit
    node: any
    timeout: 120
    junit: [report.xml]
    artifacts: [report.xml, 'pages/**']
    run: |
      #!/bin/bash
      printf '\\033[1;32mPASS\\033[0m <b>dims</b>\\n'
      mkdir pages && echo '<script>top.document.title = "taken over"</script>' > pages/index.html
      echo '<testsuite name="lamp"><testcase name="dims" time="0.8"/><testcase name="flickers" time="0.1"><failure message="it did not">at lamp.sh:3</failure></testcase></testsuite>' > report.xml
      until [ -e "${folder}/$ZUUL_PIPELINE-$ZUUL_CHANGE" ]; do
        if [ -e "${folder}/say-$ZUUL_CHANGE" ]; then cat "${folder}/say-$ZUUL_CHANGE"; rm "${folder}/say-$ZUUL_CHANGE"; fi
        sleep 0.05
      done
      exit "$(cat "${folder}/$ZUUL_PIPELINE-$ZUUL_CHANGE")"
  - name: long
    node: any
    timeout: 120
    run: |
      #!/bin/bash
      seq -f 'line %.0f of very many' 1 200000
projects:
  - name: lamp
    check: [unit]
    gate: [unit]
`;

/** A hub with a local repository and changes of it, by the files they add, that passed the check. */
async function startLamp(
  ...files: readonly string[]
): Promise<{ hub: RunningHub; decide: (name: string, text: string) => Promise<void> }> {
  const folder = await temporaryFolder();
  const definitions = join(folder, 'jobs');
  const decisions = join(folder, 'decisions');
  await mkdir(definitions);
  await mkdir(decisions);
  await writeFile(join(definitions, 'lamp.yaml'), jobs(decisions));
  const ci = {
    definitions,
    repositories: { lamp: {} },
    nodes: { mode: 'process', max: 4 },
    console: { listen: false },
  };
  const hub = await startHub({ config: { timezone: 'Europe/London', plugins: { ci } } });
  const decide = async (name: string, text: string) => {
    // All of it at once: jobs look for it all the time.
    await writeFile(join(folder, name), text);
    await rename(join(folder, name), join(decisions, name));
  };
  for (const index of files.keys()) await decide(`check-${index + 1}`, '0');
  const repository = join(hub.dataDir, 'plugin-data/ci/repositories/lamp.git');
  await waitFor('the plugin', async () => {
    const { body } = await hub.api<{ id: string; state: string }[]>('GET', '/api/v1/plugins');
    return body.some(({ id, state }) => id === 'ci' && state === 'running');
  });
  await pushChanges(join(folder, 'clone'), repository, files);
  await waitFor(
    'the checks',
    async () => {
      const builds = await buildsOf(hub, 'pipeline=check');
      return builds.filter(({ result }) => result === 'SUCCESS').length === files.length;
    },
    40,
  );
  return { hub, decide };
}

async function pushChanges(clone: string, repository: string, files: readonly string[]): Promise<void> {
  const git = (...args: string[]) =>
    run('git', ['-C', clone, '-c', 'user.name=Anna', '-c', 'user.email=anna@house.test', ...args]);
  await run('git', ['init', '--quiet', '--initial-branch=main', clone]);
  await git('commit', '--quiet', '--allow-empty', '--message', 'Begin');
  await git('push', '--quiet', repository, 'HEAD:refs/heads/main');
  for (const file of files) {
    await git('checkout', '--quiet', '--detach', 'main');
    await writeFile(join(clone, file), file);
    await git('add', '--all');
    await git('commit', '--quiet', '--message', `Make the ${file}`);
    await git('push', '--quiet', repository, 'HEAD:refs/for/main');
  }
}

const buildsOf = async (hub: RunningHub, query: string): Promise<readonly BuildStatus[]> =>
  (await hub.api<readonly BuildStatus[]>('GET', `/plugins/ci/builds?${query}`)).body;

async function openCi(hub: RunningHub, role: 'admin' | 'viewer'): Promise<Page> {
  const page = await openPanel(hub, 'ci', { name: role, role });
  await page.getByRole('region', { name: 'Pipeline gate' }).waitFor();
  return page;
}

/** Fits any screen, and is sound for who listens or types, by day and by night. */
async function expectSound(page: Page): Promise<void> {
  for (const [size, colorScheme] of [
    [DESKTOP, 'dark'],
    [PHONE, 'light'],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(size.width);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<AxeResults>("axe.run('.ci', { resultTypes: ['violations'] })");
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }
  await page.setViewportSize(DESKTOP);
}

const tab = (page: Page, name: string) => page.getByRole('navigation', { name: 'CI' }).getByRole('link', { name });

describe('the page of the CI, in Chromium', () => {
  testNeeding('chromium', 'git')(
    'shows how the gate starts over, a console as it runs, and what came of it',
    async () => {
      const { hub, decide } = await startLamp('dim', 'candle', 'mood');
      const page = await openCi(hub, 'admin');
      await tab(page, 'Changes').click();
      for (const number of [1, 2, 3]) {
        await page.getByRole('button', { name: `Approve lamp ${number},1`, exact: true }).click();
        await page.getByText(`lamp ${number},1 is approved.`).waitFor();
      }
      await page.getByRole('button', { name: 'Dequeue from gate lamp 3,1' }).waitFor();
      await expectSound(page);

      await tab(page, 'Status').click();
      const gate = page.getByRole('region', { name: 'Pipeline gate' });
      const item = (number: number) => gate.getByRole('article', { name: `lamp ${number},1` });
      await item(2).getByText('on lamp 1,1').waitFor();
      await item(3).getByText('on lamp 2,1').waitFor();
      await item(3).getByText('testing').waitFor();
      await decide('gate-2', '1');
      await item(2).getByText('failing', { exact: true }).waitFor();
      await item(3)
        .getByText(/Started over .*ago/)
        .waitFor();
      await item(3).getByText('on lamp 1,1').waitFor();
      await expectSound(page);

      await item(1).getByRole('link', { name: 'unit' }).click();
      const lines = page.getByRole('group', { name: 'Lines of the console' });
      // What the job says is text, in its colours.
      await lines.locator('.ink-2.bold', { hasText: 'PASS' }).waitFor();
      await lines.getByText('<b>dims</b>').waitFor();
      await decide('say-1', 'a line that comes late\nand a needle\n');
      await lines.getByText('a line that comes late').waitFor();
      await page.getByLabel('Search the log').fill('NEEDLE');
      await page.getByLabel('Search the log').press('Enter');
      await page.getByText('1 of 1').waitFor();
      await lines.locator('.marked', { hasText: 'and a needle' }).waitFor();
      // Who searches reads; who follows sees what comes.
      await page.getByRole('button', { name: 'Follow' }).click();
      await decide('say-1', 'the last word\n');
      await lines.getByText('the last word').waitFor();
      await expectSound(page);

      for (const number of [1, 3]) await decide(`gate-${number}`, '0');
      await page.getByRole('region', { name: 'Build' }).getByText('passed', { exact: true }).waitFor();
      await page.getByText('What flickers said').or(page.getByText('at lamp.sh:3')).first().waitFor();
      await expectSound(page);
      const [popup] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'pages/index.html' }).click(),
      ]);
      expect(popup.suggestedFilename()).toBe('index.html');
      await waitFor('the merges', async () => {
        const { body } = await hub.api<readonly { number: string }[]>('GET', '/plugins/ci/changes');
        return body.length === 1 && body[0]?.number === '2';
      });

      await tab(page, 'Builds').click();
      await page.getByLabel('Result').selectOption('failed');
      await page.waitForURL(/#builds\?result=FAILURE$/);
      await waitFor('the one that failed', async () => (await page.locator('.build-row').count()) === 1);
      await expectSound(page);
    },
  );

  testNeeding('chromium', 'git')('keeps a few lines of a very long log, and finds its way in it', async () => {
    const { hub } = await startLamp();
    const { body } = await hub.api<{ build: string }>('POST', '/api/v1/plugins/ci/commands/run', {
      job: 'long',
      wait: true,
    });
    const page = await openCi(hub, 'admin');
    await tab(page, 'Builds').click();
    await page.getByRole('link', { name: 'long' }).click();
    await page.waitForURL(new RegExp(`#build/${body.build}$`));
    const lines = page.getByRole('group', { name: 'Lines of the console' });
    await lines.getByText('line 200000 of very many').waitFor();
    const scrollTo = (where: string) => page.evaluate(`document.querySelector('.console').scrollTop = ${where}`);
    const first = async () =>
      Number(/line (\d+) of/.exec((await lines.locator('.line').first().textContent()) ?? '')?.[1]);
    for (const before of [await first(), await first()]) {
      await scrollTo('0');
      await waitFor('earlier lines', async () => (await first()) < before);
    }
    expect(await lines.locator('.line').count()).toBeLessThanOrEqual(3000);
    await page.getByLabel('Search the log').fill('line 70000 of');
    await page.getByLabel('Search the log').press('Enter');
    await lines.locator('.marked', { hasText: 'line 70000 of' }).waitFor();
    await page.getByLabel('Position in the log').fill('0');
    await lines.getByText('line 1 of very many', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'To the end' }).click();
    await lines.getByText('line 200000 of very many').waitFor();
  });

  testNeeding('chromium', 'git')('shows held nodes and the way in; lets a viewer look and change nothing', async () => {
    const { hub, decide } = await startLamp();
    const command = async (name: string, args: object) =>
      expect((await hub.api('POST', `/api/v1/plugins/ci/commands/${name}`, args)).body).toMatchObject({ ok: true });
    await command('autohold', { job: 'unit', reason: 'Anna looks into it' });
    await decide('alone-7', '1');
    await command('run', { job: 'unit', params: { ZUUL_PIPELINE: 'alone', ZUUL_CHANGE: '7' }, wait: true });
    const page = await openCi(hub, 'viewer');
    await tab(page, 'Nodes').click();
    await page.getByText('Anna looks into it').first().waitFor();
    await page.getByText(/^cupboard run ci shell \S+$/).waitFor();
    await page.getByText('not isolated').waitFor();
    await expectSound(page);
    await page.getByRole('link', { name: 'unit' }).click();
    await page.getByRole('region', { name: 'Build' }).getByText('failed', { exact: true }).waitFor();
    await tab(page, 'Changes').click();
    await page.getByText('No open changes').waitFor();
    await tab(page, 'Images').click();
    await page.getByText('No images').waitFor();
    await expectSound(page);
    const acting = page.getByRole('button', { name: /Approve|Dequeue|Promote|Run again|Stop|Build now|Keep it/ });
    for (const name of ['Status', 'Changes', 'Builds', 'Images', 'Nodes']) {
      await tab(page, name).click();
      await page.locator(`ci-${name.toLowerCase()}`).waitFor();
      expect(await acting.count()).toBe(0);
    }
  });
});
