import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startFakeCloud } from '../../plugins/ci/images/fake-cloud.ts';
import { openUploads } from '../../plugins/ci/images/upload-bed.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

testNeeding('openstack')('keeps the two newest images with a cloud, and what it has when an upload fails', async () => {
  const cloud = await startFakeCloud();
  const config = join(await temporaryFolder(), 'clouds.yaml');
  await writeFile(config, cloud.cloudsYaml);
  const { upload, states } = await openUploads({ rax: { glance: { cloud: 'rax', config } } });
  const names = () => [...cloud.images.values()].map(({ name, status }) => `${name} ${status}`);

  expect(await upload(1)).toMatchObject({ target: 'rax', state: 'ready' });
  expect(states).toEqual(['uploading', 'ready']);
  expect([...cloud.images.values()]).toMatchObject([
    {
      name: 'tiny-20261101T141400',
      disk_format: 'qcow2',
      status: 'active',
      properties: { cupboard_image: 'tiny' },
      sha256: createHash('sha256').update('image of day 1').digest('hex'),
    },
  ]);
  await upload(2);
  cloud.overQuota = true;
  expect(await upload(3)).toMatchObject({ state: 'failed', reason: expect.stringMatching(/quota/) });
  expect(names().slice(0, 2)).toEqual(['tiny-20261101T141400 active', 'tiny-20261102T141400 active']);
  cloud.overQuota = false;
  await upload(4);
  expect(names()).toEqual(['tiny-20261102T141400 active', 'tiny-20261104T141400 active']);
  expect(cloud.refused).toEqual([]);
});
