import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, HubError } from '../support/errors.ts';
import { DROP_IN_FOLDER, renderService, type ServicePlan, UNIT, UNIT_FILE } from './unit.ts';

const run = promisify(execFile);

/**
 * Makes the hub a systemd service under its own user, and starts it.
 * @returns the files written
 * @throws HubError `service_not_root` | `service_no_systemd` | `service_unreadable`
 */
export async function installService(plan: ServicePlan): Promise<readonly string[]> {
  checkSystem();
  await makeUser(plan);
  const files = await writeService(plan, '/');
  await run('chown', ['--recursive', `${plan.user}:`, plan.dataDir]);
  await checkReadable(plan);
  await run('systemctl', ['daemon-reload']);
  await run('udevadm', ['control', '--reload']).catch(() => undefined); // no udev, no devices
  await run('systemctl', ['enable', '--now', UNIT]);
  return files;
}

/** Stops the service and removes its files. The data directory and the user stay. @returns the files removed */
export async function uninstallService(): Promise<readonly string[]> {
  checkSystem();
  await run('systemctl', ['disable', '--now', UNIT]).catch(() => undefined); // it was not installed, or is stopped
  const removed = await removeService('/');
  await run('systemctl', ['daemon-reload']);
  return removed;
}

/** Writes the service's files below `root`, which is `/` but for looking at them. */
export async function writeService(plan: ServicePlan, root: string): Promise<readonly string[]> {
  await removeService(root); // a plugin that was configured before may have left rules
  const files = Object.entries(renderService(plan)).map(([path, text]) => [join(root, path), text] as const);
  for (const [path, text] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await chmod(path, 0o644);
  }
  return files.map(([path]) => path);
}

async function removeService(root: string): Promise<readonly string[]> {
  const folders = ['/etc/udev/rules.d', '/etc/polkit-1/rules.d'].map((folder) => join(root, folder));
  const rules = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder).catch(() => []))
        .filter((name) => /^60-cupboard-.+\.rules$/.test(name))
        .map((name) => join(folder, name)),
    ),
  );
  const paths = [...rules.flat(), join(root, UNIT_FILE), join(root, DROP_IN_FOLDER)].filter((path) => existsSync(path));
  for (const path of paths) await rm(path, { recursive: true });
  return paths;
}

function checkSystem(): void {
  if (process.getuid?.() !== 0)
    throw new HubError('service_not_root', 'only root can do this: sudo cupboard service ...');
  if (!existsSync('/run/systemd/system')) {
    throw new HubError(
      'service_no_systemd',
      'systemd does not run here: have your own supervisor run `cupboard start`, or look at the unit with --print',
    );
  }
}

async function makeUser({ user, dataDir }: ServicePlan): Promise<void> {
  const exists = await run('id', [user]).then(
    () => true,
    () => false,
  );
  if (exists) return;
  await run('useradd', ['--system', '--user-group', '--home-dir', dataDir, '--shell', '/usr/sbin/nologin', user]);
}

/** A checkout in somebody's home is closed to the service's user; systemd would say only that it failed. */
async function checkReadable({ user, node, cupboard }: ServicePlan): Promise<void> {
  for (const path of [node, cupboard]) {
    await run('runuser', ['--user', user, '--', 'test', '-r', path]).catch((error) => {
      throw new HubError(
        'service_unreadable',
        `the user ${user} cannot read ${path}: install ${basename(path)} where everybody may, such as below /opt (${errorText(error)})`,
      );
    });
  }
}
