import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test("passes the suite that ships with aedes' persistence interface, over real SQLite files", () => {
  const suite = fileURLToPath(new URL('persistence-suite.ts', import.meta.url));
  const run = spawnSync(process.execPath, ['--import', 'tsx', '--test', '--test-reporter', 'tap', suite], {
    encoding: 'utf8',
    timeout: 100_000,
  });
  expect(run.error).toBeUndefined();
  expect(run.stdout.match(/^not ok.*/gm) ?? []).toEqual([]);
  expect(Number(/^# pass (\d+)/m.exec(run.stdout)?.[1])).toBeGreaterThanOrEqual(48);
  expect(run.status).toBe(0);
}, 120_000);
