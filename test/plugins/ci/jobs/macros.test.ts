import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { build, shipped } from './bed.ts';

const run = promisify(execFile);
const macros = ['install-distro-packages', 'mysql', 'postgresql'];
const jobs = macros.map((name) => `{name: ${name}, node: bookworm, builders: [${name}]}`).join(', ');

test.each(macros)('the macro %s is one script that sh can read', async (name) => {
  const [step, ...others] = build(`jobs: [${jobs}]`).layout.jobs.get(name)?.body ?? [];
  expect([step?.name, others]).toEqual([name, []]);
  expect(step?.shell).toMatch(/^#!\/bin\/sh\n/);
  await run('sh', ['-n', '-c', step?.shell ?? '']);
});

interface Root {
  /** Folder of the small system that packages are installed in. */
  readonly root: string;
  /** Where the packages are published. */
  readonly mirror: string;
  readonly archives: string;
  install(bindep: string, environment?: Record<string, string>): Promise<{ code: number; output: string }>;
  isInstalled(name: string): Promise<boolean>;
}

/** A system of apt's and dpkg's own in a folder, with a mirror of the packages `one` and `two` (which needs `one`). */
async function makeRoot(): Promise<Root> {
  const folder = await temporaryFolder();
  const [root, mirror, workspace] = [join(folder, 'root'), join(folder, 'mirror'), join(folder, 'workspace')];
  const admin = join(root, 'var/lib/dpkg');
  const folders = [workspace, mirror, `${admin}/info`, `${admin}/updates`, `${admin}/triggers`];
  const ofApt = [
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/log/apt',
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
  ];
  for (const each of [...folders, ...ofApt.map((path) => join(root, path))]) await mkdir(each, { recursive: true });
  await writeFile(join(admin, 'status'), '');
  await writeFile(join(root, 'etc/apt/sources.list'), `deb [trusted=yes] copy:${mirror} ./\n`);
  const index = [await makePackage(mirror, 'one', ''), await makePackage(mirror, 'two', 'Depends: one\n')];
  await writeFile(join(mirror, 'Packages'), index.join('\n'));
  const config = join(folder, 'apt.conf');
  await writeFile(
    config,
    `Dir "${root}"; Dir::State::status "${admin}/status"; APT::Sandbox::User ""; APT::Architecture "amd64";
DPkg::Options { "--root=${root}"; "--force-not-root"; "--force-script-chrootless"; "--log=/dev/null"; };\n`,
  );
  const env = { ...process.env, APT_CONFIG: config, DPKG_ADMINDIR: admin };
  const texts = ['bindep.sh', 'packages.sh', 'install-distro-packages.sh'].map((file) => shipped.get(file) ?? '');
  // The system in the folder needs neither root nor a machine that keeps its services from starting.
  texts.splice(2, 0, 'as_root() { "$@"; }\nwithout_services() { "$@"; }');
  const install: Root['install'] = async (bindep, environment = {}) => {
    await writeFile(join(workspace, 'bindep.txt'), bindep);
    return run('sh', ['-c', texts.join('\n')], { cwd: workspace, env: { ...env, ...environment } }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        output: stdout + stderr,
      }),
    );
  };
  await run('apt-get', ['update'], { env });
  return {
    root,
    mirror,
    archives: join(root, 'var/cache/apt/archives'),
    install,
    isInstalled: async (name) => (await readFile(join(root, 'opt', name), 'utf8').catch(() => '')) === name,
  };
}

/** Makes a package with the file /opt/NAME; answers its entry of the mirror's index. */
async function makePackage(mirror: string, name: string, fields: string): Promise<string> {
  const tree = await temporaryFolder();
  await mkdir(join(tree, 'DEBIAN'));
  await mkdir(join(tree, 'opt'));
  await writeFile(join(tree, 'opt', name), name);
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@example.org>\n${fields}Description: b\n`;
  await writeFile(join(tree, 'DEBIAN/control'), control);
  const file = join(mirror, `${name}_1.0_all.deb`);
  await run('dpkg-deb', ['-Znone', '--build', tree, file]);
  const bytes = await readFile(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return `${control}Filename: ./${name}_1.0_all.deb\nSize: ${bytes.length}\nSHA256: ${sha256}\n`;
}

testNeeding('apt-get', 'dpkg-deb')('what the image has pre-downloaded is installed without the mirror', async () => {
  const { install, isInstalled, mirror, archives } = await makeRoot();
  for (const file of ['one_1.0_all.deb', 'two_1.0_all.deb']) await copyFile(join(mirror, file), join(archives, file));
  await rm(mirror, { recursive: true });
  const { code, output } = await install('two [platform:dpkg]\nnot-for-here [platform:rpm]\nthree [test]\n');
  expect(output).not.toContain('asking the network');
  expect([code, await isInstalled('one'), await isInstalled('two')]).toEqual([0, true, true]);
});

testNeeding('apt-get', 'dpkg-deb')(
  'what it has not comes from the mirror, and what is there is left alone',
  async () => {
    const { install, isInstalled, mirror } = await makeRoot();
    const first = await install('one\ntwo [more]\n');
    expect(first.output).toContain('asking the network');
    expect([first.code, await isInstalled('one'), await isInstalled('two')]).toEqual([0, true, false]);
    expect((await install('one\ntwo [more]\n', { BINDEP_PROFILES: 'more' })).code).toBe(0);
    expect(await isInstalled('two')).toBe(true);
    await rm(mirror, { recursive: true });
    expect(await install('one >=1.0\ntwo\n')).toEqual({ code: 0, output: '' });
    const old = await install('one >=2\n');
    expect([old.code, old.output]).toEqual([
      1,
      'Bad versions of installed packages:\n    one version 1.0 does not match >=2\n',
    ]);
  },
);

testNeeding('apt-get', 'dpkg-deb')('a package that is nowhere, or a file that is wrong, fails the job', async () => {
  const { install } = await makeRoot();
  const nowhere = await install('three\n');
  expect([nowhere.code === 0, nowhere.output]).toEqual([
    false,
    expect.stringContaining('Unable to locate package three'),
  ]);
  expect(await install('one [\n')).toMatchObject({ code: 1, output: '1: not understood: one [\n' });
});
