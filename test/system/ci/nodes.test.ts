import { join } from 'node:path';
import { expect } from 'vitest';
import { startRunner } from '../../support/ci-bed.ts';
import { makeRootFileSystem } from '../../support/ci-image.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const testNode = testNeeding('root', 'bwrap', 'busybox', 'git', 'mkfs.ext4');

testNode('runs a job in a root file system of its own, without a network, and leaves nothing', async () => {
  const folder = await temporaryFolder();
  await makeRootFileSystem(join(folder, 'image'));
  const bed = await startRunner({ folder });
  const script =
    'id -u; hostname; echo "$WORKSPACE"; ls /sys/class/net 2> /dev/null; touch /bin/mine; echo again > /dev/stderr; printf last';
  const first = await bed.run({ body: [{ name: 'body', shell: script }] });
  expect(first).toMatchObject({ result: 'SUCCESS', isIndeterminate: false });
  expect(first.text).toContain('+ id -u\n0\n+ hostname\nnode\n+ echo /workspace\n/workspace\n');
  expect(first.text).toContain('last\n[ci] No trailing newline\n[ci] body: exit code 0\n[ci] Result: SUCCESS\n');
  const second = await bed.run({ body: [{ name: 'body', shell: 'test -e /bin/mine' }] });
  expect(second).toMatchObject({ result: 'FAILURE', reason: 'body: exit code 1' });
  expect(bed.pool.nodes).toEqual([]);
});
