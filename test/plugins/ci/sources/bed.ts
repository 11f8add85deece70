import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { Logger } from '../../../../core/support/log.ts';
import { distFile } from '../../../../core/support/paths.ts';
import type { SourceEvent } from '../../../../plugins/ci/contract.ts';
import type { SourcesConfig } from '../../../../plugins/ci/sources/config.ts';
import { SOURCE_MIGRATIONS } from '../../../../plugins/ci/sources/memory.ts';
import { openSources, type Sources } from '../../../../plugins/ci/sources/open.ts';
import { temporaryFolder, waitFor } from '../../../support/hub.ts';

const run = promisify(execFile);

/** A working copy as people have it; `git` answers what git printed, stdout and stderr. */
export interface WorkingCopy {
  readonly path: string;
  git(...args: readonly string[]): Promise<string>;
  /** Writes files and commits them; answers the commit. */
  commit(message: string, files: Readonly<Record<string, string>>): Promise<string>;
}

export async function workingCopy(remote?: string): Promise<WorkingCopy> {
  const path = join(await temporaryFolder(), 'work');
  await mkdir(path);
  const env = {
    PATH: process.env['PATH'],
    HOME: path,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  };
  const git = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run('git', args, { cwd: path, env });
    return `${stdout}${stderr}`.trim();
  };
  await git('init', '--quiet', '--initial-branch=main');
  if (remote !== undefined) await git('remote', 'add', 'hub', remote);
  return {
    path,
    git,
    async commit(message, files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), text);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    },
  };
}

/** What the log of a test got. */
export function collectingLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (message: string) => void lines.push(message);
  return { lines, debug: add, info: add, warn: add, error: add };
}

export interface Bed {
  readonly dataDir: string;
  readonly sources: Sources;
  readonly events: SourceEvent[];
  readonly log: ReturnType<typeof collectingLog>;
  /** Waits for the next event of a type that was not answered before. */
  next(type: SourceEvent['type']): Promise<SourceEvent>;
  stop(): Promise<void>;
}

/** Sources started on a data folder, as the plugin does; `dataDir` of another bed continues it. */
export async function openBed(config: Partial<SourcesConfig>, given?: string): Promise<Bed> {
  const dataDir = given ?? (await temporaryFolder());
  const store = new Database(join(dataDir, 'sources.db'));
  if (store.pragma('user_version', { simple: true }) === 0) {
    for (const sql of SOURCE_MIGRATIONS) store.exec(sql);
    store.pragma('user_version = 1');
  }
  const stopping = new AbortController();
  const log = collectingLog();
  const sources = await openSources(
    { repositories: {}, remotes: {}, ...config },
    {
      dataDir,
      store,
      log,
      signal: stopping.signal,
      page: 'http://hub.example/{change}',
      receive: [process.execPath, distFile('plugins/ci/programs/receive.js')],
    },
  );
  const events: SourceEvent[] = [];
  for (const source of sources.sources) await source.start((event) => void events.push(event));
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    for (const source of sources.sources) await source.stop();
    stopping.abort();
    store.close();
  };
  onTestFinished(stop);
  const answered = new Set<SourceEvent>();
  const next = (type: SourceEvent['type']) =>
    waitFor(
      `an event ${type} (log: ${log.lines.join('; ')})`,
      () => {
        const event = events.find((one) => one.type === type && !answered.has(one));
        if (event) answered.add(event);
        return event;
      },
      10,
    );
  return { dataDir, sources, events, log, next, stop };
}
