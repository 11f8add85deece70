import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/hub.ts';
import { NOON, openArchive, readRows } from './support.ts';

const feeder = fileURLToPath(new URL('feeder.ts', import.meta.url));
const ROUNDS = 3;

/** Runs the feeder until it has committed something and then killed at a random moment; answers what it had committed. */
async function feedAndKill(file: string, first: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', feeder, file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child.stdout, 'data');
  // The next commits begin about a second later: around them is where something can break.
  await pause(700 + Math.random() * 600);
  child.kill('SIGKILL');
  await ended;
  return Number(output.trimEnd().split('\n').at(-1));
}

test('kill -9 at any moment loses nothing committed and leaves no half of a batch', async () => {
  const file = join(await temporaryFolder(), 'recorder.db');
  let count = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const committed = await feedAndKill(file, count);
    const { archive } = await openArchive({ file });
    archive.close();
    const [raw] = readRows<{ count: number; last: number }>(
      file,
      'SELECT count(*) AS count, max(epoch_ms) AS last FROM readings',
    );
    expect(raw?.count).toBeGreaterThanOrEqual(committed);
    count = raw?.count ?? 0;
    expect(raw?.last).toBe(NOON + count - 1);
    for (const table of ['five_minutes', 'hours', 'days']) {
      expect(
        readRows(file, `SELECT sum(count) AS count, max(max) AS max, sum(change) AS change FROM ${table}`),
      ).toEqual([{ count, max: count - 1, change: count - 1 }]);
    }
    expect(readRows(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  }
});
