import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Manifest, Needs, PluginRow } from '../plugins/contract.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const run = promisify(execFile);
const UDEV_FOLDERS = ['/etc/udev/rules.d', '/lib/udev/rules.d'];

/** What this machine and user lack of what a configured plugin needs. */
export async function checkNeeds(id: string, { needs, aptPackages }: Manifest): Promise<readonly Finding[]> {
  const lacks = [
    ...(await lackingPackages(id, aptPackages)),
    ...(await lackingGroups(id, needs)),
    ...(await lackingRules(id, needs)),
  ];
  return lacks.length > 0 ? lacks : [ok(id, 'has what it needs')];
}

async function lackingPackages(id: string, packages: readonly string[]): Promise<Finding[]> {
  if (packages.length === 0) return [];
  // It fails when any is unknown, and prints the others all the same.
  const { stdout } = await run('dpkg-query', [
    '--show',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
    '--showformat=${db:Status-Status} ${Package}\n',
    ...packages,
  ]).catch((error: { stdout?: string }) => ({ stdout: error.stdout }));
  if (stdout === undefined) return []; // not a Debian: nobody can tell
  const missing = packages.filter((name) => !stdout.includes(`installed ${name}\n`));
  if (missing.length === 0) return [];
  return [
    warning(
      id,
      `packages it may need are not installed: ${missing.join(', ')}`,
      `apt-get install ${missing.join(' ')}`,
    ),
  ];
}

/** Root needs no group. */
async function lackingGroups(id: string, { groups }: Needs): Promise<Finding[]> {
  if (groups.length === 0 || process.getuid?.() === 0) return [];
  const names = (await run('id', ['--groups', '--name'])).stdout.trim().split(' ');
  const missing = groups.filter((group) => !names.includes(group));
  const user = (await run('id', ['--user', '--name'])).stdout.trim();
  return missing.map((group) =>
    problem(id, `${user} is not in the group ${group}`, `adduser ${user} ${group}, then log in again`),
  );
}

/** Root needs no rule that lets others in. */
async function lackingRules(id: string, { udev }: Needs): Promise<Finding[]> {
  if (udev.length === 0 || process.getuid?.() === 0) return [];
  const texts = await Promise.all(UDEV_FOLDERS.map(readRules));
  const missing = udev.filter((rule) => !texts.some((text) => text.includes(rule)));
  if (missing.length === 0) return [];
  const file = `/etc/udev/rules.d/60-cupboard-${id}.rules`;
  return [problem(id, 'udev rules for its devices are missing', `put into ${file}:\n${missing.join('\n')}`)];
}

async function readRules(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.rules'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return texts.join('\n');
}

const BAD_STATES = ['crashed', 'hung', 'incompatible', 'invalid', 'restarting'];

/** What a running hub says of its plugins. */
export function checkStates(rows: readonly PluginRow[]): readonly Finding[] {
  return rows
    .filter(({ state }) => state === 'waiting' || BAD_STATES.includes(state))
    .map(({ id, state, reason, advice }) =>
      (state === 'waiting' ? warning : problem)(id, [state, reason].filter(Boolean).join(': '), advice),
    );
}

/** The devices of serial consoles and HID that are there but closed to this user. */
export async function checkDevices(folder = '/dev'): Promise<readonly Finding[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^(hidraw|ttyUSB|ttyACM)\d+$/.test(name));
  const closed = await Promise.all(
    names.map((name) =>
      access(join(folder, name), 6).then(
        () => [],
        () => [
          warning(join(folder, name), 'this user may not open it', `ls -l ${join(folder, name)}; adduser USER GROUP`),
        ],
      ),
    ),
  );
  return closed.flat();
}
