import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { automaticBackups, timeOf } from '../backup/automatic.ts';
import { contentsOf } from '../backup/contents.ts';
import { secretsExposure } from '../config/secrets.ts';
import { freeBytes, LOW_BYTES } from '../support/disk.ts';
import { errorText } from '../support/errors.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Disk, secrets, databases, what was set aside, and backups of a data directory. */
export async function checkData(dataDir: string, keptBackups: number, now = Date.now()): Promise<readonly Finding[]> {
  return [
    await checkDisk(dataDir),
    ...(await checkSecrets(dataDir)),
    ...(await checkDatabases(dataDir)),
    ...(await checkSetAside(dataDir)),
    await checkBackups(dataDir, keptBackups, now),
  ];
}

async function checkDisk(dataDir: string): Promise<Finding> {
  const free = await freeBytes(dataDir);
  const said = `${Math.floor(free / 1e6)} MB free for ${dataDir}`;
  return free < LOW_BYTES ? problem('disk', `only ${said}`, 'make room: cupboard where') : ok('disk', said);
}

async function checkSecrets(dataDir: string): Promise<Finding[]> {
  const path = join(dataDir, 'secrets.yaml');
  const exposure = await secretsExposure(path);
  return exposure === undefined ? [] : [problem('secrets.yaml', 'others can read it', `chmod 600 ${path}`)];
}

async function checkDatabases(dataDir: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { path, kind } of contentsOf(dataDir)) {
    if (kind === 'database') findings.push(checkDatabase(dataDir, path));
  }
  return findings;
}

function checkDatabase(dataDir: string, path: string): Finding {
  const restore = 'stop the hub, then cupboard restore FILE; automatic backups lie in backups/';
  try {
    const database = new Database(join(dataDir, path), { readonly: true, timeout: 5000 });
    try {
      const verdict = String(database.pragma('quick_check(1)', { simple: true }));
      return verdict === 'ok' ? ok(path, 'sound') : problem(path, `damaged: ${verdict}`, restore);
    } finally {
      database.close();
    }
  } catch (error) {
    return problem(path, `cannot be read: ${errorText(error)}`, restore);
  }
}

/** What the hub or a restore moved aside, and nobody looked at since. */
async function checkSetAside(dataDir: string): Promise<Finding[]> {
  const names = (await readdir(dataDir)).filter((name) => /\.(damaged|corrupt)-|^replaced-/.test(name));
  return names.map((name) =>
    warning(name, 'was set aside', `remove it when nothing of it is missed: rm -r ${join(dataDir, name)}`),
  );
}

const LATE_MS = 2 * 24 * 3600 * 1000;

async function checkBackups(dataDir: string, kept: number, now: number): Promise<Finding> {
  if (kept === 0) return warning('backups', 'automatic backups are off', 'set backup.keep in cupboard.yaml');
  const [newest] = await automaticBackups(dataDir);
  if (newest === undefined) return warning('backups', 'none yet', 'cupboard backup FILE');
  return now - timeOf(newest) > LATE_MS
    ? warning('backups', `the newest is ${newest}`, 'see why in logs/hub.log, or cupboard backup FILE')
    : ok('backups', newest);
}
