import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

const SKEW_MS = 15 * 60_000;
const LEAST_PART = 5 << 20;

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string;
}

/** What a request meets instead of its answer: an error, or the line cut after so many bytes of its body. */
export type Fault = { readonly status: number; readonly code: string } | { readonly cutAfter: number };

/**
 * S3 as strict as Amazon's where s3rver is lax: conditional writes, Content-MD5 (demanded for every body), the clock, the
 * key (`KEY` may do all, `READER` only read), multipart rules, listings in pages, parts that can be listed. Signatures are not recomputed.
 */
export class StrictS3 {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<
    string,
    { key: string; headers: IncomingMessage['headers']; parts: Map<number, Buffer> }
  >();
  /** `PUT /photos/key?partNumber=1`, in order. */
  readonly requests: string[] = [];
  /** Asked for each request; `undefined` lets it pass. */
  fault: (request: string) => Fault | undefined = () => undefined;
  clock = () => Date.now();
  conditional = true;
  pageSize = 1000;
  url = '';

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => refuse(response, 500, 'InternalError', String(error)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const [, bucket, ...rest] = decodeURIComponent(url.pathname).split('/');
    const key = rest.join('/');
    url.searchParams.delete('x-id');
    const told = `${request.method} ${decodeURIComponent(url.pathname)}${url.search}`;
    this.requests.push(told);
    const fault = this.fault(told);
    const body = await read(request, fault && 'cutAfter' in fault ? fault.cutAfter : undefined);
    if (body === undefined) {
      request.socket.destroy();
      return;
    }
    if (fault && 'status' in fault) {
      refuse(response, fault.status, fault.code);
      return;
    }
    const denied = this.#check(request, body);
    if (denied) {
      refuse(response, denied[0], denied[1]);
      return;
    }
    if (bucket !== 'photos') {
      refuse(response, 404, 'NoSuchBucket');
      return;
    }
    const has = (name: string) => url.searchParams.has(name);
    if (request.method === 'POST' && has('uploads')) {
      this.#create(request, response, key);
      return;
    }
    if (request.method === 'POST' && has('uploadId')) {
      this.#complete(request, response, url, key, body);
      return;
    }
    if (request.method === 'PUT' && has('uploadId')) {
      this.#part(response, url, body);
      return;
    }
    if (request.method === 'GET' && has('uploadId')) {
      this.#listParts(response, url);
      return;
    }
    if (request.method === 'DELETE' && has('uploadId')) {
      this.#abort(response, url);
      return;
    }
    if (request.method === 'PUT') {
      this.#put(request, response, key, body);
      return;
    }
    if (request.method === 'GET' && key === '') {
      this.#list(response, url);
      return;
    }
    if (request.method === 'GET' || request.method === 'HEAD') {
      this.#get(request, response, key);
      return;
    }
    refuse(response, 405, 'MethodNotAllowed');
  }

  #check(request: IncomingMessage, body: Buffer): [number, string] | undefined {
    const { authorization = '', 'x-amz-date': date = '', 'content-md5': md5 } = request.headers;
    const [, key] = /Credential=(\w+)\//.exec(authorization) ?? [];
    if (key !== 'KEY' && key !== 'READER') return [403, 'InvalidAccessKeyId'];
    if (key === 'READER' && request.method !== 'GET' && request.method !== 'HEAD') return [403, 'AccessDenied'];
    const asked = Date.parse(String(date).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
    if (Math.abs(asked - this.clock()) > SKEW_MS) return [403, 'RequestTimeTooSkewed'];
    if (request.method !== 'PUT') return undefined;
    if (request.headers['content-encoding']?.includes('aws-chunked')) return [501, 'NotImplemented'];
    if (md5 !== createHash('md5').update(body).digest('base64')) return [400, 'BadDigest'];
    return undefined;
  }

  /** Whether the conditions of a write hold. */
  #holds(request: IncomingMessage, key: string): [number, string] | undefined {
    const { 'if-none-match': none, 'if-match': match } = request.headers;
    if (!this.conditional && (none ?? match) !== undefined) return [501, 'NotImplemented'];
    const there = this.objects.get(key);
    if (none === '*' && there) return [412, 'PreconditionFailed'];
    if (match !== undefined && match !== there?.etag) return [412, 'PreconditionFailed'];
    return undefined;
  }

  #put(request: IncomingMessage, response: ServerResponse, key: string, bytes: Buffer): void {
    const broken = this.#holds(request, key);
    if (broken) {
      refuse(response, ...broken);
      return;
    }
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    this.objects.set(key, { bytes, etag, ...aboutOf(request.headers) });
    response.setHeader('ETag', etag).end();
  }

  #create({ headers }: IncomingMessage, response: ServerResponse, key: string): void {
    const id = randomUUID();
    this.uploads.set(id, { key, headers, parts: new Map() });
    xml(response, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }

  #part(response: ServerResponse, url: URL, bytes: Buffer): void {
    const upload = this.uploads.get(url.searchParams.get('uploadId') ?? '');
    if (!upload) {
      refuse(response, 404, 'NoSuchUpload');
      return;
    }
    upload.parts.set(Number(url.searchParams.get('partNumber')), bytes);
    response.setHeader('ETag', `"${createHash('md5').update(bytes).digest('hex')}"`).end();
  }

  #listParts(response: ServerResponse, url: URL): void {
    const upload = this.uploads.get(url.searchParams.get('uploadId') ?? '');
    if (!upload) {
      refuse(response, 404, 'NoSuchUpload');
      return;
    }
    const after = Number(url.searchParams.get('part-number-marker') ?? 0);
    const numbers = [...upload.parts.keys()].filter((number) => number > after).sort((a, b) => a - b);
    const page = numbers.slice(0, this.pageSize);
    const parts = page.map((number) => {
      const bytes = upload.parts.get(number) ?? Buffer.alloc(0);
      const etag = createHash('md5').update(bytes).digest('hex');
      return `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag><Size>${bytes.length}</Size></Part>`;
    });
    const more = page.length < numbers.length;
    const next = more ? `<NextPartNumberMarker>${page.at(-1)}</NextPartNumberMarker>` : '';
    xml(response, `<ListPartsResult><IsTruncated>${more}</IsTruncated>${next}${parts.join('')}</ListPartsResult>`);
  }

  #abort(response: ServerResponse, url: URL): void {
    this.uploads.delete(url.searchParams.get('uploadId') ?? '');
    response.writeHead(204).end();
  }

  #complete(request: IncomingMessage, response: ServerResponse, url: URL, key: string, body: Buffer): void {
    const id = url.searchParams.get('uploadId') ?? '';
    const upload = this.uploads.get(id);
    if (!upload) {
      refuse(response, 404, 'NoSuchUpload');
      return;
    }
    const broken = this.#holds(request, key);
    if (broken) {
      refuse(response, ...broken);
      return;
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map((match) => Number(match[1]));
    const parts = named.map((number) => upload.parts.get(number) ?? Buffer.alloc(0));
    if (parts.slice(0, -1).some((part) => part.length < LEAST_PART)) {
      refuse(response, 400, 'EntityTooSmall');
      return;
    }
    const digests = parts.map((part) => createHash('md5').update(part).digest());
    const etag = `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${parts.length}"`;
    this.objects.set(key, { bytes: Buffer.concat(parts), etag, ...aboutOf(upload.headers) });
    this.uploads.delete(id);
    xml(response, `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`);
  }

  #list(response: ServerResponse, url: URL): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const after = url.searchParams.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, this.pageSize);
    const rows = page.map((key) => {
      const { bytes, etag } = this.objects.get(key) as StoredObject;
      return `<Contents><Key>${escaped(key)}</Key><Size>${bytes.length}</Size><ETag>${escaped(etag)}</ETag></Contents>`;
    });
    const more = page.length < keys.length;
    const next = more ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    xml(response, `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`);
  }

  #get(request: IncomingMessage, response: ServerResponse, key: string): void {
    const found = this.objects.get(key);
    if (!found) {
      refuse(response, 404, 'NoSuchKey');
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    for (const [name, value] of Object.entries(found.metadata)) response.setHeader(`x-amz-meta-${name}`, value);
    response.setHeader('ETag', found.etag).setHeader('Content-Length', found.bytes.length - from);
    response.end(request.method === 'HEAD' ? undefined : found.bytes.subarray(from));
  }
}

/** The whole body, or `undefined` once `cutAfter` bytes have come. */
async function read(request: IncomingMessage, cutAfter = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of request as AsyncIterable<Buffer>) {
    blocks.push(block);
    length += block.length;
    if (length >= cutAfter) return undefined;
  }
  return Number.isFinite(cutAfter) ? undefined : Buffer.concat(blocks);
}

function aboutOf(headers: IncomingMessage['headers']) {
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)]] : [],
  );
  return {
    metadata: Object.fromEntries(metadata) as Record<string, string>,
    storageClass: String(headers['x-amz-storage-class'] ?? 'STANDARD'),
  };
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function xml(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${text}`);
}

function refuse(response: ServerResponse, status: number, code: string, message = code): void {
  xml(response, `<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`, status);
}
