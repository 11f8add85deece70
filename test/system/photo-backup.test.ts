import { execFile } from 'node:child_process';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import axe, { type AxeResults } from 'axe-core';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { publishDocuments } from '../../plugins/photo-backup/documents/publish.ts';
import { bed } from '../plugins/photo-backup/bed.ts';
import { APP, startFlickr, VERIFIER } from '../plugins/photo-backup/strict-flickr.ts';
import { type Browser, hasChromium, openBrowser, PHONE } from '../support/browser.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';

const run = promisify(execFile);
const PASSWORD = 'a quiet shelf';
const HOSTILE = `</p><script>document.title='owned'</script><img src=x onerror="document.title='owned'"> & "quotes"`;

/** A JPEG with a capture date, no two alike. */
async function photo(date: string, shade: number): Promise<Buffer> {
  const create = { width: 64, height: 48, channels: 3, background: { r: shade, g: 90, b: 30 } } as const;
  return sharp({ create })
    .withExif({ IFD2: { DateTimeOriginal: `${date.replaceAll('-', ':')} 10:11:12` } })
    .jpeg()
    .toBuffer();
}

/** A browser; whatever the page does wrong fails the test. */
async function visit(): Promise<Browser> {
  const browser = await openBrowser();
  onTestFinished(async () => {
    await browser.close();
    expect(browser.faults).toEqual([]);
  });
  return browser;
}

const command = async (hub: RunningHub, plugin: string, name: string, args: object = {}) =>
  (await hub.api<Record<string, unknown>>('POST', `/api/v1/plugins/${plugin}/commands/${name}`, args)).body;

/** A house whose photos, of two weeks, are imported and lie on its second disk. */
async function house() {
  const [archive, disk, card] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
  const flickr = await startFlickr();
  await writeFile(join(disk, '.cupboard-backup'), '');
  await writeFile(join(card, 'P1010001.JPG'), await photo('2016-02-03', 10));
  await writeFile(join(card, 'P1010002.JPG'), await photo('2016-02-04', 20));
  await writeFile(join(card, 'P1010003.JPG'), await photo('2016-02-10', 30));
  const hub = await startHub({
    config: {
      name: 'Elm Street',
      timezone: 'Europe/Berlin',
      location: { latitude: 52.5, longitude: 13.4, elevation: 40 },
      plugins: {
        photos: { archive, mount: 'never' },
        'photo-backup': {
          targets: { disk: { type: 'directory', path: disk } },
          settle_seconds: 0,
          owner: 'Ann',
          contact: 'Bob, 555 1234',
          flickr: { api_key: APP.key, api_secret: APP.secret, url: flickr.url },
        },
      },
    },
  });
  expect(await command(hub, 'photos', 'import', { path: card })).toMatchObject({ ok: true, new: 3 });
  await waitFor(
    'the backup with its documents',
    async () => {
      const text = await readFile(join(disk, 'README.txt'), 'utf8').catch(() => '');
      return text.includes('3 files in 2 folders');
    },
    60,
  );
  return { hub, flickr, archive, disk };
}

describe.skipIf(!hasChromium && process.env['CI'] !== 'true')('a copy that somebody finds', () => {
  test('opens from a disk in a browser, without network, script or harm from hostile names', async () => {
    const home = await bed({ type: 'directory', path: 'safe' });
    const name = `"><script>document.title='owned'<.JPG`;
    const signal = AbortSignal.timeout(30_000);
    await home.photo(`2016-W05/${name}`, await photo('2016-02-03', 10), { title: HOSTILE, caption: HOSTILE });
    await home.photo('2016-W05/#1?.JPG', await photo('2016-02-04', 20), {
      title: HOSTILE,
      latitude: 47.5,
      longitude: -8.25,
    });
    await home.photo('undated/MVI_1.MOV', Buffer.from('video'), { captured: null });
    await home.target.check(signal);
    await home.pass();
    const owner = { owner: HOSTILE, contact: '', note: '' };
    await publishDocuments({ ...home, settings: home.settings }, owner, {
      store: home.store,
      signal,
      now: Date.now(),
      timezone: 'UTC',
    });

    const { page, context } = await visit();
    const asked: string[] = [];
    context.on('request', (request) => asked.push(request.url()));
    await page.setViewportSize(PHONE);
    await page.goto(pathToFileURL(join(home.folder, 'safe/index.html')).href);
    expect(await page.getByRole('row', { name: /2016-W05/ }).textContent()).toContain(HOSTILE);
    await page.getByRole('link', { name: '2016-W05' }).click();
    await page.getByRole('heading', { name: '2016-W05' }).waitFor();
    const images = await page.locator('img').all();
    const widths = await Promise.all(
      images.map(async (image) => {
        await image.scrollIntoViewIfNeeded();
        return waitFor('a picture', () =>
          image.evaluate((drawn) => 'naturalWidth' in drawn && Number(drawn.naturalWidth)),
        );
      }),
    );
    expect(widths).toEqual([64, 64]);
    expect(await page.getByText(HOSTILE, { exact: true }).count()).toBe(1);
    await page.getByRole('link', { name: '#1?.JPG' }).click();
    expect(decodeURIComponent(page.url())).toContain('/2016-W05/#1?.JPG');
    await page.goBack();
    await page.getByRole('link', { name: 'All weeks' }).click();
    await page.getByRole('link', { name: 'undated' }).click();
    expect(await page.getByRole('link', { name: 'MVI_1.MOV' }).count()).toBe(1);
    expect(await page.title()).not.toContain('owned');
    expect(asked.filter((url) => !url.startsWith('file://'))).toEqual([]);
  });
});

test('imports, backs up, proves it to sha256sum, survives a drill, and restores with an empty catalogue', async () => {
  const { hub, archive, disk } = await house();
  await run('sha256sum', ['-c', '--strict', 'MANIFEST.sha256'], { cwd: disk });
  await run('sha256sum', ['-c', '--strict', 'MANIFEST.sha256'], { cwd: join(disk, '2016-W05') });
  expect(await command(hub, 'photo-backup', 'drill')).toMatchObject({ ok: true });

  // Another house, another hub: nothing but two disks are left, one of them damaged.
  const worn = await temporaryFolder();
  await run('cp', ['-a', `${disk}/.`, worn]);
  await truncate(join(worn, '2016-W05/P1010001.JPG'), 100);
  const targets = { worn: { type: 'directory', path: worn }, found: { type: 'directory', path: disk } };
  const other = await startHub({ config: { plugins: { 'photo-backup': { targets } } } });
  const to = join(await temporaryFolder(), 'photos');
  const restored = await command(other, 'photo-backup', 'restore', { all: true, to });
  expect(restored).toMatchObject({ ok: true, restored: 3, present: 0, failed: [] });
  await run('diff', ['-r', '--exclude=.*', archive, to]);
  expect(await command(other, 'photo-backup', 'restore', { week: '2016-W05', to })).toMatchObject({
    restored: 0,
    present: 2,
  });
});

test('shares no simulated photo', async () => {
  const flickr = { api_key: APP.key, api_secret: APP.secret };
  const config = {
    plugins: { photos: { archive: 'archive', simulate: true, mount: 'never' }, 'photo-backup': { flickr } },
  };
  const hub = await startHub({ config });
  const path = await waitFor(
    'a simulated photo',
    async () => {
      await command(hub, 'photo-backup', 'run');
      const { files } = (await command(hub, 'photos', 'files')) as { files?: { path: string; state: string }[] };
      return files?.find(({ state }) => state === 'verified')?.path;
    },
    60,
  );
  const answer = await command(hub, 'photo-backup', 'share', { files: [path], album: 'x' });
  expect(answer).toMatchObject({ ok: false, error: expect.stringContaining('simulated') });
});

test('writes the letter, in print too where there is a browser', async () => {
  const { hub, disk } = await house();
  const letter = await command(hub, 'photo-backup', 'letter');
  expect(letter).toMatchObject({ ok: true });
  expect(await readFile(letter['html'] as string, 'utf8')).toContain(disk);
  if (hasChromium) expect((await readFile(letter['pdf'] as string)).subarray(0, 5).toString()).toBe('%PDF-');
});

describe.skipIf(!hasChromium && process.env['CI'] !== 'true')('the page of photo-backup', () => {
  test('shows a failed drill with the damaged file, and shares on Flickr', async () => {
    const { hub, flickr, disk } = await house();
    const { status } = await hub.api('POST', '/api/v1/users', { name: 'ann', password: PASSWORD, role: 'admin' });
    expect(status).toBe(201);
    for (const week of await readdir(disk)) {
      if (/^\d{4}-W/.test(week))
        for (const name of ['P1010001.JPG', 'P1010003.JPG'])
          await truncate(join(disk, week, name), 100).catch(() => undefined);
    }
    const { page } = await visit();
    await page.goto(`${hub.http}/panel/photo-backup`);
    await page.getByLabel('Name').fill('ann');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();

    const drill = page.locator('backup-drill');
    await drill.getByText('not yet').waitFor();
    await drill.getByRole('button', { name: 'Run a drill now' }).click();
    await drill
      .getByText(/P101000[13]\.JPG/)
      .first()
      .waitFor();
    expect(await drill.getByText('Do not rely on this copy').count()).toBe(1);

    const card = page.locator('backup-flickr');
    await card.getByRole('button', { name: 'Connect with Flickr' }).click();
    await card.getByLabel('Code').fill(VERIFIER);
    await card.getByRole('button', { name: 'Finish' }).click();
    await card.getByText('Connected as ann;').waitFor();
    await card.getByLabel('Week or month').fill('2016-02');
    await card.getByRole('button', { name: 'Share' }).click();
    await card.getByText('3 in the album 2016-02').waitFor();
    expect(flickr.photos.size).toBe(3);
    const pass = card.getByLabel('Guest pass of 2016-02');
    await pass.fill('https://www.flickr.com/gp/ann/x1');
    await card.getByRole('button', { name: 'Keep' }).click();
    await card.getByText('Kept.').waitFor();
    await page.reload();
    expect(await pass.inputValue()).toBe('https://www.flickr.com/gp/ann/x1');
    await page.locator('backup-people').getByRole('button', { name: 'Write the letter' }).click();
    await page.locator('backup-people').getByText('The letter is written').waitFor();

    await page.setViewportSize(PHONE);
    await page.evaluate(axe.source);
    const found = await page.evaluate<AxeResults>("axe.run('photo-backup-panel', { resultTypes: ['violations'] })");
    expect(found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
  });
});
