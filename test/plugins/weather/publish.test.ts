import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderPage } from '../../../plugins/weather/page.ts';
import { collectPage } from '../../../plugins/weather/public-page.ts';
import { publishPage } from '../../../plugins/weather/publish.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { MINUTE, makeObserver, NOON } from './setup.ts';

async function content({ simulated = false, title = 'Hill & <top>' } = {}) {
  const { outdoor, station, store, days, calendar, observer } = makeObserver();
  for (let minute = 0; minute < 30; minute += 1) {
    const values = { temperature: minute / 2, humidity: 50, wind_speed: 3, wind_direction: 200, rain_total: minute };
    await outdoor(NOON + minute * MINUTE, values, { simulated });
  }
  const settings = { folder: '', every: 300, units: 'imperial', title } as const;
  return collectPage({
    hub: { hub: { name: 'test', version: '0' } },
    settings,
    station,
    store,
    days,
    calendar,
    observer,
  });
}
const signal = new AbortController().signal;

describe('the public page', () => {
  it('shows what is known, in its units, and loads nothing', async () => {
    const html = renderPage(await content());
    expect(html).toContain('<h1>Hill &amp; &lt;top&gt;</h1>');
    expect(html).toMatch(/<dt>Temperature<\/dt><dd>58\.1 °F<\/dd>/);
    expect(html).toMatch(/<dt>Sea-level pressure<\/dt><dd>—<\/dd>/);
    expect(html).toContain('2026-11-22 12:29');
    expect(html).toContain('aria-label="Temperature, last 24 hours: lowest 32.0, highest 57.2 °F"');
    expect(html).not.toMatch(/(src|href)=/);
    expect(html).not.toContain('Simulated');
  });

  it('marks simulated weather', async () => {
    expect(renderPage(await content({ simulated: true }))).toContain('<strong>Simulated:</strong>');
  });

  it('is there before the first observation', () => {
    const { station, store, days, calendar, observer } = makeObserver();
    const settings = { folder: '', every: 300, units: 'metric' } as const;
    const page = renderPage(
      collectPage({ hub: { hub: { name: 'test', version: '0' } }, settings, station, store, days, calendar, observer }),
    );
    expect(page).toContain('No observation yet');
  });

  it('is written whole, with its data, and copied by the program given', async () => {
    const folder = join(await temporaryFolder(), 'public');
    const command = ['cp', 'index.html', '../copied.html'];
    await publishPage({ folder, every: 300, command }, await content(), signal);
    expect((await readdir(folder)).sort()).toEqual(['index.html', 'weather.json']);
    expect(await readFile(join(folder, '../copied.html'), 'utf8')).toContain('<!doctype html>');
    const data = JSON.parse(await readFile(join(folder, 'weather.json'), 'utf8'));
    expect(data).toMatchObject({ time: NOON + 29 * MINUTE, simulated: false, current: { temperature: 14.5 } });
  });

  it('says which program failed and how, without its arguments', async () => {
    const folder = await temporaryFolder();
    const failing = ['sh', '-c', 'echo no route to host >&2; exit 3', 'user:secret@host'];
    const failed = publishPage({ folder, every: 300, command: failing }, await content(), signal);
    await expect(failed).rejects.toThrow('sh did not copy the page: no route to host');
    const silent = publishPage({ folder, every: 300, command: ['false', 'secret'] }, await content(), signal);
    await expect(silent).rejects.not.toThrow('secret');
    await expect(
      publishPage({ folder, every: 300, command: ['no-such-program'] }, await content(), signal),
    ).rejects.toThrow('no-such-program did not copy');
  });
});
