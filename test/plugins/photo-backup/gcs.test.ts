import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rateLimit } from '../../../plugins/photo-backup/rate-limit.ts';
import { bed, md5, sha256 } from './bed.ts';
import { type Fault, StrictGcs } from './strict-gcs.ts';

const A = '2016-W05/P1010001.JPG';
const VIDEO = '2016-W05/P1010002.MOV';
const MIB = 1 << 20;

async function withGcs(settings: object = {}) {
  const server = await new StrictGcs().start();
  const made = await bed({ type: 'gcs', bucket: 'photos', endpoint: server.url, ...settings });
  return { server, ...made };
}

/** Meets the first `times` requests that match. */
function once(pattern: RegExp, fault: Fault, times = 1): (request: string) => Fault | undefined {
  let left = times;
  return (request) => (pattern.test(request) && left-- > 0 ? fault : undefined);
}

describe('a Google bucket', () => {
  it('stores the same tree with hashes and storage class', async () => {
    const { server, photo, pass, target } = await withGcs({ prefix: 'family/', storage_class: 'NEARLINE' });
    const bytes = await photo(A);
    await photo("undated/å ü+#?&'日本.JPG");
    await photo(VIDEO, randomBytes(9 * MIB));
    expect(await pass()).toMatchObject({ uploaded: 3, failed: 0 });
    expect([...server.objects.keys()].sort()).toEqual(
      [A, VIDEO, "undated/å ü+#?&'日本.JPG"].map((key) => `family/${key}`),
    );
    expect(server.objects.get(`family/${A}`)?.bytes).toEqual(bytes);
    for (const key of [A, VIDEO]) {
      expect(server.objects.get(`family/${key}`)?.metadata).toMatchObject({
        storageClass: 'NEARLINE',
        metadata: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), 'goog-reserved-file-mtime': expect.any(String) },
      });
    }
    await target.putSmall('README.txt', Buffer.from('hello'), 'text/plain', new AbortController().signal);
    await target.putSmall('README.txt', Buffer.from('hello again'), 'text/plain', new AbortController().signal);
    expect(server.objects.get('family/README.txt')?.metadata).toMatchObject({ storageClass: 'STANDARD' });
    expect(server.objects.get('family/README.txt')?.bytes.toString()).toBe('hello again');
  });

  it('reads an object from the middle, and from the beginning', async () => {
    const { server, target } = await withGcs();
    const { signal } = new AbortController();
    server.add(A, Buffer.from('0123456789'));
    const text = async (from: number) => (await (await target.get(A, from, signal)).toArray()).join('');
    expect([await text(0), await text(7)]).toEqual(['0123456789', '789']);
    await expect((await target.get('nowhere', 0, signal)).toArray()).rejects.toMatchObject({ kind: 'not_found' });
  });

  it.each([
    ['gsutil or rclone', {}],
    ['a composed upload, which has no MD5', { composed: true }],
  ])('sends nothing twice that came by %s', async (_, more) => {
    const { server, photo, pass } = await withGcs();
    const bytes = await photo(A);
    server.add(A, bytes, more);
    expect(await pass()).toMatchObject({ found: 1, uploaded: 0 });
    server.add(VIDEO, Buffer.alloc(2000), more);
    await photo(VIDEO);
    expect(await pass()).toMatchObject({ found: 0, uploaded: 1 });
    expect(server.objects.get(VIDEO)?.bytes).toEqual(Buffer.alloc(2000));
  });

  it('reads listings to their last page', async () => {
    const { server, photo, pass, verify } = await withGcs();
    server.pageSize = 3;
    for (let number = 10; number < 20; number++) await photo(`2016-W05/P10100${number}.JPG`);
    await pass();
    expect(await verify()).toEqual({ checked: 10, findings: [] });
    server.objects.delete('2016-W05/P1010015.JPG');
    expect((await verify()).findings).toEqual([{ path: '2016-W05/P1010015.JPG', problem: 'missing' }]);
  });

  it('never overwrites an object that came in the meantime', async () => {
    const { server, photo, pass, ledger } = await withGcs();
    const bytes = await photo(A);
    server.fault = (request) => {
      if (request === `POST multipart ${A}` && !server.objects.has(A)) server.add(A, Buffer.from('foreign'));
      return undefined;
    };
    expect(await pass()).toMatchObject({ uploaded: 1 });
    expect(server.objects.get(A)?.bytes.toString()).toBe('foreign');
    expect(server.objects.get(ledger.copy(A)?.key ?? '')?.bytes).toEqual(bytes);
  });

  it('replaces only the version it knows, and finds its own upload when the answer was lost', async () => {
    const { server, photo, pass } = await withGcs();
    await photo(A);
    await pass();
    const changed = await photo(A);
    server.fault = once(/^POST multipart/, { loseAnswer: true });
    await expect(pass()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(await pass()).toMatchObject({ found: 1, uploaded: 0 });
    expect(server.objects.get(A)?.bytes).toEqual(changed);
  });

  it('puts changed files beside where replacing is forbidden', async () => {
    const { server, photo, pass, ledger } = await withGcs();
    const former = await photo(A);
    await pass();
    const changed = await photo(A);
    server.fault = once(new RegExp(`^POST multipart ${A}$`), {
      status: 403,
      message: 'account does not have storage.objects.delete access to the Google Cloud Storage object.',
    });
    expect(await pass()).toMatchObject({ uploaded: 1, failed: 0 });
    expect(ledger.cannotReplace).toBe(true);
    expect(server.objects.get(A)?.bytes).toEqual(former);
    expect(server.objects.get(`2016-W05/P1010001~${sha256(changed).slice(0, 8)}.JPG`)?.bytes).toEqual(changed);
  });

  it('keeps the object when a checksum does not agree, and says so', async () => {
    const { server, photo, pass, ledger } = await withGcs();
    await photo(A);
    server.fault = once(/^POST multipart/, {
      status: 400,
      message: "Provided MD5 hash doesn't match calculated MD5 hash.",
    });
    expect(await pass()).toMatchObject({ failed: 1 });
    expect(ledger.failures(1)).toMatchObject([{ kind: 'mismatch' }]);
    expect(await pass({ retryAll: true })).toMatchObject({ uploaded: 1 });
  });

  it.each([
    [401, 'Invalid Credentials', 'bad_credential'],
    [403, 'does not have storage.objects.create access', 'bad_credential'],
    [404, 'The specified bucket does not exist.', 'misconfigured'],
    [503, 'Backend Error', 'unreachable'],
  ])('names %i %s', async (status, message, kind) => {
    const { server, photo, pass } = await withGcs();
    await photo(A);
    server.fault = (request) => (request.startsWith('POST') ? { status, message } : undefined);
    await expect(pass()).rejects.toMatchObject({ kind });
  });
});

describe('a resumable upload', () => {
  const chunks = (server: StrictGcs) =>
    server.requests.flatMap((request) => /session bytes (\d+-\d+)/.exec(request)?.[1] ?? []);

  it('goes on from the byte that arrived, after a restart too', async () => {
    const { server, photo, pass } = await withGcs();
    const bytes = await photo(VIDEO, randomBytes(27 * MIB));
    // Every attempt of the library too: the line stays down.
    server.fault = (request) => (request.includes(`bytes ${8 * MIB}-`) ? { cutAfter: 3 * MIB } : undefined);
    const stop = AbortSignal.timeout(1500);
    await expect(pass({ signal: stop })).rejects.toThrow();
    server.fault = () => undefined;
    const before = server.requests.length;
    expect(await pass()).toMatchObject({ uploaded: 1 });
    const after = server.requests.slice(before);
    expect(after).toContain(`PUT session bytes */${27 * MIB}`);
    expect(after.filter((request) => request.startsWith('POST'))).toEqual([]);
    const [first = ''] = chunks(server).slice(-2);
    expect(Number(first.split('-')[0])).toBeGreaterThanOrEqual(8 * MIB);
    expect(server.objects.get(VIDEO)?.bytes.equals(bytes)).toBe(true);
  });

  it('rides out a 503 and a cut line within one run', async () => {
    const { server, photo, pass } = await withGcs();
    const bytes = await photo(VIDEO, randomBytes(18 * MIB));
    const faults: Fault[] = [{ status: 503 }, { cutAfter: MIB }];
    server.fault = (request) => (/session bytes \d/.test(request) ? faults.shift() : undefined);
    expect(await pass()).toMatchObject({ uploaded: 1 });
    expect(server.objects.get(VIDEO)?.bytes.equals(bytes)).toBe(true);
  });

  it('takes a finished session for what it is', async () => {
    const { server, photo, pass, ledger, target, archive } = await withGcs();
    const bytes = await photo(VIDEO, randomBytes(9 * MIB));
    await pass();
    const [id = ''] = server.sessions.keys();
    // As after a power cut between the end of the upload and our note of it, with a listing that lags behind.
    const session = ledger.session(VIDEO, sha256(bytes));
    session.save(`${server.url}/upload/storage/v1/b/photos/o?upload_id=${id}`);
    const file = { path: join(archive, VIDEO), size: bytes.length, mtime: 0, sha256: sha256(bytes), md5: md5(bytes) };
    const stored = await target.put(file, {
      key: VIDEO,
      session,
      limiter: rateLimit(undefined),
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
    expect(stored.object.tag).toBe(ledger.copy(VIDEO)?.tag);
    expect(chunks(server)).toHaveLength(2);
  });

  it('begins anew when the session has expired', async () => {
    const { server, photo, pass, ledger } = await withGcs();
    const bytes = await photo(VIDEO, randomBytes(9 * MIB));
    ledger.session(VIDEO, sha256(bytes)).save(`${server.url}/upload/storage/v1/b/photos/o?upload_id=long-gone`);
    expect(await pass()).toMatchObject({ uploaded: 1 });
  });
});
