import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Logger } from 'cupboard/sdk';
import S3rver from 's3rver';
import { expect, onTestFinished, test } from 'vitest';
import type { BuildOutcome, BuildRequest, Runner } from '../../../../plugins/ci/contract.ts';
import { LogStore } from '../../../../plugins/ci/logs/store.ts';
import { uploading } from '../../../../plugins/ci/logs/upload.ts';
import { temporaryFolder } from '../../../support/hub.ts';

const BUILD = 'b'.repeat(32);
const SUCCESS: BuildOutcome = { result: 'SUCCESS', isIndeterminate: false };

/** A runner that leaves a log and an artifact, and the settings of a bucket. */
async function bench() {
  const logs = new LogStore({ folder: await temporaryFolder(), keepDays: 1, keepMb: 10, maxMb: 10 });
  const runner: Runner = {
    async run() {
      const log = await logs.open(BUILD);
      await log.writer.write(Buffer.from('hello\n'));
      await mkdir(join(log.folder, 'artifacts'));
      await writeFile(join(log.folder, 'artifacts/page.html'), '<script>');
      await log.close();
      return SUCCESS;
    },
  };
  const warnings: string[] = [];
  const log = { warn: (text: string) => void warnings.push(text) } as unknown as Logger;
  const run = (endpoint: string, required: boolean) => {
    const keys = { access_key_id: 'S3RVER', secret_access_key: 'S3RVER' };
    const settings = { endpoint, region: 'us-east-1', bucket: 'logs', prefix: 'ci/', required, ...keys };
    const request = { build: BUILD } as BuildRequest;
    return uploading(runner, settings, logs, log, 1).run(request, new AbortController().signal, () => undefined);
  };
  return { run, warnings };
}

test('puts logs and artifacts into the bucket, where a log can be read and a page cannot run', async () => {
  const directory = await temporaryFolder();
  const configureBuckets = [{ name: 'logs', configs: [] }];
  const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets });
  const endpoint = `http://127.0.0.1:${(await server.run()).port}`;
  onTestFinished(() => server.close());
  const { run } = await bench();
  expect(await run(endpoint, true)).toEqual(SUCCESS);
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'logs' }));
  expect(Contents.map(({ Key }) => Key)).toEqual([`ci/${BUILD}/artifacts/page.html`, `ci/${BUILD}/console.log`]);
  const page = await s3.send(new GetObjectCommand({ Bucket: 'logs', Key: `ci/${BUILD}/artifacts/page.html` }));
  expect(page.ContentType).toBe('application/octet-stream');
  const log = await s3.send(new GetObjectCommand({ Bucket: 'logs', Key: `ci/${BUILD}/console.log` }));
  expect([log.ContentType, log.ContentEncoding]).toEqual(['text/plain; charset=utf-8', 'gzip']);
  expect(await (await fetch(`${endpoint}/logs/ci/${BUILD}/console.log`)).text()).toMatch(/\| hello\n$/);
});

test('an upload that fails is a POST_FAILURE only where it is required', async () => {
  const nobody = 'http://127.0.0.1:9';
  const optional = await bench();
  expect(await optional.run(nobody, false)).toEqual(SUCCESS);
  expect(optional.warnings.join()).toMatch(/the log could not be uploaded/);
  const required = await bench();
  expect(await required.run(nobody, true)).toMatchObject({ result: 'POST_FAILURE', isIndeterminate: false });
});
