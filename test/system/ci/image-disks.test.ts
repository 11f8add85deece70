import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { distFile } from '../../../core/support/paths.ts';
import { makeRootArchive } from '../../support/ci-image.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { makeKernelElement } from '../../support/tiny-kernel.ts';

const testDisk = testNeeding(
  'root',
  'busybox',
  'qemu-system-x86_64',
  'qemu-img',
  'grub-mkimage',
  'genisoimage',
  'sfdisk',
);

/** Runs the program as people do; answers what it printed on stdout. */
function diskImageCreate(folder: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  return execFileSync(process.execPath, [distFile('cupboard.js'), 'run', 'ci', 'disk-image-create', ...args], {
    cwd: folder,
    env: { ...process.env, CUPBOARD_DATA: folder, TMP_DIR: join(folder, 'tmp'), ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const MAC = '52:54:00:c1:00:07';

async function makeConfigDrive(folder: string): Promise<string> {
  const latest = join(folder, 'drive/openstack/latest');
  await mkdir(latest, { recursive: true });
  const meta = { hostname: 'lamp-7', public_keys: { mine: 'ssh-ed25519 AAAAC3Nz me@home\n' } };
  await writeFile(join(latest, 'meta_data.json'), JSON.stringify(meta));
  const network = {
    links: [{ id: 'tap1', type: 'phy', ethernet_mac_address: MAC.toUpperCase(), mtu: 1500 }],
    networks: [
      {
        link: 'tap1',
        type: 'ipv4',
        ip_address: '10.0.2.15',
        netmask: '255.255.240.0',
        routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.2.2' }],
      },
    ],
    services: [{ type: 'dns', address: '10.0.2.3' }],
  };
  await writeFile(join(latest, 'network_data.json'), JSON.stringify(network, null, 2));
  const drive = join(folder, 'config.iso');
  execFileSync('genisoimage', ['-quiet', '-V', 'config-2', '-R', '-J', '-o', drive, join(folder, 'drive')]);
  return drive;
}

/** Boots a disk, emulated: a KVM inside a virtual machine may open and never run. Answers what its serial line said so far, and types into it. */
function boot(disk: string, drive: string): { console: () => string; type: (text: string) => void } {
  const machine =
    '-nodefaults -no-user-config -no-reboot -display none -machine q35,accel=tcg -cpu max -m 384 -serial stdio';
  const args = [
    ...machine.split(' '),
    ...['-drive', `file=${disk},if=virtio,snapshot=on`],
    ...['-drive', `file=${drive},if=virtio,format=raw,readonly=on`],
    ...['-nic', `user,restrict=on,model=virtio-net-pci,mac=${MAC}`],
  ];
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    qemu.kill('SIGKILL');
    if (qemu.exitCode === null) await once(qemu, 'exit');
  });
  let text = '';
  qemu.stdout.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  return { console: () => text, type: (line) => void qemu.stdin.write(line) };
}

testDisk('boots what it made to a login, with name, keys and address of the config drive', async () => {
  const folder = await temporaryFolder();
  const archive = await makeRootArchive(folder);
  await makeKernelElement(join(folder, 'elements/tiny-kernel'));
  const printed = diskImageCreate(
    folder,
    ['-t', 'qcow2,vhd,tar', '-o', 'tiny', '--checksum', 'rootfs', 'tiny-kernel', 'vm', 'simple-init'],
    {
      ELEMENTS_PATH: join(folder, 'elements'),
      DIB_ROOTFS: archive,
    },
  );
  expect(printed.trim().split('\n')).toEqual(['tiny.qcow2', 'tiny.vhd', 'tiny.tar']);
  execFileSync('sha256sum', ['--check', '--quiet', 'tiny.qcow2.sha256', 'tiny.vhd.sha256', 'tiny.tar.sha256'], {
    cwd: folder,
  });
  const info = (file: string) =>
    JSON.parse(execFileSync('qemu-img', ['info', '--output=json', join(folder, file)], { encoding: 'utf8' }));
  expect(info('tiny.qcow2')).toMatchObject({ format: 'qcow2' });
  expect(info('tiny.vhd')).toMatchObject({ format: 'vpc', 'virtual-size': info('tiny.qcow2')['virtual-size'] });
  // The creator in a VHD's footer: Xen resizes only what its own vhd-util wrote, "tap".
  expect((await readFile(join(folder, 'tiny.vhd'))).subarray(28, 32).toString()).toBe('qem2');

  const { console, type } = boot(join(folder, 'tiny.qcow2'), await makeConfigDrive(folder));

  await waitFor('the login', () => console().includes('lamp-7 login:'), 90);
  expect(console()).toContain('first-boot: eth0 has 10.0.2.15/20');
  expect(console()).toContain('first-boot: keys for root: 1');
  type('root\n');
  await waitFor('the shell', () => /[#$] $/.test(console()), 60);
  type('cat /root/.ssh/authorized_keys; ip route; cat /etc/resolv.conf; grep " / " /proc/mounts; echo DO""NE\n');
  await waitFor('the answers', () => console().includes('DONE'), 60);
  expect(console()).toContain('ssh-ed25519 AAAAC3Nz me@home');
  expect(console()).toContain('default via 10.0.2.2 dev eth0');
  expect(console()).toContain('nameserver 10.0.2.3');
  expect(console()).toMatch(/ \/ ext4 rw/);
});
