import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { errorCode, type Logger, writeFileAtomic } from 'cupboard/sdk';
import { quoted } from '../git/credentials.ts';
import type { Git } from '../git/git.ts';

/** In a hook of ours; one without it is the user's. */
const MARK = 'installed by Cupboard (ci)';
/** Where a hook goes that was there before ours, which then calls it. */
const USERS = '.before-cupboard';
/** Written at every push, so that the hub looks. */
export const PUSHED_FILE = 'cupboard-pushed';

export interface HookOptions {
  readonly project: string;
  /** argv of the program `receive`. */
  readonly receive: readonly string[];
  /** Address of a change's page, with `{change}` in it. */
  readonly page: string;
  readonly log: Logger;
}

/** Makes the bare repository where there is none. */
export async function createRepository(git: Git, repository: string): Promise<void> {
  if (await isThere(join(repository, 'HEAD'))) return;
  await mkdir(dirname(repository), { recursive: true });
  await git(['init', '--quiet', '--bare', '--template=', repository]);
}

/**
 * Makes a bare repository take `refs/for/<branch>` and tell of pushes. Written anew at every start: the paths of the
 * program move with an upgrade. A hook of the user's is kept and called.
 */
export async function installHooks(git: Git, repository: string, options: HookOptions): Promise<void> {
  const settings = [
    ['receive.procReceiveRefs', 'refs/for'],
    // Nobody but the hooks and the hub writes changes.
    ['receive.hideRefs', 'refs/changes'],
  ] as const;
  for (const [name, value] of settings) {
    const values = await git(['config', '--get-all', name], { repository, accept: [1] });
    if (!values.stdout.split('\n').includes(value)) await git(['config', '--add', name, value], { repository });
  }
  const folder = await hooksFolder(git, repository);
  await mkdir(folder, { recursive: true });
  const { project, receive, page, log } = options;
  await install(join(folder, 'post-receive'), POST_RECEIVE, log);
  const argv = [...receive, project, page].map(quoted).join(' ');
  await install(join(folder, 'proc-receive'), `exec ${argv}\n`, log);
}

// Whoever pushes may not be who owns the file: then the hub sees the push when it looks again by itself.
const POST_RECEIVE = `true 2> /dev/null > ${PUSHED_FILE} || true
users=$0${USERS}
if [ -x "$users" ]; then exec "$users" "$@"; fi
`;

/** Where git looks for hooks: the repository's own `core.hooksPath` moves it. */
async function hooksFolder(git: Git, repository: string): Promise<string> {
  const { stdout } = await git(['config', '--local', '--get', '--type=path', 'core.hooksPath'], {
    repository,
    accept: [1],
  });
  const path = stdout.trim() || 'hooks';
  return isAbsolute(path) ? path : join(repository, path);
}

async function install(path: string, script: string, log: Logger): Promise<void> {
  const content = `#!/bin/sh\n# ${MARK}; a hook that was here before is kept as NAME${USERS} and called by post-receive.\n${script}`;
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (before === content) return;
  if (before !== undefined && !before.includes(MARK)) {
    if (await isThere(path + USERS)) {
      log.warn(`${path} is not ours and ${path}${USERS} is taken: it is left as it is, changes are seen later`);
      return;
    }
    await rename(path, path + USERS);
    log.info(`${path} was there before: kept as ${path}${USERS}`);
  }
  await writeFileAtomic(path, content, 0o755);
  await chmod(path, 0o755);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Lets the hub look, as a push does. */
export const touch = (repository: string): Promise<void> => writeFile(join(repository, PUSHED_FILE), '');
