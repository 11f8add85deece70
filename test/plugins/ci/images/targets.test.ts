import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../support/hub.ts';
import { openUploads } from './upload-bed.ts';

test('uploads by a command and removes by another', async () => {
  const folder = await temporaryFolder();
  const { upload } = await openUploads({
    share: {
      command: ['cp', '{file}', `${folder}/{image}-{build}`],
      remove: ['rm', `${folder}/{image}-{build}`],
    },
  });
  const copy = (day: string) => readFile(join(folder, `tiny-tiny-202611${day}T141400`), 'utf8').catch(() => 'none');

  for (const day of [1, 2, 3]) expect(await upload(day)).toMatchObject({ state: 'ready' });

  expect([await copy('01'), await copy('02'), await copy('03')]).toEqual(['none', 'image of day 2', 'image of day 3']);
});

test('says why a command failed, and that a target is not known', async () => {
  const { upload } = await openUploads({ broken: { command: ['sh', '-c', 'exit 7'] } });
  expect(await upload(1)).toMatchObject({ target: 'broken', state: 'failed', reason: 'sh ended with status 7' });
});
