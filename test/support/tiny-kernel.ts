import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { packageRoot } from '../../core/support/paths.ts';

/** What the kernel needs before it sees its root, a config drive and a network card. */
const MODULES = ['virtio_pci', 'virtio_blk', 'ext4', 'isofs', 'virtio_net'];

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod "$module"; done
for word in $(/bin/busybox cat /proc/cmdline); do
  case $word in root=*) root=$(/bin/busybox findfs "\${word#root=}") ;; esac
done
/bin/busybox mount -t ext4 "$root" /root
for folder in proc sys dev; do /bin/busybox mount --move "/$folder" "/root/$folder"; done
exec /bin/busybox switch_root /root /bin/init
`;

/** busybox's init: what is in /etc/init.d, then a login on the serial line. */
const INITTAB = '::sysinit:/etc/rc\nttyS0::respawn:/bin/getty -L ttyS0 115200 vt100\n';
const RC = '#!/bin/sh\nmount -o remount,rw /\nmkdir -p /run\nfor script in /etc/init.d/S*; do "$script"; done\n';

/**
 * Writes an element that makes a machine of the small root file system: Debian's kernel with the few modules it needs,
 * and busybox's init, root without a password. In seconds, where a distribution's packages take a minute.
 */
export async function makeKernelElement(element: string): Promise<void> {
  const folder = execFileSync('bash', [join(packageRoot, 'test/system/vm/kernel')], { encoding: 'utf8' }).trim();
  const release = basename(folder).replace('linux-image-', '');
  const boot = join(element, 'boot');
  const first = join(element, 'first');
  for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'root'])
    await mkdir(join(first, name), { recursive: true });
  await mkdir(boot);
  await copyFile('/bin/busybox', join(first, 'bin/busybox'));
  let number = 100;
  for (const module of modulesFor(folder, release)) await copyFile(module, join(first, 'modules', `${++number}.ko`));
  await writeScript(join(first, 'init'), INIT);
  execFileSync('sh', ['-c', `find . | cpio --quiet -o -H newc > ${boot}/initrd.img-${release}`], { cwd: first });
  const [kernel = ''] = (await readdir(join(folder, 'boot'))).filter((name) => name.startsWith('vmlinuz-'));
  await copyFile(join(folder, 'boot', kernel), join(boot, kernel));

  await mkdir(join(element, 'extra-data.d'));
  await mkdir(join(element, 'install.d'));
  await writeScript(join(element, 'extra-data.d/10-kernel'), `#!/bin/sh\ncp -r ${boot} "$TMP_HOOKS_PATH/"\n`);
  const install = `#!/bin/sh
set -e
mkdir -p /boot
cp /tmp/in_target.d/boot/* /boot/
printf '${INITTAB.replaceAll('\n', '\\n')}' > /etc/inittab
printf '${RC.replaceAll('\n', '\\n')}' > /etc/rc
chmod 755 /etc/rc
sed -i 's/^root:x:/root::/' /etc/passwd
`;
  await writeScript(join(element, 'install.d/10-kernel'), install);
}

/** Paths of the modules and what they depend on, each once, in the order in which they can be loaded. */
function modulesFor(folder: string, release: string): string[] {
  const lines = MODULES.flatMap((module) =>
    execFileSync('modprobe', ['-d', folder, '-S', release, '--show-depends', module], { encoding: 'utf8' }).split('\n'),
  );
  return [...new Set(lines.flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []))];
}

async function writeScript(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}
