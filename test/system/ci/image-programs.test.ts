import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { distFile } from '../../../core/support/paths.ts';
import { makeRootArchive } from '../../support/ci-image.ts';
import { startHub, temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { onTerminal } from '../../support/terminal-program.ts';

async function writeScript(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

testNeeding(
  'root',
  'busybox',
  'socat',
)('opens a shell inside the tree, on the terminal of who builds, where break= says', async () => {
  const folder = await temporaryFolder();
  const rootfs = await makeRootArchive(folder);
  await writeScript(join(folder, 'elements/broken/install.d/10-broken'), '#!/bin/sh\ntest -e /mended\n');
  const image = { rootfs, elements: ['broken'], cron: false };
  const config = { plugins: { ci: { elements: [join(folder, 'elements')], images: { tiny: image } } } };
  await writeFile(join(folder, 'cupboard.yaml'), JSON.stringify(config));

  const terminal = onTerminal([process.execPath, distFile('cupboard.js'), 'run', 'ci', 'build-image', 'tiny'], {
    ...process.env,
    CUPBOARD_DATA: folder,
    break: 'before-install,after-error',
  });

  await waitFor('the first shell', () => /before-install: a shell[\s\S]*[#$] $/.test(terminal.text()), 30);
  await terminal.type('echo here: $(pwd) $(ls /tmp/in_target.d/install.d) $(tty)\n');
  await waitFor('its answer', () => terminal.text().includes('here: / 05-packages 10-broken /dev/tty'));
  await terminal.type('exit\n');
  await waitFor('the second shell', () => /after-error: a shell[\s\S]*[#$] $/.test(terminal.text()), 30);
  await terminal.type('exit 1\n');
  expect(await terminal.exited).toBe(1);
  expect(terminal.text()).toContain('install.d/10-broken failed with status 1');
});

testNeeding(
  'root',
  'mmdebstrap',
  'bwrap',
)('makes a Debian with a user, cached repositories and packages, and runs a job in it', async () => {
  const lamp = join(await temporaryFolder(), 'lamp');
  execFileSync('git', ['init', '--quiet', lamp]);
  await writeFile(join(lamp, 'bindep.txt'), 'hello [platform:dpkg]\nno-such-package [platform:rpm]\nbash\n');
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', lamp, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  git('add', '.');
  git('commit', '--quiet', '--message', 'Say what it needs');
  const image = {
    suite: 'bookworm',
    elements: ['devuser', 'cache-bindep'],
    environment: {
      DIB_DEV_USER_PASSWORD: 'open sesame',
      DIB_DEV_USER_USERNAME: 'anna',
      DIB_GIT_REPOSITORIES: lamp,
    },
    smoke: 'apt-get --version && su anna -c id',
  };
  const hub = await startHub({ config: { plugins: { ci: { images: { bookworm: image } } } } });
  const jobs = {
    jobs: [{ name: 'ok', node: 'bookworm', timeout: 60, run: 'echo hello from $(. /etc/os-release; echo $ID)' }],
  };
  await mkdir(join(hub.dataDir, 'ci'), { recursive: true });
  await writeFile(join(hub.dataDir, 'ci/x.yaml'), JSON.stringify(jobs));
  const command = <T>(name: string, args: object) =>
    hub.api<T>('POST', `/api/v1/plugins/ci/commands/${name}`, args).then(({ body }) => body);

  const built = await command<{ ok: boolean; build: string }>('build-image', { image: 'bookworm', wait: true });

  expect(built).toMatchObject({ ok: true, state: 'ready' });
  const root = join(hub.dataDir, 'plugin-data/ci/images', built.build, 'root');
  expect(await readFile(join(root, 'etc/shadow'), 'utf8')).toMatch(/^anna:\$/m);
  const archives = await readdir(join(root, 'var/cache/apt/archives'));
  expect(archives.filter((name) => name.endsWith('.deb'))).toEqual([expect.stringMatching(/^hello_/)]);
  expect(existsSync(join(root, 'usr/bin/hello'))).toBe(false);
  expect(existsSync(join(root, 'opt/git/lamp/HEAD'))).toBe(true);
  const { body: log } = await hub.api<string>('GET', `/plugins/ci/images/${built.build}/log`);
  expect(log).toContain('uid=1000(anna)');
  expect(log).not.toContain('open sesame');
  await waitFor('the job to be known', async () => (await command<{ ok: boolean }>('validate', {})).ok);
  const ran = await command<{ result: string; build: string }>('run', { job: 'ok', wait: true });
  expect(ran).toMatchObject({ ok: true, result: 'SUCCESS' });
  expect(JSON.stringify(await command('log', { build: ran.build }))).toContain('hello from debian');
});
