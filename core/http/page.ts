import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { errorCode } from '../support/errors.ts';

const ENCODERS = {
  br: (content: Buffer) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  gzip: (content: Buffer) => promisify(gzip)(content),
};
type Encoding = keyof typeof ENCODERS;
const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.svg', '.json', '.map', '.webmanifest', '.txt']);
/** Vite puts what has a hash of its content in its name there. */
const HASHED = `${sep}assets${sep}`;

interface Asset {
  readonly path: string;
  readonly modified: number;
  readonly content: Buffer;
  readonly tag: string;
  readonly encoded: Map<Encoding, Promise<Buffer>>;
}

/**
 * The built page, small enough to be kept in memory. Any path that names no file is answered with index.html: the page
 * itself knows its paths.
 */
export function servePage(folder: string): RequestHandler {
  const assets = new Map<string, Asset>();

  const load = async (path: string): Promise<Asset | undefined> => {
    const modified = await modifiedAt(path);
    if (modified === undefined) return undefined;
    const known = assets.get(path);
    if (known?.modified === modified) return known;
    const content = await readFile(path);
    const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 16)}"`;
    const asset = { path, modified, content, tag, encoded: new Map() };
    assets.set(path, asset);
    return asset;
  };

  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const wanted = fileBelow(folder, request.path);
    const found = wanted === undefined ? undefined : await load(wanted);
    const asset = found ?? (isPagePath(request.path) ? await load(join(folder, 'index.html')) : undefined);
    return asset ? sendAsset(request, response, asset) : next();
  };
}

/** Sends one file that is not of the page with the same care. */
export async function sendFile(request: Request, response: Response, path: string): Promise<void> {
  const content = await readFile(path);
  const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 16)}"`;
  await sendAsset(request, response, { path, modified: 0, content, tag, encoded: new Map() });
}

async function sendAsset(request: Request, response: Response, asset: Asset): Promise<void> {
  const extension = extname(asset.path);
  response.type(extension);
  response.set('etag', asset.tag).set('vary', 'accept-encoding');
  response.set('cache-control', asset.path.includes(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache');
  // A sandboxed frame has no origin, so for it the hub's own scripts come from elsewhere; there is no secret in them.
  if (request.headers.origin === 'null') response.set('access-control-allow-origin', 'null');
  if (request.fresh) return void response.status(304).end();
  const encoding = COMPRESSIBLE.has(extension) && request.acceptsEncodings('br', 'gzip');
  response.end(encoding ? await encode(response, asset, encoding as Encoding) : asset.content);
}

function encode(response: Response, asset: Asset, encoding: Encoding): Promise<Buffer> {
  response.set('content-encoding', encoding);
  const known = asset.encoded.get(encoding) ?? ENCODERS[encoding](asset.content);
  asset.encoded.set(encoding, known);
  return known;
}

/** The file a URL path names, never one outside the folder. */
export function fileBelow(folder: string, urlPath: string): string | undefined {
  const decoded = decode(urlPath);
  if (decoded === undefined || decoded.includes('\0')) return undefined;
  const path = join(folder, decoded);
  return path.startsWith(`${folder}${sep}`) ? path : undefined;
}

function decode(urlPath: string): string | undefined {
  try {
    return decodeURIComponent(urlPath);
  } catch {
    return undefined; // a lone percent sign names no file
  }
}

/** A path of the page, such as `/plugins` or `/weather`, is not a missing `/x.js` nor a missing route. */
function isPagePath(path: string): boolean {
  return extname(path) === '' && !/^\/(api|metrics|mqtt)(\/|$)/.test(path);
}

async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mtimeMs : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
