import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import S3rver from 's3rver';
import { expect, onTestFinished } from 'vitest';
import { openTarget } from '../../../plugins/photo-backup/targets/index.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { bed, settingsOf, sha256 } from './bed.ts';

const run = promisify(execFile);
const it = testNeeding('rclone');
const A = '2016-W05/P1010001.JPG';
const ODD = "undated/å ü+#?&'日本.JPG";
const NEVER = new AbortController().signal;

/** S3 without what s3rver lacks: see the strict server for preconditions and checksums. */
async function s3rver() {
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: await temporaryFolder(),
    configureBuckets: [{ name: 'photos', configs: [] }],
  });
  const { port } = await server.run();
  onTestFinished(() => server.close());
  return `http://127.0.0.1:${port}`;
}

const s3Options = (endpoint: string) => ({
  s3_provider: 'Other',
  s3_endpoint: endpoint,
  s3_access_key_id: 'S3RVER',
  s3_secret_access_key: 'S3RVER',
  s3_force_path_style: true,
});

/** `rclone serve webdav` over a folder; answers its address. */
async function webdav(folder: string) {
  const child = spawn(
    'rclone',
    ['serve', 'webdav', folder, '--addr', '127.0.0.1:0', '--user', 'me', '--pass', 'wOnd3r&ful', '-v'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error('rclone serve webdav ended');
}

it('stores the same tree through rclone, proven by the hash of the remote', async () => {
  const folder = await temporaryFolder();
  const { photo, pass, verify, ledger, archive } = await bed({ type: 'rclone', remote: `:local:${folder}/safe` });
  await photo(A);
  await photo(ODD);
  expect(await pass()).toMatchObject({ uploaded: 2, failed: 0 });
  expect(ledger.copy(A)?.proof).toBe('checksum');
  await run('rclone', ['check', archive, `${folder}/safe`, '--exclude', '/.cupboard/**']);
  expect(await verify({ readBack: true })).toEqual({ checked: 2, findings: [] });
});

it('recognises what rclone copied there before, and overwrites nothing foreign', async () => {
  const folder = await temporaryFolder();
  const { photo, pass, archive, ledger } = await bed({ type: 'rclone', remote: `:local:${folder}` });
  await photo(A);
  await run('rclone', ['copy', join(archive, '2016-W05'), join(folder, '2016-W05')]);
  const bytes = await photo('2016-W05/P1010002.JPG');
  await writeFile(join(folder, '2016-W05/P1010002.JPG'), Buffer.alloc(bytes.length));
  expect(await pass()).toMatchObject({ found: 1, uploaded: 1 });
  expect(await readFile(join(folder, '2016-W05/P1010002.JPG'))).toEqual(Buffer.alloc(bytes.length));
  expect(await readFile(join(folder, ledger.copy('2016-W05/P1010002.JPG')?.key ?? ''))).toEqual(bytes);
});

it('replaces a changed file and keeps the old one beside it', async () => {
  const folder = await temporaryFolder();
  const { photo, pass } = await bed({ type: 'rclone', remote: `:local:${folder}` });
  const former = await photo(A);
  await pass();
  const changed = await photo(A);
  expect(await pass()).toMatchObject({ replaced: 1 });
  expect(await readFile(join(folder, A))).toEqual(changed);
  const kept = (await readdir(join(folder, '2016-W05'))).find((name) => name.includes('~'));
  expect(await readFile(join(folder, '2016-W05', kept ?? ''))).toEqual(former);
});

it('speaks WebDAV with a password, and fetches back what no hash can prove', async () => {
  const folder = await temporaryFolder();
  const options = { webdav_url: await webdav(folder), webdav_user: 'me' };
  const remote = { type: 'rclone', remote: ':webdav:photos', options } as const;
  const { photo, pass, ledger, target } = await bed({ ...remote, password: 'wOnd3r&ful' });
  const bytes = await photo(A);
  expect(await pass()).toMatchObject({ uploaded: 1, failed: 0 });
  expect(ledger.copy(A)?.proof).toBe('read_back');
  expect(sha256(await readFile(join(folder, 'photos', A)))).toBe(sha256(bytes));
  await target.putSmall('README.txt', Buffer.from('hello'), 'text/plain', NEVER);
  expect(await readFile(join(folder, 'photos/README.txt'), 'utf8')).toBe('hello');
  const tail = await (await target.get(A, 1990, NEVER)).toArray();
  expect(Buffer.concat(tail)).toEqual(bytes.subarray(1990));

  const wrong = openTarget(settingsOf({ ...remote, password: 'hunter2-never-shown' }), { dataDir: folder });
  const error = await wrong.check(NEVER).catch((caught: Error) => caught);
  expect(error).toMatchObject({ kind: 'bad_credential' });
  expect((error as Error).message).not.toContain('hunter2');
});

it('names what goes wrong', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), '');
  const check = (settings: object) =>
    openTarget(settingsOf({ type: 'rclone', ...settings }), { dataDir: folder }).check(NEVER);
  await expect(check({ remote: 'nosuch:' })).rejects.toMatchObject({ kind: 'misconfigured' });
  await expect(check({ remote: ':webdav:x', options: { webdav_url: 'http://127.0.0.1:1' } })).rejects.toMatchObject({
    kind: 'unreachable',
  });
  await expect(
    (
      await openTarget(settingsOf({ type: 'rclone', remote: `:local:${folder}` }), { dataDir: folder }).get(
        'nowhere',
        0,
        NEVER,
      )
    ).toArray(),
  ).rejects.toMatchObject({ kind: 'not_found' });
});

it('stores in S3 through rclone', async () => {
  const options = s3Options(await s3rver());
  const { photo, pass, ledger } = await bed({ type: 'rclone', remote: ':s3:photos/family', options });
  await photo(A);
  await photo(ODD);
  expect(await pass()).toMatchObject({ uploaded: 2, failed: 0 });
  expect(ledger.copy(A)?.proof).toBe('checksum');
});

it('agrees with rclone about what our own S3 client stored on s3rver', async () => {
  const endpoint = await s3rver();
  const { photo, pass, archive, folder, target } = await bed({
    type: 's3',
    bucket: 'photos',
    endpoint,
    access_key_id: 'S3RVER',
    secret_access_key: 'S3RVER',
  });
  await photo(A);
  await photo(ODD);
  await photo('2016-W05/P1010003.MOV', Buffer.alloc(9 << 20, 3));
  expect(await pass()).toMatchObject({ uploaded: 3, failed: 0 });
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    ...Object.fromEntries(
      Object.entries(s3Options(endpoint)).map(([key, value]) => [`RCLONE_${key.toUpperCase()}`, `${value}`]),
    ),
  };
  await mkdir(join(folder, 'back'));
  await run('rclone', ['check', archive, ':s3:photos', '--exclude', '/.cupboard/**'], { env });
  // Names, sizes and times are as rclone would have set them: it finds nothing to copy.
  const { stderr } = await run(
    'rclone',
    ['copy', archive, ':s3:photos', '--exclude', '/.cupboard/**', '--dry-run', '-v'],
    { env },
  );
  expect(stderr).not.toContain('Skipped copy');
  await run('rclone', ['copy', ':s3:photos', join(folder, 'back')], { env });
  await run('diff', ['-r', '-x', '.cupboard', archive, join(folder, 'back')]);
  expect(existsSync(join(folder, 'back', A))).toBe(true);
  expect(await target.head('nowhere', NEVER)).toBeUndefined();
});
