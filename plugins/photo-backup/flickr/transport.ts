import { createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { deadline, errorCode } from 'cupboard/sdk';
import type { XMLParser } from 'fast-xml-parser';
import { FlickrError, stateOf, stateOfProblem } from './errors.ts';
import type { Pace } from './pace.ts';

export interface Credentials {
  readonly key: string;
  readonly secret: string;
}
export type Parameters = Readonly<Record<string, string>>;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Signed conversations with Flickr. Every function throws FlickrError, or the reason of the aborted signal. */
export interface Transport {
  /** Calls a method of the REST API and answers its JSON. */
  call<T>(method: string, parameters: Parameters, token: Credentials, signal: AbortSignal): Promise<T>;
  /** Sends a file and answers the id of the photo. `unclear` when the file went out and no answer came back. */
  upload(path: string, parameters: Parameters, token: Credentials, signal: AbortSignal): Promise<string>;
  /** One step of the OAuth dance: `request_token` or `access_token`. */
  oauth(
    step: string,
    parameters: Parameters,
    token: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<URLSearchParams>;
  /** Where the user is sent to allow writing. */
  authorizeUrl(token: string): string;
}

const CALL_TIMEOUT_MS = 30_000;
/** Without a byte in either direction; Flickr takes its time over a video after its last byte. */
const UPLOAD_SILENCE_MS = 180_000;

/** @param url replaces Flickr's hosts: `http://127.0.0.1:8080` */
export async function openTransport(app: Credentials, pace: Pace, url?: string): Promise<Transport> {
  // On demand: most households do not share on Flickr.
  const [{ default: OAuth }, { XMLParser }] = await Promise.all([import('oauth-1.0a'), import('fast-xml-parser')]);
  const base = url?.replace(/\/+$/, '');
  const at = (host: string, path: string) => `${base ?? `https://${host}.flickr.com`}/services/${path}`;
  const signer = new OAuth({
    consumer: app,
    signature_method: 'HMAC-SHA1',
    hash_function: (baseString, key) => createHmac('sha1', key).update(baseString).digest('base64'),
  });
  const xml = new XMLParser(AS_TEXT);
  /** What begins with `oauth_` has to travel in one place: here (RFC 5849, 3.5). */
  const header = (address: string, fields: Parameters, token: Credentials | undefined): string => {
    const signed = signer.authorize({ url: address, method: 'POST', data: { ...fields } }, token);
    return signer.toHeader({ ...signed, ...fields }).Authorization;
  };

  /** A POST of signed form fields; none of them ends up in an address, and so in no log on the way. */
  async function post(address: string, fields: Parameters, token: Credentials | undefined, signal: AbortSignal) {
    await pace.take(signal);
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: { authorization: header(address, fields, token) },
        body: new URLSearchParams(Object.entries(fields).filter(([name]) => !name.startsWith('oauth_'))),
        redirect: 'manual',
        signal: deadline(CALL_TIMEOUT_MS, signal),
      });
      return noProblem({ status: response.status, body: await response.text() });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FlickrError) throw error;
      throw new FlickrError('unreachable', `no answer from Flickr: ${reason(error)}`, { cause: error });
    }
  }

  return {
    async call<T>(method: string, parameters: Parameters, token: Credentials, signal: AbortSignal) {
      const fields = { method, format: 'json', nojsoncallback: '1', ...parameters };
      const { status, body } = await post(at('api', 'rest/'), fields, token, signal);
      const answer = parseJson(body) as { stat?: string; code?: number; message?: string } | undefined;
      if (answer?.stat === 'ok') return answer as T;
      if (answer?.stat !== 'fail') throw notFlickr(status, body);
      const number = Number(answer.code);
      throw new FlickrError(stateOf(number), `${method}: ${answer.message} (${number})`, { number });
    },

    async upload(path, parameters, token, signal) {
      await pace.take(signal);
      const address = at('up', 'upload/');
      const { status, body } = await sendForm(address, header(address, parameters, token), parameters, path, signal);
      return photoIdOf(status, readXml(xml, body));
    },

    async oauth(step, parameters, token, signal) {
      const { status, body } = await post(at('www', `oauth/${step}`), parameters, token, signal);
      const answer = new URLSearchParams(body);
      // Not with the body: half an answer could hold a secret.
      if (status !== 200 || !answer.has('oauth_token')) throw notFlickr(status, 'no token');
      return answer;
    },

    authorizeUrl: (token) => `${at('www', 'oauth/authorize')}?oauth_token=${encodeURIComponent(token)}&perms=write`,
  };
}

/** `multipart/form-data` with the file as `photo`, streamed: a video does not fit into memory. */
async function sendForm(
  address: string,
  authorization: string,
  fields: Parameters,
  path: string,
  signal: AbortSignal,
): Promise<Answer> {
  const size = await sizeOf(path);
  const boundary = `cupboard-${crypto.randomUUID()}`;
  const part = (name: string, more = '') =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
  const fileName = basename(path).replace(/["\\\r\n]/g, '_');
  const head = Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => `${part(name)}${value}\r\n`)
      .concat(part('photo', `; filename="${fileName}"\r\nContent-Type: application/octet-stream`))
      .join(''),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const send = address.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(address, {
    method: 'POST',
    signal,
    timeout: UPLOAD_SILENCE_MS,
    headers: {
      authorization,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.length + size + tail.length,
    },
  });
  request.on('timeout', () => request.destroy(new Error(`silence for ${UPLOAD_SILENCE_MS / 1000} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  // An answer may come before the last byte is out (a bad signature): what breaks off after it does not matter.
  pipeline(Readable.from(formOf(head, path, size, tail)), request).catch((error: Error) => request.destroy(error));
  try {
    const response = await answered;
    return noProblem({ status: response.statusCode ?? 0, body: await text(response) });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FlickrError) throw error;
    const neverSent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'];
    const state = neverSent.includes(errorCode(error) ?? '') ? 'unreachable' : 'unclear';
    throw new FlickrError(state, `the upload broke off: ${reason(error)}`, { cause: error });
  }
}

async function* formOf(head: Buffer, path: string, size: number, tail: Buffer) {
  yield head;
  try {
    yield* createReadStream(path, { end: Math.max(0, size - 1) });
  } catch (error) {
    throw unreadable(path, error);
  }
  yield tail;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): FlickrError =>
  new FlickrError('missing', `${basename(path)} cannot be read: ${reason(error)}`, { cause: error });

/** Ids are longer than numbers are exact. */
const AS_TEXT = { ignoreAttributes: false, attributeNamePrefix: '', parseTagValue: false, parseAttributeValue: false };

interface UploadAnswer {
  readonly rsp?: {
    readonly stat?: string;
    readonly photoid?: string | { readonly '#text': string };
    readonly duplicate_photo_id?: string;
    readonly err?: { readonly code?: string; readonly msg?: string; readonly duplicate_photo_id?: string };
  };
}

function photoIdOf(status: number, { rsp }: UploadAnswer): string {
  const id = typeof rsp?.photoid === 'object' ? rsp.photoid['#text'] : rsp?.photoid;
  if (rsp?.stat === 'ok' && id) return id;
  if (status === 429) throw notFlickr(status, 'too many calls');
  if (rsp?.stat !== 'fail') {
    // Something took the file and answered strangely: a proxy, or Flickr in trouble. It may well have arrived.
    throw new FlickrError('unclear', `the upload was answered with HTTP ${status}`);
  }
  const number = Number(rsp.err?.code);
  throw new FlickrError(stateOf(number, true), `${rsp.err?.msg ?? 'refused'} (${number})`, {
    number,
    duplicateOf: rsp.err?.duplicate_photo_id ?? rsp.duplicate_photo_id,
  });
}

function readXml(xml: XMLParser, body: string): UploadAnswer {
  try {
    return xml.parse(body) as UploadAnswer;
  } catch {
    return {}; // no XML: judged by the status
  }
}

/** Where it does not like the signing, Flickr answers any call like a step of the dance. @throws FlickrError then */
function noProblem(answer: Answer): Answer {
  const problem = /^oauth_problem=(\w+)/.exec(answer.body)?.[1];
  if (problem !== undefined) throw new FlickrError(stateOfProblem(problem), `Flickr answers ${problem}`);
  return answer;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // no JSON: judged by the status
  }
}

function notFlickr(status: number, body: string): FlickrError {
  const isDown = status === 429 || status >= 500;
  return new FlickrError(isDown ? 'flickr_down' : 'refused', `Flickr answers HTTP ${status}: ${body.slice(0, 100)}`);
}

/** What went wrong on the line, without anything of the request. */
function reason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause ?? error;
  return errorCode(cause) ?? (cause instanceof Error ? cause.name : 'the request failed');
}
