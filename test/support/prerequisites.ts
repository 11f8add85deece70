import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';

/**
 * `test` for something not every machine has: `root` or a program. What is missing fails the test under CI=true and
 * skips it, named, elsewhere.
 * @example testNeeding('root', 'sqlite3')('reads the views', async () => { ... })
 */
export function testNeeding(...needs: readonly string[]) {
  const missing = needs.filter((need) => (need === 'root' ? process.getuid?.() !== 0 : !isProgram(need)));
  return (name: string, run: () => Promise<void>): void => {
    if (missing.length === 0) {
      test(name, run);
    } else if (process.env['CI'] === 'true') {
      test(name, () => {
        throw new Error(`this machine lacks ${missing.join(', ')}: test/system/packages.sh installs the packages`);
      });
    } else {
      test.skip(`${name} (needs ${missing.join(', ')})`, run);
    }
  };
}

function isProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, name)));
}
