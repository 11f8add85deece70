import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CRC32C } from '@google-cloud/storage';
import { onTestFinished } from 'vitest';

const QUANTUM = 256 * 1024;

export interface GcsObject {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Composed objects have no MD5. */
  readonly composed?: boolean;
}

interface Session {
  readonly name: string;
  readonly condition: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  bytes: Buffer;
  finished?: GcsObject;
}

export type Fault =
  | { readonly status: number; readonly message?: string }
  /** The line is cut after so many bytes of the body; what came in whole quanta is kept. */
  | { readonly cutAfter: number }
  /** The request is carried out, and its answer lost. */
  | { readonly loseAnswer: true };

/**
 * The JSON API of Cloud Storage as strictly as uploads need it: multipart and resumable uploads (308, Range, multiples
 * of 256 KiB), generation preconditions, MD5 and CRC32C checked, listings with page tokens, sessions that expire.
 */
export class StrictGcs {
  readonly objects = new Map<string, GcsObject>();
  readonly sessions = new Map<string, Session>();
  /** `PUT session bytes 0-8388607/28311552`, `POST multipart 2016-W05/P1.JPG`, `GET list 2016-W05/`, in order. */
  readonly requests: string[] = [];
  fault: (request: string) => Fault | undefined = () => undefined;
  pageSize = 1000;
  url = '';
  #generation = 1_000;

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => refuse(response, 500, String(error)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  /** Puts an object there as another program would. */
  add(name: string, bytes: Buffer, more: Partial<GcsObject> = {}): void {
    this.objects.set(name, { bytes, generation: ++this.#generation, metadata: {}, ...more });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const told = tell(request, url);
    this.requests.push(told);
    const fault = this.fault(told);
    const cutAfter = fault && 'cutAfter' in fault ? fault.cutAfter : undefined;
    const { body, isWhole } = await read(request, cutAfter);
    if (fault && 'status' in fault) {
      refuse(response, fault.status, fault.message);
      return;
    }
    const answer = this.#route(request, url, body, isWhole);
    if (!isWhole || (fault && 'loseAnswer' in fault)) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(Buffer.isBuffer(answer.body) ? answer.body : JSON.stringify(answer.body));
  }

  #route(request: IncomingMessage, url: URL, body: Buffer, isWhole: boolean): Answer {
    const session = url.searchParams.get('upload_id');
    if (request.method === 'PUT' && session) return this.#continue(session, request, body, isWhole);
    if (!isWhole) return error(400, 'cut');
    const [, bucket, name] = /\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(url.pathname) ?? [];
    if (bucket !== 'photos') return error(404, 'The specified bucket does not exist.');
    if (request.method === 'POST') return this.#begin(request, url, body);
    if (name === undefined) return this.#list(url);
    return this.#get(request, url, decodeURIComponent(name));
  }

  #begin(request: IncomingMessage, url: URL, body: Buffer): Answer {
    const name = url.searchParams.get('name') ?? '';
    const condition = url.searchParams.get('ifGenerationMatch');
    if (url.searchParams.get('uploadType') === 'multipart') {
      const { metadata, bytes } = parseRelated(request.headers['content-type'] ?? '', body);
      return this.#store({ name, condition, metadata, bytes });
    }
    if (this.#isRefused(name, condition)) return error(412, 'At least one of the pre-conditions did not hold.');
    const id = randomUUID();
    const metadata = JSON.parse(body.toString() || '{}') as Record<string, unknown>;
    this.sessions.set(id, { name, condition, metadata, bytes: Buffer.alloc(0) });
    return { status: 200, headers: { location: `${this.url}/upload/storage/v1/b/photos/o?upload_id=${id}` }, body: {} };
  }

  #continue(id: string, request: IncomingMessage, body: Buffer, isWhole: boolean): Answer {
    const session = this.sessions.get(id);
    if (!session) return error(410, 'The upload session has expired.');
    if (session.finished) return { status: 200, body: describe(session.name, session.finished) };
    const range = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '');
    if (!range) return error(400, 'Failed to parse Content-Range header.');
    const [, from, to, total] = range;
    if (from !== undefined) {
      if (Number(from) !== session.bytes.length) return error(400, 'Invalid request. Bytes are missing before these.');
      const isLast = to === '*' || Number(to) + 1 === Number(total);
      if (isWhole && !isLast && body.length % QUANTUM !== 0) return error(400, 'Chunks are multiples of 256 KiB.');
      const kept = isWhole ? body : body.subarray(0, body.length - (body.length % QUANTUM));
      session.bytes = Buffer.concat([session.bytes, kept]);
    }
    if (isWhole && session.bytes.length === Number(total)) {
      const answer = this.#store(session);
      const stored = this.objects.get(session.name);
      if (answer.status === 200 && stored) session.finished = stored;
      else this.sessions.delete(id);
      return answer;
    }
    const reached = session.bytes.length;
    return { status: 308, ...(reached > 0 && { headers: { range: `bytes=0-${reached - 1}` } }), body: Buffer.alloc(0) };
  }

  #isRefused(name: string, condition: string | null): boolean {
    return condition !== null && Number(condition) !== (this.objects.get(name)?.generation ?? 0);
  }

  #store({ name, condition, metadata, bytes }: Omit<Session, 'finished'>): Answer {
    if (this.#isRefused(name, condition)) return error(412, 'At least one of the pre-conditions did not hold.');
    const { md5Hash, crc32c, ...rest } = metadata as { md5Hash?: string; crc32c?: string };
    if (md5Hash !== undefined && md5Hash !== md5Of(bytes)) {
      return error(400, "Provided MD5 hash doesn't match calculated MD5 hash.");
    }
    if (crc32c !== undefined && crc32c !== crcOf(bytes)) return error(400, "Provided CRC32C doesn't match.");
    this.add(name, bytes, { metadata: rest });
    return { status: 200, body: describe(name, this.objects.get(name) as GcsObject) };
  }

  #list(url: URL): Answer {
    const prefix = url.searchParams.get('prefix') ?? '';
    const after = url.searchParams.get('pageToken') ?? '';
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
    const page = names.slice(0, Math.min(this.pageSize, Number(url.searchParams.get('maxResults') ?? 1000)));
    const items = page.map((name) => describe(name, this.objects.get(name) as GcsObject));
    return { status: 200, body: { items, ...(page.length < names.length && { nextPageToken: page.at(-1) }) } };
  }

  #get({ headers }: IncomingMessage, url: URL, name: string): Answer {
    const found = this.objects.get(name);
    if (!found) return error(404, `No such object: photos/${name}`);
    if (url.searchParams.get('alt') !== 'media') return { status: 200, body: describe(name, found) };
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
    const hash = `crc32c=${crcOf(found.bytes)},md5=${md5Of(found.bytes)}`;
    return { status: from > 0 ? 206 : 200, headers: { 'x-goog-hash': hash }, body: found.bytes.subarray(from) };
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | object;
}

function tell({ method, headers }: IncomingMessage, url: URL): string {
  const { searchParams } = url;
  if (searchParams.has('upload_id')) return `${method} session ${headers['content-range']}`;
  if (method === 'POST') return `POST ${searchParams.get('uploadType')} ${searchParams.get('name')}`;
  const name = /\/o\/(.+)$/.exec(url.pathname)?.[1];
  if (name === undefined) return `GET list ${searchParams.get('prefix')}`;
  return `GET ${searchParams.get('alt') ?? 'metadata'} ${decodeURIComponent(name)}`;
}

async function read(request: IncomingMessage, cutAfter = Number.POSITIVE_INFINITY) {
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of request as AsyncIterable<Buffer>) {
    blocks.push(block);
    length += block.length;
    if (length >= cutAfter) return { body: Buffer.concat(blocks), isWhole: false };
  }
  return { body: Buffer.concat(blocks), isWhole: true };
}

/** The two parts of a `multipart/related` body: JSON, then the bytes. */
function parseRelated(contentType: string, body: Buffer) {
  const boundary = `--${/boundary="?([^";]+)/.exec(contentType)?.[1]}`;
  const first = body.indexOf('\r\n\r\n') + 4;
  const second = body.indexOf(boundary, first);
  const start = body.indexOf('\r\n\r\n', second) + 4;
  const end = body.lastIndexOf(`\r\n${boundary}--`);
  const metadata = JSON.parse(body.subarray(first, second).toString()) as Record<string, unknown>;
  return { metadata, bytes: body.subarray(start, end) };
}

const md5Of = (bytes: Buffer) => createHash('md5').update(bytes).digest('base64');

function crcOf(bytes: Buffer): string {
  const crc = new CRC32C();
  crc.update(bytes);
  return crc.toString();
}

const describe = (name: string, { bytes, generation, metadata, composed }: GcsObject) => ({
  ...metadata,
  kind: 'storage#object',
  name,
  bucket: 'photos',
  generation: String(generation),
  size: String(bytes.length),
  crc32c: crcOf(bytes),
  ...(!composed && { md5Hash: md5Of(bytes) }),
});

const error = (code: number, message: string): Answer => ({
  status: code,
  body: { error: { code, message, errors: [{ message, reason: 'refused' }] } },
});

function refuse(response: ServerResponse, status: number, message = 'refused'): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error(status, message).body));
}
