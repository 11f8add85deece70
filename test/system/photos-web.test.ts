import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { hasChromium, openPanel } from '../support/browser.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);
/** A week in Cornwall, as a camera leaves it. */
async function makePhotos(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [index, background] of ['teal', 'orange', 'navy', 'olive'].entries()) {
    const taken = `2016:02:0${index + 1} 10:0${index}:00`;
    const jpeg = await sharp({ create: { width: 1200, height: 800, channels: 3, background } })
      .withExif({ IFD0: { Make: 'Panasonic', Model: 'DMC-TZ70' }, IFD2: { DateTimeOriginal: taken } })
      .jpeg()
      .toBuffer();
    await writeFile(join(folder, `P101000${index + 1}.JPG`), jpeg);
  }
}

const openPhotos = (hub: RunningHub, role: 'admin' | 'viewer') => openPanel(hub, 'photos', { name: role, role });

async function startPhotos(): Promise<{ hub: RunningHub; source: string; archive: string }> {
  const folder = await temporaryFolder();
  const [source, archive] = [join(folder, 'DCIM'), join(folder, 'archive')];
  await makePhotos(source);
  const backup = { targets: { safe: { type: 'directory', path: 'safe' } }, settle_seconds: 1 };
  const plugins = { photos: { archive, mount: 'never' }, 'photo-backup': backup };
  const hub = await startHub({ config: { timezone: 'Europe/London', plugins } });
  await waitFor('the plugins', async () => {
    const { body } = await hub.api<{ id: string; state: string }[]>('GET', '/api/v1/plugins');
    const isUp = (name: string) => body.some(({ id, state }) => id === name && /running|waiting/.test(state));
    return Object.keys(plugins).every(isUp);
  });
  return { hub, source, archive };
}

/** What ExifTool reads in a file, by group and tag. */
async function tagsOf(file: string): Promise<Record<string, unknown>> {
  const { stdout } = await run('exiftool', ['-json', '-G', '-n', file]);
  return JSON.parse(stdout)[0];
}

/** Fits any screen, and is sound for who listens or types. */
async function expectSound(page: Page): Promise<void> {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<AxeResults>("axe.run('.photos', { resultTypes: ['violations'] })");
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
}

describe.skipIf(!hasChromium && process.env['CI'] !== 'true')('the page of the photos, in Chromium', () => {
  testNeeding('exiftool')('imports, names, describes and places a week, into the files themselves', async () => {
    const { hub, source, archive } = await startPhotos();
    const page = await openPhotos(hub, 'admin');
    await page.getByRole('heading', { name: 'No photos yet' }).waitFor();
    await page.getByRole('link', { name: 'Cards and import' }).first().click();
    await page.getByLabel('Folder on the hub’s machine').fill(source);
    await page.getByRole('button', { name: 'Only look' }).click();
    await page.getByText('4 files would be new').waitFor();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('4 files new and verified').waitFor();
    await expectSound(page);

    await page.getByRole('link', { name: 'Weeks', exact: true }).click();
    await page.getByText('1 – 4 Feb 2016').waitFor();
    await page.getByText('verified', { exact: true }).waitFor();
    // Of the other plugin, which copies what was imported by itself.
    await page.getByText('second copy', { exact: true }).waitFor();
    await expectSound(page);

    await page.getByRole('link', { name: 'Week 5' }).click();
    await page.getByRole('button', { name: 'Change the title of the week' }).click();
    await page.getByLabel('Title of the week').fill('Cornwall');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Cornwall' }).waitFor();
    await expectSound(page);

    await page.getByRole('link', { name: 'Captions' }).click();
    await page.getByText('1 of 4').waitFor();
    await expectSound(page);
    const caption = page.getByLabel('Caption');
    await caption.fill('Ebbe, „Low tide“ & crab');
    await caption.press('Enter');
    await page.getByText('2 of 4').waitFor();
    expect(await caption.getAttribute('placeholder')).toBe('same as before: Ebbe, „Low tide“ & crab');
    await caption.press('Enter');
    await page.getByText('3 of 4').waitFor();
    await caption.fill('The harbour');
    await caption.press('Enter');
    await page.getByText('4 of 4').waitFor();
    await page.getByRole('button', { name: 'Skip' }).click();
    await page.getByText('3 of 4 have a caption.').waitFor();
    await page.getByText(/^Writing/).waitFor({ state: 'detached' });
    const written = await Promise.all([1, 2, 3, 4].map((each) => tagsOf(join(archive, `2016-W05/P101000${each}.JPG`))));
    const captions = ['Ebbe, „Low tide“ & crab', 'Ebbe, „Low tide“ & crab', 'The harbour', undefined];
    expect(written.map((tags) => tags['IPTC:Caption-Abstract'])).toEqual(captions);
    expect(written.map((tags) => tags['XMP:Description'])).toEqual(captions);
    expect(written.map((tags) => tags['IPTC:ObjectName'])).toEqual(Array(4).fill('Cornwall'));

    await page.getByRole('link', { name: 'Show the week' }).click();
    await page.getByRole('link', { name: 'Map' }).click();
    const map = page.getByRole('region', { name: 'Map of the week' });
    await map.locator('.map-degrees').first().waitFor();
    await map.click({ position: { x: 300, y: 200 } });
    await page.getByLabel('Latitude, ° north').fill('50.2134');
    await page.getByLabel('Longitude, ° east').fill('-5.4801');
    await page.getByLabel('Longitude, ° east').press('Tab');
    await page.getByLabel('Name of the place').fill('Porthmeor <beach>');
    await page.getByRole('button', { name: 'Save the place' }).click();
    await page.getByText('Porthmeor <beach> is a place now.').waitFor();
    await map.getByText('Porthmeor <beach>').waitFor();
    await page.getByRole('button', { name: 'Put the 4 pictures without a position here' }).click();
    await page.getByText('4 of 4 pictures know where they were taken.').waitFor();
    await expectSound(page);
    expect(await tagsOf(join(archive, '2016-W05/P1010003.JPG'))).toMatchObject({
      'Composite:GPSLatitude': expect.closeTo(50.2134, 5),
      'Composite:GPSLongitude': expect.closeTo(-5.4801, 5),
    });
    await map.getByText('4', { exact: true }).click();
    await page.getByRole('heading', { name: '4 pictures taken here' }).waitFor();

    await page.getByLabel('Search the photos').fill('porthmeor harbour');
    await page.getByText('1 picture.').waitFor();
    await expectSound(page);
  });

  testNeeding('exiftool')('shows pictures large by keyboard and pointer, and acts on a selection', async () => {
    const { hub, source, archive } = await startPhotos();
    await hub.api('POST', '/api/v1/plugins/photos/commands/import', { path: source });
    const page = await openPhotos(hub, 'admin');
    await page.getByRole('link', { name: 'Week 5' }).click();
    await page.getByRole('link', { name: /^P1010001\.JPG, Photo/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Picture' });
    await dialog.getByText('1 / 4').waitFor();
    const width = "document.querySelector('.lightbox img').naturalWidth";
    await waitFor('the picture', async () => (await page.evaluate<number>(width)) === 1200);
    await expectSound(page);
    await page.keyboard.press('ArrowRight');
    await dialog.getByText('2 / 4').waitFor();
    await dialog.getByRole('button', { name: 'Next picture' }).click();
    await dialog.getByText('3 / 4').waitFor();
    await dialog.getByRole('button', { name: 'Details' }).click();
    await dialog.getByText('Panasonic DMC-TZ70').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.waitForURL(/#week\/2016-W05$/);
    await page.getByRole('link', { name: /^P1010002\.JPG/ }).click();
    await dialog.getByText('2 / 4').waitFor();
    await page.goBack();
    await dialog.waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'Select' }).click();
    await page.getByRole('button', { name: /^P1010001\.JPG/ }).click();
    await page.getByRole('button', { name: /^P1010003\.JPG/ }).click({ modifiers: ['Shift'] });
    await page.getByText('3 pictures', { exact: true }).waitFor();
    await expectSound(page);
    await page.getByRole('button', { name: 'Keywords' }).click();
    await page.getByLabel('Keywords to add, with commas between').fill('sea, Emma');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('3 files written.').waitFor();
    expect(await tagsOf(join(archive, '2016-W05/P1010002.JPG'))).toMatchObject({ 'XMP:Subject': ['sea', 'Emma'] });
    await page.getByRole('button', { name: 'Discard', exact: true }).click();
    await page.getByRole('button', { name: 'Discard 3 pictures' }).click();
    await page.getByText('1 photo,').waitFor();
    const again = await hub.api<{ new: number }>('POST', '/api/v1/plugins/photos/commands/import', { path: source });
    expect(again.body).toMatchObject({ ok: true, new: 0 });
  });

  testNeeding('exiftool')('lets a viewer look and change nothing', async () => {
    const { hub, source } = await startPhotos();
    await hub.api('POST', '/api/v1/plugins/photos/commands/import', { path: source });
    const page = await openPhotos(hub, 'viewer');
    await page.getByRole('link', { name: 'Week 5' }).click();
    await page.getByRole('link', { name: /^P1010001\.JPG/ }).waitFor();
    await page.getByRole('link', { name: 'Map' }).waitFor();
    for (const name of ['Captions', 'Select', 'Change the title of the week'])
      expect(await page.getByText(name).or(page.getByLabel(name)).count()).toBe(0);
    await page.getByRole('link', { name: 'Cards and import' }).click();
    await page.getByText('No card was read yet.').waitFor();
    expect(await page.getByRole('button', { name: 'Import' }).count()).toBe(0);
  });
});
