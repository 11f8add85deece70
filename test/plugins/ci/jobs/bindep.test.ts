import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../support/hub.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../../../plugins/ci/jobs/shipped/bindep.sh', import.meta.url));
const PLATFORMS = {
  debian: 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
  ubuntu: 'ID=ubuntu\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\n',
  fedora: 'ID=fedora\nVERSION_ID=40\nVERSION_CODENAME=""\n',
  centos: 'ID="centos"\nVERSION_ID="9"\n',
  raspbian: 'ID=raspbian\nVERSION_ID="12"\n',
};

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs shell commands where `bindep` is known, in a folder with the files given. */
async function shell(commands: string, files: Record<string, string>, platform: keyof typeof PLATFORMS = 'debian') {
  const folder = await temporaryFolder();
  const osRelease = join(folder, '.os-release');
  await writeFile(osRelease, PLATFORMS[platform]);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const env = { ...process.env, BINDEP_OS_RELEASE: osRelease };
  return run('sh', ['-c', `. ${SCRIPT}\n${commands}`], { cwd: folder, env }).then(
    ({ stdout, stderr }): Answer => ({ code: 0, stdout, stderr }),
    (error: Answer) => error,
  );
}

/** Whether the one line counts with each of several command lines. */
async function counts(line: string, profiles: readonly string[], platform?: keyof typeof PLATFORMS): Promise<string> {
  const commands = profiles.map((each) => `bindep -l newline ${each} | grep -q . && echo yes || echo no`).join('\n');
  const { stdout } = await shell(commands, { 'bindep.txt': `${line}\n` }, platform);
  return stdout.trim().split('\n').join(' ');
}

const WAYS = ['', 'test', 'foo', 'test foo', 'default'];

test.each<[string, string, keyof typeof PLATFORMS | undefined]>([
  ['pkg', 'yes yes yes yes yes', undefined],
  ['pkg [default]', 'yes no no no yes', undefined],
  ['pkg [test]', 'no yes no yes no', undefined],
  ['pkg [!foo]', 'yes yes no no yes', undefined],
  ['pkg [test foo]', 'no yes yes yes no', undefined],
  ['pkg [test !foo]', 'no yes no no no', undefined],
  ['pkg [platform:dpkg test !foo]', 'no yes no no no', 'debian'],
  ['pkg [platform:dpkg test !foo]', 'no no no no no', 'fedora'],
  ['pkg [platform:rpm]', 'no no no no no', 'debian'],
  ['pkg [platform:rpm]', 'yes yes yes yes yes', 'centos'],
  ['pkg [platform:rpm platform:ubuntu-22.04]', 'yes yes yes yes yes', 'ubuntu'],
  ['pkg [!platform:ubuntu-jammy]', 'no no no no no', 'ubuntu'],
  ['pkg [!platform:rpm test]', 'no yes no yes no', 'ubuntu'],
  ['pkg [platform:debian-bookworm !platform:debian-12]', 'no no no no no', 'debian'],
  ['pkg [(test foo)]', 'no no no yes no', undefined],
  ['pkg [(test !foo)]', 'no yes no no no', undefined],
  ['pkg [default (test foo)]', 'yes no no yes yes', undefined],
  ['pkg [!foo (test foo)]', 'no no no no no', undefined],
  ['pkg [(test platform:dpkg)]', 'no yes no yes no', 'debian'],
])('%s: with no profile, test, foo, both, default: %s', async (line, expected, platform) => {
  expect(await counts(line, WAYS, platform)).toBe(expected);
});

test('a group stands beside single profiles: test OR (ceph AND glance AND NOT lvm)', async () => {
  const ways = ['', 'test', 'ceph', 'ceph glance', 'ceph glance lvm', 'ceph glance lvm test'];
  expect(await counts('pkg [test (ceph glance !lvm)]', ways)).toBe('no yes no yes no yes');
});

test.each([
  ['a tab', 'pkg\t[test]'],
  ['a name of one letter', 'a'],
  ['a name that begins with a sign', '-rf'],
  ['an upper-case profile', 'pkg [Test]'],
  ['an empty selector', 'pkg []'],
  ['spaces inside the brackets', 'pkg [ test ]'],
  ['an open group', 'pkg [(test foo]'],
  ['a group in a group', 'pkg [(test (foo bar))]'],
  ['no space before the selector', 'pkg[test]'],
  ['spaces between versions', 'pkg >=1, <2'],
  ['an unknown operator', 'pkg =1'],
  ['a version without a digit', 'pkg >=a'],
  ['two selectors', 'pkg [test] [foo]'],
])('%s is an error that names its line', async (_what, line) => {
  const { code, stderr } = await shell('bindep', { 'bindep.txt': `# first\n${line}\n` });
  expect([code, stderr]).toEqual([1, `2: not understood: ${line}\n`]);
});

test('comments, empty lines, names with every sign, and a last line without its end are read', async () => {
  const text = '# top\n\n   \nlibstdc++6 # why\ng++-12/x_y.z [platform:dpkg] >=1:2~rc1-3,<9 # more\nlast';
  const { stdout } = await shell('bindep -l newline; bindep -l csv', { 'bindep.txt': text });
  expect(stdout).toBe('g++-12/x_y.z\nlast\nlibstdc++6\ng++-12/x_y.z,last,libstdc++6\n');
});

test('profiles lists the platform and what the file mentions', async () => {
  const text = 'pkg [platform:rpm test (ceph !lvm)]\n';
  const { stdout } = await shell('bindep --profiles', { 'bindep.txt': text }, 'ubuntu');
  const platform = ['ubuntu', 'ubuntu-22', 'ubuntu-22.04', 'ubuntu-jammy', 'dpkg']
    .map((name) => `platform:${name}`)
    .sort();
  expect(stdout.split('\n')).toEqual([
    'Platform profiles:',
    ...platform,
    '',
    'Configuration profiles:',
    'ceph',
    'default',
    'lvm',
    'test',
    '',
  ]);
});

test.each<[Record<string, string>, keyof typeof PLATFORMS, string]>([
  [{}, 'debian', 'bindep: neither bindep.txt nor other-requirements.txt is here\n'],
  [
    { 'bindep.txt': '', 'other-requirements.txt': '' },
    'debian',
    'bindep: both bindep.txt and other-requirements.txt are here\n',
  ],
  [{ 'bindep.txt': '' }, 'raspbian', 'bindep: no package manager is known for raspbian\n'],
])('%j on %s: error', async (files, platform, expected) => {
  const { code, stderr } = await shell('bindep', files, platform);
  expect([code, stderr]).toEqual([1, expected]);
});

/** What dpkg knows: one package that is installed and one that was removed but for its settings. */
const DPKG = ['there install ok installed 1:2.0-1', 'removed deinstall ok config-files 1.0']
  .map((line) => /^(\S+) (\S+ \S+ \S+) (\S+)$/.exec(line) ?? [])
  .map(([, name, status, version]) =>
    [
      `Package: ${name}`,
      `Status: ${status}`,
      `Version: ${version}`,
      'Architecture: all',
      'Maintainer: a',
      'Description: b',
    ].join('\n'),
  )
  .join('\n\n');
const withDpkg = (command: string, rules: string) =>
  shell(`export DPKG_ADMINDIR=$PWD; mkdir info updates; ${command}`, { 'bindep.txt': rules, status: `${DPKG}\n` });

test.each([
  ['there', '', 0],
  ['there >=1:1.9,<1:2.0-2', '', 0],
  ['removed', 'removed\n', 1],
  ['absent >=1', 'absent\n', 1],
  ['there >=1:3', '', 1],
  ['zebra\nabsent\nthere', 'absent\nzebra\n', 1],
])('%j: brief output %j, exit status %i', async (rules, stdout, code) => {
  const answer = await withDpkg('bindep -b', `${rules}\n`);
  expect([answer.stdout, answer.code]).toEqual([stdout, code]);
});

test('in full, what is missing and what is of a wrong version is told', async () => {
  const answer = await withDpkg('bindep', 'there >=1:3\nabsent\n');
  expect(answer.stdout).toBe(
    'Missing packages:\n    absent\nBad versions of installed packages:\n    there version 1:2.0-1 does not match >=1:3\n',
  );
});

test('versions are ordered as dpkg orders them', async () => {
  const signs = fc.constantFrom(...'0123459aAzZ.+~'.split(''));
  const version = fc
    .tuple(
      fc.constantFrom('', '0:', '1:', '12:'),
      fc.array(signs, { maxLength: 6 }),
      fc.constantFrom('', '-0', '-1', '-1~b', '-2a.1'),
    )
    .map(([epoch, upstream, revision]) => `${epoch}0${upstream.join('')}${revision}`);
  const pairs = fc.sample(fc.tuple(version, version), { numRuns: 300, seed: 7 });
  const operators = ['<', '<=', '>', '>='] as const;
  const dpkgNames = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' };
  const asked = pairs.map(([a, b], index) => [a, b, operators[index % operators.length] ?? '<'] as const);
  // Both sides print the numbers of the comparisons that do not hold.
  const ours = asked.map(([a, b, operator], index) => `${index} ${operator}${b} ${a}\n`);
  const theirs = asked.map(
    ([a, b, operator], index) => `dpkg --compare-versions ${a} ${dpkgNames[operator]} ${b} || echo ${index}`,
  );
  const { stdout } = await shell("bindep_awk versions ours | cut -d ' ' -f 1", { ours: ours.join('') });
  expect(stdout).toBe((await shell(theirs.join('\n'), {})).stdout);
});
