import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { processesWith } from '../../../plugins/ci/nodes/processes.ts';
import { startRunner } from '../../support/ci-bed.ts';
import { makeRootFileSystem } from '../../support/ci-image.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const testNode = testNeeding('root', 'bwrap', 'busybox', 'git', 'mkfs.ext4');
const steps = (...scripts: string[]) => scripts.map((shell, index) => ({ name: `step${index}`, shell }));
const publishers = steps('echo "published after $RESULT"');

async function bedWithImage() {
  const folder = await temporaryFolder();
  await makeRootFileSystem(join(folder, 'image'));
  return { folder, ...(await startRunner({ folder })) };
}

/** Processes outside of nodes' own view that run `command`. */
async function running(command: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
  return lines.filter((line) => line.includes(command)).length;
}

testNode('survives a fork bomb, and publishes after it', async () => {
  const bed = await bedWithImage();
  const bomb = steps('set +x; bomb() { bomb | bomb & }; bomb; sleep 600');
  const got = await bed.run({
    body: bomb,
    publishers,
    timeout: 2,
    limits: { memoryMb: 256, pids: 64, cpus: 1, diskMb: 16 },
  });
  expect(got.result).toBe('TIMED_OUT');
  expect(got.text).toContain('published after TIMED_OUT');
  expect(bed.pool.nodes).toEqual([]);
});

testNode('ends a job that takes more memory than it may', async () => {
  const bed = await bedWithImage();
  const limits = { memoryMb: 32, pids: 64, cpus: 1, diskMb: 16 };
  const got = await bed.run({
    body: steps('set +x; x=$(head -c 200000000 /dev/zero | tr "\\0" x); echo "$x" | wc'),
    publishers,
    limits,
  });
  expect(got).toMatchObject({ result: 'FAILURE', isIndeterminate: false });
  expect(got.reason).toContain('32 MB of memory');
  expect(got.text).toContain('published after FAILURE');
});

testNode('tells a full disk from a failed test', async () => {
  const bed = await bedWithImage();
  const limits = { memoryMb: 64, pids: 64, cpus: 1, diskMb: 16 };
  const filled = await bed.run({ body: steps('dd if=/dev/zero of=/tmp/big bs=1M count=100'), publishers, limits });
  expect(filled).toMatchObject({ result: 'DISK_FULL', isIndeterminate: false });
  expect(filled.text).toContain('No space left on device');
  expect(filled.text).toContain('published after DISK_FULL');
  const said = await bed.run({ body: steps('echo "No space left on device"; exit 1'), limits });
  expect(said.result).toBe('FAILURE');
});

testNode('ends a job that ignores SIGTERM, and publishes after it', async () => {
  const bed = await bedWithImage();
  const got = await bed.run({
    body: steps("trap '' TERM; sleep 4711 & while :; do sleep 4711; done"),
    publishers,
    timeout: 1,
  });
  expect(got).toMatchObject({ result: 'TIMED_OUT', reason: 'step0: no end within 1 s' });
  expect(got.text).toContain('published after TIMED_OUT');
  expect(await running('sleep\x004711')).toBe(0);
});

testNode('does not wait for a daemon that holds the output open, and ends it', async () => {
  const bed = await bedWithImage();
  const got = await bed.run({ body: steps('setsid sleep 4712 & sleep 0.1', 'pidof sleep') });
  expect(got).toMatchObject({ result: 'SUCCESS' });
  expect(await running('sleep\x004712')).toBe(0);
});

testNode('ends with ABORTED at once, the node gone', async () => {
  const bed = await bedWithImage();
  const abort = new AbortController();
  const { told } = bed;
  const ending = bed.run({ body: steps("trap '' TERM; echo began; sleep 4713"), publishers }, { signal: abort.signal });
  await waitFor('the job', async () => (await running('sleep\x004713')) > 0);
  const node = told.findLast((status) => status?.state === 'in-use')?.node;
  abort.abort();
  expect(await ending).toMatchObject({ result: 'ABORTED', isIndeterminate: false });
  expect(bed.pool.nodes).toEqual([]);
  expect(await running('sleep\x004713')).toBe(0);
  expect(await processesWith(`CUPBOARD_CI_NODE=${node}`)).toEqual([]);
});

testNode('runs again what lost its node, and what failed before the job began', async () => {
  const bed = await bedWithImage();
  const lost = await bed.run({ body: steps('kill -9 -1; kill -9 2') });
  expect(lost).toMatchObject({ result: 'NODE_FAILURE', isIndeterminate: true });
  const setup = await bed.run({ setup: steps('exit 3'), body: steps('echo never') });
  expect(setup).toMatchObject({ result: 'FAILURE', isIndeterminate: true, reason: 'setup: step0: exit code 3' });
  expect(setup.text).not.toContain('never');
  const post = await bed.run({ body: steps('true'), publishers: steps('false') });
  expect(post).toMatchObject({ result: 'POST_FAILURE', isIndeterminate: false });
  const both = await bed.run({ body: steps('sleep 60'), publishers: steps('false'), timeout: 1 });
  expect(both.result).toBe('TIMED_OUT');
});

testNode('cannot reach the machine from inside', async () => {
  const bed = await bedWithImage();
  const before = await readFile('/proc/sys/kernel/core_pattern', 'utf8');
  const script = [
    'set +ex',
    'for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity; do',
    '  [ -e $file ] && echo x > $file && echo "wrote $file"',
    'done',
    'mount -t proc proc /proc && echo mounted; umount /proc/sys && echo unmounted',
    'mknod /tmp/disk b 7 0 && echo made a device',
    'chroot /proc/1/root true && echo $(cat /proc/1/root/etc/hostname)',
    'unshare -Ur mount -t proc proc /tmp && echo nested',
    'echo > /dev/tcp/127.0.0.1/22 && echo connected',
    'ls /sys/kernel && echo sysfs',
    'date -s 2001-01-01',
    'hostname evil && echo renamed',
    'true',
  ];
  const { text, result } = await bed.run({ body: steps(script.join('\n')) });
  expect(result).toBe('SUCCESS');
  expect(text).not.toMatch(/wrote|^mounted|unmounted|made a device|nested|connected|sysfs|renamed/m);
  expect(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
  expect(new Date().getUTCFullYear()).toBeGreaterThan(2001);
});

testNode('keeps 200 MB of output without a newline, and any bytes, in little memory', async () => {
  const bed = await bedWithImage();
  await bed.run({ body: steps('true') });
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const script = 'head -c 200000000 /dev/zero | tr "\\0" x; printf "\\nNUL \\0 not UTF-8 \\377\\n"';
  const got = await bed.run({ body: steps(script) }, { tail: 1000 }).finally(() => clearInterval(watch));
  expect(got.result).toBe('SUCCESS');
  expect((await bed.logs.view(got.build))?.size).toBeGreaterThan(200_000_000);
  expect(got.text).toContain('NUL \\x00 not UTF-8 \\xff\n');
  // Half of what a log held in memory would take.
  expect(most - before).toBeLessThan(100_000_000);
});
