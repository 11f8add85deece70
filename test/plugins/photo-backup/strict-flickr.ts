import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export const APP = { key: 'app-key', secret: 'app-s3cret&%' } as const;
export const VERIFIER = '123-456-789';
const REQUEST_TOKEN = { key: 'request-token', secret: 'request+secret' } as const;
const ACCESS_TOKEN = { key: 'access-token', secret: 'access/secret=' } as const;

export interface FlickrPhoto {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly sha256: string;
  readonly fileName: string;
  tags: string[];
  position?: { lat: string; lon: string };
  /** Searches that still do not find it. */
  hiddenFor: number;
}

export type Fault = 'drop_before' | 'drop_after' | 'down' | 'garbage_after';

/**
 * Flickr as its documents describe it: it checks every OAuth signature itself, by RFC 5849 and not with the library of
 * the plugin, refuses used nonces and wrong clocks, and knows photos, albums, machine tags and duplicates.
 */
export interface StrictFlickr {
  readonly url: string;
  readonly photos: Map<string, FlickrPhoto>;
  readonly albums: Map<string, { title: string; photos: string[] }>;
  /** Every method called, in order; `upload` for an upload. */
  readonly calls: string[];
  /** Why requests were refused. */
  readonly refused: string[];
  /** What happens to the next uploads, one after the other. */
  readonly faults: Fault[];
  /** Searches that do not find a new photo yet. */
  indexLag: number;
  /** Seconds its clock is ahead of ours. */
  clockAhead: number;
  /** Permission withdrawn by the user. */
  revoked: boolean;
  /** Bytes; a larger upload is refused. */
  mostBytes: number;
}

class Refusal extends Error {
  constructor(
    readonly oauthProblem: string | undefined,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export async function startFlickr(): Promise<StrictFlickr> {
  const nonces = new Set<string>();
  const hour: number[] = [];
  let nextId = 9_000_000_000_000_001n;
  const newId = () => String(nextId++);

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      flickr.refused.push(error.oauthProblem ?? String(error.code));
      const { pathname } = new URL(request.url ?? '', 'http://x');
      if (error.oauthProblem !== undefined)
        response.writeHead(401).end(`oauth_problem=${error.oauthProblem}&debug_sbs=x`);
      else if (pathname === '/services/upload/')
        sendXml(response, `<rsp stat="fail"><err code="${error.code}" msg="${error.message}"/></rsp>`);
      else sendJson(response, { stat: 'fail', code: error.code, message: error.message });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '', base);
    const body = await readBody(request);
    const now = Date.now() / 1000;
    hour.push(now);
    if (hour.filter((time) => time > now - 3600).length >= 3600) {
      return response.writeHead(429).end('too many');
    }
    const oauth = verify(request, url, body.fields, now);
    if (url.pathname.startsWith('/services/oauth/')) return dance(url.pathname, oauth, response);
    if (oauth.get('oauth_token') !== ACCESS_TOKEN.key || flickr.revoked)
      throw new Refusal(undefined, 98, 'Invalid auth token');
    if (url.pathname === '/services/upload/') return upload(request, response, body);
    if (url.pathname === '/services/rest/') return method(body.fields, response);
    return response.writeHead(404).end();
  }

  /** RFC 5849, 3.2: the signature is computed anew from what arrived. */
  function verify(request: IncomingMessage, url: URL, fields: readonly Pair[], now: number): Map<string, string> {
    const header = request.headers.authorization ?? '';
    if (!header.startsWith('OAuth ')) throw new Refusal('parameter_absent', 0, '');
    const pairs = [...header.slice(6).matchAll(/([^=,\s]+)="([^"]*)"/g)].map(
      ([, name, value]): Pair => [decodeURIComponent(name as string), decodeURIComponent(value as string)],
    );
    const oauth = new Map(pairs);
    if (oauth.size !== pairs.length || [...fields, ...url.searchParams].some(([name]) => name.startsWith('oauth_'))) {
      throw new Refusal('parameter_rejected', 0, '');
    }
    if (oauth.get('oauth_signature_method') !== 'HMAC-SHA1' || oauth.get('oauth_version') !== '1.0') {
      throw new Refusal('signature_method_rejected', 0, '');
    }
    if (oauth.get('oauth_consumer_key') !== APP.key) throw new Refusal('consumer_key_unknown', 0, '');
    const time = Number(oauth.get('oauth_timestamp'));
    if (!(Math.abs(now + flickr.clockAhead - time) < 300)) throw new Refusal('timestamp_refused', 0, '');
    const signed = [
      ...pairs.filter(([name]) => name !== 'oauth_signature' && name !== 'realm'),
      ...fields,
      ...url.searchParams,
    ];
    const normal = signed
      .map(([name, value]): Pair => [percent(name), percent(value)])
      .sort(
        (a, b) =>
          Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])) || Buffer.compare(Buffer.from(a[1]), Buffer.from(b[1])),
      )
      .map((pair) => pair.join('='))
      .join('&');
    const text = [request.method?.toUpperCase() ?? '', `${url.protocol}//${url.host}${url.pathname}`, normal]
      .map(percent)
      .join('&');
    const token = [REQUEST_TOKEN, ACCESS_TOKEN].find(({ key }) => key === oauth.get('oauth_token'));
    const key = `${percent(APP.secret)}&${percent(token?.secret ?? '')}`;
    const right = createHmac('sha1', key).update(text).digest('base64');
    if (oauth.get('oauth_signature') !== right) throw new Refusal('signature_invalid', 0, '');
    const nonce = `${time} ${oauth.get('oauth_nonce')}`;
    if (!oauth.get('oauth_nonce') || nonces.has(nonce)) throw new Refusal('nonce_used', 0, '');
    nonces.add(nonce);
    return oauth;
  }

  function dance(path: string, oauth: ReadonlyMap<string, string>, response: ServerResponse): void {
    if (path === '/services/oauth/request_token') {
      if (oauth.get('oauth_callback') !== 'oob') throw new Refusal('parameter_absent', 0, '');
      response.end(
        form({
          oauth_callback_confirmed: 'true',
          oauth_token: REQUEST_TOKEN.key,
          oauth_token_secret: REQUEST_TOKEN.secret,
        }),
      );
      return;
    }
    if (oauth.get('oauth_token') !== REQUEST_TOKEN.key) throw new Refusal('token_rejected', 0, '');
    if (oauth.get('oauth_verifier') !== VERIFIER) throw new Refusal('verifier_invalid', 0, '');
    const user = { fullname: 'Ann', user_nsid: '1234@N00', username: 'ann' };
    response.end(form({ ...user, oauth_token: ACCESS_TOKEN.key, oauth_token_secret: ACCESS_TOKEN.secret }));
  }

  function upload(request: IncomingMessage, response: ServerResponse, { fields, file }: Body): unknown {
    flickr.calls.push('upload');
    const fault = flickr.faults.shift();
    if (fault === 'drop_before') return request.socket.destroy();
    if (fault === 'down') throw new Refusal(undefined, 105, 'Service currently unavailable');
    if (file === undefined) throw new Refusal(undefined, 2, 'No photo specified');
    if (file.bytes.length === 0) throw new Refusal(undefined, 4, 'Filesize was zero');
    if (file.bytes.length > flickr.mostBytes) throw new Refusal(undefined, 8, 'Filesize was too large');
    if (file.bytes.readUInt16BE(0) !== 0xffd8) throw new Refusal(undefined, 5, 'Filetype was not recognised');
    const given = Object.fromEntries(fields);
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    const twin = [...flickr.photos.values()].find((photo) => photo.sha256 === sha256);
    if (given['dedup_check'] === '1' && twin !== undefined) {
      return sendXml(
        response,
        `<rsp stat="fail"><err code="9" msg="Duplicate photo/video detected" duplicate_photo_id="${twin.id}"/></rsp>`,
      );
    }
    const id = newId();
    const tags = [...(given['tags'] ?? '').matchAll(/"([^"]+)"|(\S+)/g)].map(
      ([, quoted, plain]) => (quoted ?? plain) as string,
    );
    flickr.photos.set(id, { id, fields: given, sha256, fileName: file.name, tags, hiddenFor: flickr.indexLag });
    if (fault === 'drop_after') return request.socket.destroy();
    if (fault === 'garbage_after') return response.writeHead(502).end('<html>Bad gateway</html>');
    return sendXml(response, `<rsp stat="ok"><photoid>${id}</photoid></rsp>`);
  }

  function method(fields: readonly Pair[], response: ServerResponse): void {
    const given = Object.fromEntries(fields);
    if (given['format'] !== 'json' || given['nojsoncallback'] !== '1')
      throw new Refusal(undefined, 111, 'Format not found');
    const name = given['method'] ?? '';
    flickr.calls.push(name);
    const found = METHODS[name];
    if (found === undefined) throw new Refusal(undefined, 112, `Method "${name}" not found`);
    sendJson(response, { stat: 'ok', ...found(flickr, given, newId) });
  }

  const flickr: StrictFlickr = {
    url: base,
    photos: new Map(),
    albums: new Map(),
    calls: [],
    refused: [],
    faults: [],
    indexLag: 0,
    clockAhead: 0,
    revoked: false,
    mostBytes: 200e6,
  };
  return flickr;
}

type Given = Readonly<Record<string, string>>;
const METHODS: Readonly<Record<string, (flickr: StrictFlickr, given: Given, newId: () => string) => object>> = {
  'flickr.photos.search': (flickr, { user_id, machine_tags }) => {
    if (user_id !== 'me') throw new Refusal(undefined, 2, 'Unknown user');
    const photo = [...flickr.photos.values()].filter(({ tags }) => tags.includes(machine_tags ?? ''));
    const visible = photo.filter((one) => one.hiddenFor === 0);
    for (const one of photo) one.hiddenFor = Math.max(0, one.hiddenFor - 1);
    return {
      photos: { page: 1, pages: 1, perpage: 1, total: visible.length, photo: visible.map(({ id }) => ({ id })) },
    };
  },
  'flickr.photos.geo.setLocation': (flickr, { photo_id, lat = '', lon = '' }) => {
    const photo = flickr.photos.get(photo_id ?? '');
    if (!photo) throw new Refusal(undefined, 1, 'Photo not found');
    if (!(Math.abs(Number(lat)) <= 90 && Math.abs(Number(lon)) <= 180))
      throw new Refusal(undefined, 3, 'Invalid position');
    photo.position = { lat, lon };
    return {};
  },
  'flickr.photos.getInfo': (flickr, { photo_id }) => {
    const photo = flickr.photos.get(photo_id ?? '');
    if (!photo) throw new Refusal(undefined, 1, 'Photo not found');
    return {
      photo: {
        id: photo.id,
        tags: { tag: photo.tags.map((raw) => ({ raw, machine_tag: /^\w+:\w+=/.test(raw) ? 1 : 0 })) },
      },
    };
  },
  'flickr.photosets.getList': (flickr, { page = '1', per_page = '500' }) => {
    const all = [...flickr.albums].map(([id, { title }]) => ({ id, title: { _content: title } }));
    const from = (Number(page) - 1) * Number(per_page);
    const pages = Math.ceil(all.length / Number(per_page));
    return { photosets: { page: Number(page), pages, photoset: all.slice(from, from + Number(per_page)) } };
  },
  'flickr.photosets.create': (flickr, { title, primary_photo_id = '' }, newId) => {
    if (!title) throw new Refusal(undefined, 1, 'No title specified');
    if (!flickr.photos.has(primary_photo_id)) throw new Refusal(undefined, 2, 'Photo not found');
    const id = newId();
    flickr.albums.set(id, { title, photos: [primary_photo_id] });
    return { photoset: { id, url: '' } };
  },
  'flickr.photosets.addPhoto': (flickr, { photoset_id = '', photo_id = '' }) => {
    const album = flickr.albums.get(photoset_id);
    if (!album) throw new Refusal(undefined, 1, 'Photoset not found');
    if (!flickr.photos.has(photo_id)) throw new Refusal(undefined, 2, 'Photo not found');
    if (album.photos.includes(photo_id)) throw new Refusal(undefined, 3, 'Photo already in set');
    album.photos.push(photo_id);
    return {};
  },
};

type Pair = readonly [string, string];
interface Body {
  readonly fields: readonly Pair[];
  readonly file?: { readonly name: string; readonly bytes: Buffer };
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const bytes = await buffer(request);
  const type = request.headers['content-type'] ?? '';
  const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(type)?.[1];
  if (boundary !== undefined) return parseMultipart(bytes, boundary);
  return { fields: [...new URLSearchParams(bytes.toString())] };
}

/** RFC 7578. */
function parseMultipart(bytes: Buffer, boundary: string): Body {
  const fields: Pair[] = [];
  let file: Body['file'];
  const mark = Buffer.from(`--${boundary}`);
  for (let at = bytes.indexOf(mark); ; ) {
    const from = at + mark.length + 2;
    const next = bytes.indexOf(mark, from);
    if (next < 0) break;
    const headEnd = bytes.indexOf('\r\n\r\n', from);
    const head = bytes.subarray(from, headEnd).toString();
    const content = bytes.subarray(headEnd + 4, next - 2);
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? '';
    const fileName = /filename="([^"]*)"/.exec(head)?.[1];
    if (name === 'photo') file = { name: fileName ?? '', bytes: Buffer.from(content) };
    else fields.push([name, content.toString()]);
    at = next;
  }
  return { fields, ...(file && { file }) };
}

/** RFC 5849, 3.6: every byte that is not unreserved. */
function percent(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
const sendXml = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { 'content-type': 'text/xml' }).end(`<?xml version="1.0" encoding="utf-8" ?>\n${text}\n`);
};
const sendJson = (response: ServerResponse, value: object): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};
