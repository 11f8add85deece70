import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';

/** Something the machine lacks, in words for its owner. */
export interface Lack {
  readonly reason: string;
  readonly advice: string;
}

const isRoot = () => process.getuid?.() === 0;

/**
 * The command that runs `argv` as root of its own mount and process namespace: whatever it mounts or leaves running is
 * gone when it ends, also after a `kill -9`. Without root, ids are mapped to those of /etc/subuid, so that a tree made
 * here keeps its owners, and is readable and removable only from here.
 */
export function inNamespace(argv: readonly string[]): string[] {
  const user = ['--user', '--map-auto', '--map-root-user', '--setuid', '0', '--setgid', '0'];
  return ['unshare', ...(isRoot() ? [] : user), '--mount', '--pid', '--fork', '--kill-child=KILL', '--', ...argv];
}

/** What is missing to make file trees with owners of their own; `undefined` = nothing. */
export async function namespaceLack(): Promise<Lack | undefined> {
  if (isRoot()) return undefined;
  if (!hasProgram('newuidmap')) return lackOf('newuidmap', 'uidmap');
  const { username } = userInfo();
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (
      !text.split('\n').some((line) => line.startsWith(`${username}:`) || line.startsWith(`${process.getuid?.()}:`))
    ) {
      return {
        reason: `${file} has no line for ${username}`,
        advice: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
      };
    }
  }
  return undefined;
}

/** The lack of a program, with the Debian package that brings it. */
export function lackOf(program: string, aptPackage: string): Lack {
  return { reason: `${program} is not installed`, advice: `apt install ${aptPackage}` };
}

/** A PATH that has the system's programs too, which an ordinary user's lacks. */
export const SYSTEM_PATH = [
  ...new Set([
    ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ]),
].join(delimiter);

export function hasProgram(name: string): boolean {
  return SYSTEM_PATH.split(delimiter).some((folder) => existsSync(join(folder, name)));
}
