import { expect, test } from 'vitest';
import { readCommandLine } from '../../../../plugins/ci/images/disk-image-create.ts';

test('takes the line of the guide with its own names', () => {
  const args =
    '-x --no-tmpfs -t vhd fedora-minimal vm devuser simple-init openstack-repos puppet nodepool-base node-devstack';
  const request = readCommandLine(args.split(' '), {
    break: 'after-error',
    TMP_DIR: '/home/me/tmp',
    ELEMENTS_PATH: '/home/me/project-config/nodepool/elements',
    DIB_DEV_USER_PASSWORD: 'password',
    DIB_DEV_USER_PWDLESS_SUDO: '1',
    DISTRO: '23',
    PATH: '/bin',
  });
  expect(request).toMatchObject({
    elements: [
      'fedora-minimal',
      'vm',
      'devuser',
      'simple-init',
      'openstack-repos',
      'puppet',
      'nodepool-base',
      'node-devstack',
    ],
    output: 'image',
    formats: ['vhd'],
    temporary: '/home/me/tmp',
    elementFolders: ['/home/me/project-config/nodepool/elements'],
    breakPoints: 'after-error',
  });
  expect(request.environment).toMatchObject({
    DIB_RELEASE: '23',
    DIB_DEV_USER_PASSWORD: 'password',
    DIB_DEV_USER_PWDLESS_SUDO: '1',
    DIB_DEBUG_TRACE: '1',
  });
});

test('makes several types of one build, at a place without its ending', () => {
  const { formats, output, checksum } = readCommandLine(
    ['-t', 'qcow2,tar', '-o', '/srv/a.qcow2', '--checksum', 'vm'],
    {},
  );
  expect({ formats, output, checksum }).toEqual({ formats: ['qcow2', 'tar'], output: '/srv/a', checksum: true });
});

test('clears the environment on demand', () => {
  const { environment } = readCommandLine(['-c', '-p', 'git,curl', '-p', 'vim', 'vm'], { SECRET: '1', PATH: '/bin' });
  expect(environment).toMatchObject({ PATH: '/bin', DIB_PACKAGES: 'git curl vim' });
  expect(environment).not.toHaveProperty('SECRET');
});

test.each([
  [['-t', 'iso', 'vm'], '-t iso: expected tar, raw, qcow2, vhd'],
  [['-x'], 'no element is named'],
  [['--fast', 'vm'], "Unknown option '--fast'"],
])('refuses %j', (args, message) => {
  expect(() => readCommandLine(args, {})).toThrow(message);
});
