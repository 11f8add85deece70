import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { distFile } from '../../../core/support/paths.ts';
import { makeRootFileSystem } from '../../support/ci-image.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

/** An rpm package with the files of a folder, as Fedora's builders would make it. */
async function buildPackage(folder: string, name: string, files: string): Promise<void> {
  const spec = join(folder, `${name}.spec`);
  await writeFile(
    spec,
    `Name: ${name}
Version: 1
Release: 1
Summary: Part of a tiny distribution
License: MIT
AutoReqProv: no
%description
A test's own.
%install
cp -a ${files}/. %{buildroot}/
%files
/*
`,
  );
  const quiet = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
  execFileSync(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${folder}/rpmbuild`,
      '--define',
      `_rpmdir ${folder}/repo`,
      '--define',
      '__strip /bin/true',
      '--define',
      '__os_install_post %{nil}',
      spec,
    ],
    quiet,
  );
}

const testRpm = testNeeding('root', 'busybox', 'dnf', 'rpmbuild', 'createrepo_c');

testRpm('fills an empty tree with the packages of an rpm repository, for Fedora and for CentOS', async () => {
  const folder = await temporaryFolder();
  await makeRootFileSystem(join(folder, 'base'));
  await buildPackage(folder, 'tiny-base', join(folder, 'base'));
  await mkdir(join(folder, 'extra/opt'), { recursive: true });
  await writeFile(join(folder, 'extra/opt/extra'), 'installed\n');
  await buildPackage(folder, 'tiny-extra', join(folder, 'extra'));
  execFileSync('createrepo_c', ['--quiet', join(folder, 'repo')]);
  await writeFile(
    join(folder, 'tiny.repo'),
    `[tiny]\nname=tiny\nbaseurl=file://${folder}/repo\nenabled=1\ngpgcheck=0\n`,
  );
  const element = join(folder, 'elements/look');
  await mkdir(join(element, 'pre-install.d'), { recursive: true });
  await writeFile(join(element, 'pre-install.d/10-look'), '#!/bin/sh\necho "$DISTRO_NAME $DIB_RELEASE" > /which\n');
  await chmod(join(element, 'pre-install.d/10-look'), 0o755);

  const build = (root: string, env: NodeJS.ProcessEnv) =>
    execFileSync(
      process.execPath,
      [distFile('cupboard.js'), 'run', 'ci', 'disk-image-create', '-t', 'tar', '-o', root, root, 'look'],
      {
        cwd: folder,
        env: {
          ...process.env,
          CUPBOARD_DATA: folder,
          TMP_DIR: folder,
          ELEMENTS_PATH: join(folder, 'elements'),
          DIB_YUM_REPO_CONF: join(folder, 'tiny.repo'),
          DIB_YUM_MINIMAL_PACKAGES: 'tiny-base tiny-extra',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  const inside = (root: string, file: string) =>
    execFileSync('tar', ['-xOf', join(folder, `${root}.tar`), `./${file}`], { encoding: 'utf8' });

  // The guide's own way to say Fedora 23.
  build('fedora-minimal', { DISTRO: '23' });
  expect(inside('fedora-minimal', 'opt/extra')).toBe('installed\n');
  expect(inside('fedora-minimal', 'which')).toBe('fedora 23\n');
  expect(inside('fedora-minimal', 'etc/yum.repos.d/image.repo')).toBe(
    await readFile(join(folder, 'tiny.repo'), 'utf8'),
  );
  build('centos-minimal', { DIB_RELEASE: '9-stream' });
  expect(inside('centos-minimal', 'which')).toBe('centos 9-stream\n');
  expect(() => build('fedora-minimal', { DIB_YUM_MINIMAL_PACKAGES: 'no-such-package' })).toThrow(/no-such-package/);
});
