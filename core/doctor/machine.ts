import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The oldest Node that runs the hub, and the first major on which its SQLite driver may abort. */
const [OLDEST, ABORTS_FROM] = [[20, 19], 24] as const;

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return problem('node', `Node ${version} is too old`, `install Node ${OLDEST.join('.')} or 22`);
  }
  if (major >= ABORTS_FROM) {
    return warning('node', `the SQLite driver may abort under Node ${version}`, 'install Node 22');
  }
  return ok('node', `Node ${version}`);
}

/** Before this the hub did not exist: a machine without a battery for its clock starts there. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** Is the clock right? Readings are stored under its time, and certificates fail by it. */
export async function checkClock(
  now = Date.now(),
  isSynchronised: () => Promise<boolean | undefined> = synchronised,
): Promise<Finding> {
  const enable = 'timedatectl set-ntp true';
  if (now < EARLIEST) return problem('clock', `it says ${new Date(now).toISOString()}`, enable);
  if ((await isSynchronised()) === false) return warning('clock', 'it is not kept by a time server', enable);
  return ok('clock', new Date(now).toISOString());
}

/** `undefined` where nobody can tell. */
async function synchronised(): Promise<boolean | undefined> {
  const asked = promisify(execFile)('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    timeout: 5000,
  });
  return asked.then(
    ({ stdout }) => stdout.trim() === 'yes',
    () => undefined,
  );
}
