import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, HubError, writeFileAtomic } from 'cupboard/sdk';
import { type PageContent, renderPage } from './page.ts';

export interface PublishSettings {
  readonly folder: string;
  /** Seconds. */
  readonly every: number;
  /** A program and its arguments, run after the files are written; no shell reads it. */
  readonly command?: readonly string[];
}

/** A copy that hangs must not hold up the next one for ever. */
const COPY_TIMEOUT = 120_000;
const run = promisify(execFile);

/**
 * Writes `index.html` and `weather.json` into the folder, each complete or not at all, then runs the copy program.
 * @throws HubError `publish_failed`
 */
export async function publishPage(settings: PublishSettings, content: PageContent, signal: AbortSignal): Promise<void> {
  const { folder } = settings;
  const { time, simulated, current, graphs, records, calendar } = content;
  const data = { time: time ?? null, simulated, timezone: calendar.timezone, current, graphs, records };
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, 'weather.json'), `${JSON.stringify(data)}\n`);
    await writeFileAtomic(join(folder, 'index.html'), renderPage(content));
  } catch (cause) {
    throw new HubError('publish_failed', `the page was not written to ${folder}: ${errorText(cause)}`, { cause });
  }
  const [program, ...args] = settings.command ?? [];
  if (program === undefined) return;
  try {
    await run(program, args, { cwd: folder, timeout: COPY_TIMEOUT, signal });
  } catch (cause) {
    // The arguments may hold a password; the program's own words say enough.
    const { stderr } = cause as { stderr?: string };
    const reason =
      stderr?.trim().split('\n').at(-1) ||
      errorText(cause)
        .split('\n')[0]
        ?.replace(/^Command failed: .*/, 'it failed');
    throw new HubError('publish_failed', `${program} did not copy the page: ${reason}`, { cause });
  }
}
