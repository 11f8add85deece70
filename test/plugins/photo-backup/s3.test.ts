import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bed, md5, sha256 } from './bed.ts';
import { type Fault, StrictS3 } from './strict-s3.ts';

const A = '2016-W05/P1010001.JPG';
const VIDEO = '2016-W05/P1010002.MOV';
const MIB = 1 << 20;

async function withS3(settings: object = {}) {
  const server = await new StrictS3().start();
  const credentials = { access_key_id: 'KEY', secret_access_key: 'SECRET-NEVER-SHOWN' };
  const made = await bed({ type: 's3', bucket: 'photos', endpoint: server.url, ...credentials, ...settings });
  return { server, ...made };
}

/** Meets the first `times` requests that match. */
function once(pattern: RegExp, fault: Fault, times = 1): (request: string) => Fault | undefined {
  let left = times;
  return (request) => (pattern.test(request) && left-- > 0 ? fault : undefined);
}

describe('an S3 target', () => {
  it('stores the same tree with hashes, times and storage class', async () => {
    const { server, photo, pass } = await withS3({ prefix: 'family/', storage_class: 'STANDARD_IA' });
    const bytes = await photo(A);
    await photo("undated/å ü+#?&'日本.JPG");
    expect(await pass()).toMatchObject({ uploaded: 2, failed: 0 });
    expect([...server.objects.keys()].sort()).toEqual([`family/${A}`, "family/undated/å ü+#?&'日本.JPG"]);
    const object = server.objects.get(`family/${A}`);
    expect(object?.bytes).toEqual(bytes);
    expect(object?.metadata).toMatchObject({ sha256: sha256(bytes), md5chksum: expect.any(String) });
    expect(object?.storageClass).toBe('STANDARD_IA');
    expect(await pass()).toMatchObject({ uploaded: 0, found: 0 });
  });

  it('sends nothing twice that another program put there', async () => {
    const { server, photo, pass } = await withS3();
    const bytes = await photo(A);
    server.objects.set(A, { bytes, etag: `"${md5(bytes)}"`, metadata: {}, storageClass: 'STANDARD' });
    expect(await pass()).toMatchObject({ found: 1, uploaded: 0 });
    expect(server.requests.filter((request) => request.startsWith('PUT'))).toEqual([]);
  });

  it('reads listings to their last page', async () => {
    const { server, photo, pass, verify } = await withS3();
    server.pageSize = 3;
    for (let number = 1; number <= 10; number++) await photo(`2016-W05/P10100${number}.JPG`);
    await pass();
    expect(await verify()).toEqual({ checked: 10, findings: [] });
    server.objects.delete('2016-W05/P101009.JPG');
    expect((await verify()).findings).toEqual([{ path: '2016-W05/P101009.JPG', problem: 'missing' }]);
  });

  it('takes its own upload for what it is when the answer was lost', async () => {
    const { server, photo, pass } = await withS3();
    const bytes = await photo(A);
    server.fault = (request) => {
      // The object lands between our listing and our upload, as after an answer that never came.
      if (request.startsWith(`PUT /photos/${A}`)) {
        server.objects.set(A, { bytes, etag: `"${md5(bytes)}"`, metadata: {}, storageClass: '' });
      }
      return undefined;
    };
    expect(await pass()).toMatchObject({ found: 1, failed: 0 });
  });

  it('never overwrites an object that came in the meantime', async () => {
    const { server, photo, pass, ledger } = await withS3();
    const bytes = await photo(A);
    const foreign = Buffer.alloc(bytes.length, 9);
    server.fault = (request) => {
      if (request.startsWith(`PUT /photos/${A}`) && !server.objects.has(A)) {
        server.objects.set(A, { bytes: foreign, etag: `"${md5(foreign)}"`, metadata: {}, storageClass: '' });
      }
      return undefined;
    };
    expect(await pass()).toMatchObject({ uploaded: 1 });
    expect(server.objects.get(A)?.bytes).toEqual(foreign);
    expect(server.objects.get(ledger.copy(A)?.key ?? '')?.bytes).toEqual(bytes);
  });

  it('replaces only the version it knows', async () => {
    const { server, photo, pass } = await withS3();
    await photo(A);
    await pass();
    const changed = await photo(A);
    expect(await pass()).toMatchObject({ replaced: 1 });
    expect(server.objects.get(A)?.bytes).toEqual(changed);
  });

  it('puts changed files beside where replacing is forbidden, and says so', async () => {
    const { server, photo, pass, ledger } = await withS3();
    const former = await photo(A);
    await pass();
    const changed = await photo(A);
    server.fault = (request) => (request === `PUT /photos/${A}` ? { status: 403, code: 'AccessDenied' } : undefined);
    expect(await pass()).toMatchObject({ uploaded: 1, failed: 0 });
    expect(ledger.cannotReplace).toBe(true);
    expect(server.objects.get(A)?.bytes).toEqual(former);
    expect(server.objects.get(`2016-W05/P1010001~${sha256(changed).slice(0, 8)}.JPG`)?.bytes).toEqual(changed);

    server.fault = () => undefined;
    await photo('2016-W05/P1010002.JPG');
    await pass();
    await photo('2016-W05/P1010002.JPG');
    expect(await pass()).toMatchObject({ replaced: 1, replacing_refused: false });
    expect(ledger.cannotReplace).toBe(false);
  });

  it('looks before it writes where the server knows no conditions', async () => {
    const { server, photo, pass } = await withS3();
    server.conditional = false;
    await photo(A);
    await photo(VIDEO, randomBytes(9 * MIB));
    expect(await pass()).toMatchObject({ uploaded: 2, failed: 0 });
    await photo(A);
    expect(await pass()).toMatchObject({ replaced: 1, failed: 0 });
  });

  it.each([
    ['RequestTimeTooSkewed', 403, 'clock_skew'],
    ['SignatureDoesNotMatch', 403, 'bad_credential'],
    ['QuotaExceeded', 507, 'full'],
    ['NoSuchBucket', 404, 'misconfigured'],
    ['InternalError', 500, 'unreachable'],
  ])('names %s', async (code, status, kind) => {
    const { server, photo, pass } = await withS3();
    await photo(A);
    server.fault = (request) => (request.startsWith('PUT') ? { status, code } : undefined);
    const error = await pass().catch((caught: Error) => caught);
    expect(error).toMatchObject({ kind });
    expect(JSON.stringify(error) + (error as Error).message).not.toContain('SECRET-NEVER-SHOWN');
  });

  it('names a clock that is wrong, a wrong key, and a server that is down', async () => {
    const { server, pass } = await withS3();
    server.clock = () => Date.now() + 3_600_000;
    // The SDK corrects its clock by the server's date, which here agrees with ours.
    await expect(pass()).rejects.toMatchObject({ kind: 'clock_skew' });
    const { pass: passWrongKey } = await withS3({ access_key_id: 'OTHER' });
    await expect(passWrongKey()).rejects.toMatchObject({ kind: 'bad_credential' });
    const { pass: passDown } = await withS3({ endpoint: 'http://127.0.0.1:1' });
    await expect(passDown()).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

describe('an upload in parts', () => {
  const parts = (server: StrictS3) =>
    server.requests.flatMap((request) => /partNumber=(\d+)/.exec(request)?.[1] ?? []).map(Number);

  it('goes on with the part that was cut, after a restart too', async () => {
    const { server, photo, pass } = await withS3();
    const bytes = await photo(VIDEO, randomBytes(27 * MIB));
    server.fault = once(/partNumber=3/, { cutAfter: MIB });
    await expect(pass()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(parts(server)).toEqual([1, 2, 3]);
    // Nothing is kept in memory between passes: all that the second one knows comes from the ledger.
    server.pageSize = 1;
    expect(await pass()).toMatchObject({ uploaded: 1 });
    expect(parts(server)).toEqual([1, 2, 3, 3, 4]);
    expect(server.objects.get(VIDEO)?.bytes.equals(bytes)).toBe(true);
    expect(server.objects.get(VIDEO)?.metadata['sha256']).toBe(sha256(bytes));
  });

  it('begins anew when the service has forgotten the upload', async () => {
    const { server, photo, pass } = await withS3();
    await photo(VIDEO, randomBytes(17 * MIB));
    server.fault = once(/partNumber=2/, { status: 500, code: 'InternalError' });
    await expect(pass()).rejects.toMatchObject({ kind: 'unreachable' });
    server.uploads.clear();
    expect(await pass()).toMatchObject({ uploaded: 1 });
  });

  it('sends no file that changed under way, and leaves no parts behind', async () => {
    const { server, photo, pass, archive } = await withS3();
    const bytes = await photo(VIDEO, randomBytes(17 * MIB));
    server.fault = (request) => {
      if (/partNumber=1/.test(request)) void writeFile(join(archive, VIDEO), Buffer.alloc(bytes.length));
      return undefined;
    };
    expect(await pass()).toMatchObject({ uploaded: 0, failed: 1 });
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0]);
  });

  it('is recognised when the ledger is lost, without a byte fetched', async () => {
    const first = await withS3();
    const bytes = await first.photo(VIDEO, randomBytes(9 * MIB));
    await first.pass();
    const second = await withS3({ endpoint: first.server.url });
    await second.photo(VIDEO, bytes);
    expect(await second.pass()).toMatchObject({ found: 1, uploaded: 0 });
    expect(first.server.requests.filter((request) => request === `GET /photos/${VIDEO}`)).toEqual([]);
  });
});
