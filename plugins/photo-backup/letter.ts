import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { errorText, type Hub, writeFileAtomic } from 'cupboard/sdk';
import type { Router } from 'express';
import type { Backup, Place } from './backup.ts';
import type { Config } from './config.ts';
import { accessOf } from './documents/access.ts';
import { isoDate } from './documents/iso-date.ts';
import { renderLetter } from './documents/letter.ts';
import { lastPassedDrill } from './drill.ts';

const run = promisify(execFile);
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const PRINT_TIMEOUT_MS = 60_000;

/** The command `letter`, and the letter under `/plugins/<id>/letter.html` and `letter.pdf` once it is made. */
export function openLetter(hub: Hub<Config>, { places, store }: Backup, router: Router): void {
  const folder = join(hub.dataDir, 'letter');
  const [html, pdf] = [join(folder, 'letter.html'), join(folder, 'letter.pdf')];
  hub.command<{ target?: string }>('letter', async ({ target }) => {
    const chosen = [...places.values()].filter(({ settings }) => target === undefined || settings.name === target);
    if (chosen.length === 0)
      return { ok: false, error: 'no such target', expected: [...places.keys()], got: target ?? null };
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(
      html,
      renderLetter({
        ...hub.config,
        date: isoDate(Date.now(), hub.timezone),
        places: chosen.toSorted(offSiteFirst).map((place) => accessOf(place.settings, place.target.place)),
        ...lastPassedDrill(store, hub.timezone),
      }),
    );
    const problem = await print(html, pdf, hub.signal);
    if (problem === undefined) return { ok: true, html, pdf };
    await rm(pdf, { force: true }); // of an older letter
    return { ok: true, html, pdf: null, advice: problem };
  });
  router.get('/letter.html', (_request, response) => response.sendFile(html, { dotfiles: 'allow' }));
  router.get('/letter.pdf', (_request, response) => response.sendFile(pdf, { dotfiles: 'allow' }));
}

const offSiteFirst = (a: Place, b: Place): number =>
  Number(a.settings.type === 'directory') - Number(b.settings.type === 'directory');

/** Prints with a browser that is there. Answers in words why there is no PDF, if so. */
async function print(html: string, pdf: string, signal: AbortSignal): Promise<string | undefined> {
  const browser = await findProgram(BROWSERS);
  if (browser === undefined) return 'For a PDF: apt install chromium, or print the page from your own browser.';
  // A profile of its own: the user's browser may be running.
  const profile = await mkdtemp(join(dirname(pdf), 'profile-'));
  try {
    const options = ['--headless', '--disable-gpu', '--no-pdf-header-footer', `--user-data-dir=${profile}`];
    // Chromium's sandbox cannot run as root; the page is our own and holds no script.
    if (process.getuid?.() === 0) options.push('--no-sandbox');
    await run(browser, [...options, `--print-to-pdf=${pdf}`, pathToFileURL(html).href], {
      signal,
      timeout: PRINT_TIMEOUT_MS,
    });
    await access(pdf);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return `${browser} could not print it: ${errorText(error).split('\n')[0]}`;
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function findProgram(names: readonly string[]): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
