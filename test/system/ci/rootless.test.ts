import { execFile, execFileSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { BuildOutcome } from '../../../plugins/ci/contract.ts';
import { quote } from '../../../plugins/ci/nodes/channel.ts';
import { bundle } from '../../support/ci-bundle.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const steps = (...scripts: string[]) => scripts.map((shell, index) => ({ name: `step${index}`, shell }));

/** Runs jobs as nobody, whom the test gives subordinate ids in a mount namespace of its own. */
async function runAsNobody(jobs: readonly object[]): Promise<(BuildOutcome & { text: string })[]> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o777);
  const program = await bundle('test/support/ci-rootless.ts', folder);
  await writeFile(join(folder, 'ids'), 'nobody:200000:65536\n');
  const script = [
    `mount --bind ${folder}/ids /etc/subuid`,
    `mount --bind ${folder}/ids /etc/subgid`,
    `cd ${folder}`,
    `exec setpriv --reuid nobody --regid nogroup --clear-groups --reset-env ${[process.execPath, program, join(folder, 'bed'), JSON.stringify(jobs)].map(quote).join(' ')}`,
  ];
  const { stdout } = await promisify(execFile)('unshare', ['--mount', 'sh', '-ec', script.join('\n')]);
  return JSON.parse(stdout);
}

testNeeding(
  'root',
  'bwrap',
  'busybox',
  'git',
  'newuidmap',
  'setpriv',
)('runs jobs without being root', async () => {
  const limits = { memoryMb: 64, pids: 60, cpus: 1, diskMb: 16 };
  const [plain, full, late, bomb] = await runAsNobody([
    {
      body: steps(
        'id -u; touch owned; chown ci:ci owned; stat -c %u owned; su ci -c "id -u"; cat /proc/self/uid_map',
        'pidof sleep || echo quiet',
      ),
    },
    { body: steps('dd if=/dev/zero of=/tmp/big bs=1M count=100'), limits },
    {
      body: steps("trap '' TERM; setsid sleep 4731 & sleep 4731"),
      publishers: steps('echo "after $RESULT"'),
      timeout: 1,
    },
    { body: steps('set +x; bomb() { bomb | bomb & }; bomb; sleep 600'), timeout: 2, limits },
  ]);
  expect(plain?.result).toBe('SUCCESS');
  expect(plain?.text).toContain('+ id -u\n0\n');
  expect(plain?.text).toContain('+ stat -c %u owned\n1000\n');
  expect(plain?.text).toMatch(/su ci -c 'id -u'\n1000\n/);
  expect(plain?.text).toMatch(/ 1 +200000 +65535/);
  expect(full?.result).toBe('DISK_FULL');
  expect(late?.result).toBe('TIMED_OUT');
  expect(late?.text).toContain('after TIMED_OUT');
  expect(bomb?.result).toBe('TIMED_OUT');
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain('sleep 4731');
  expect(await readFile('/etc/subuid', 'utf8')).not.toContain('200000');
});
