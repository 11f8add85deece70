import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { errorCode } from '../support/errors.ts';

const ENCODERS = {
  br: (content: Buffer) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  gzip: (content: Buffer) => promisify(gzip)(content),
};
type Encoding = keyof typeof ENCODERS;
/** The smaller first: browsers name them in no order of liking. */
const ENCODINGS: readonly Encoding[] = ['br', 'gzip'];
const COMPRESSIBLE = new Set(['.html', '.js', '.mjs', '.css', '.svg', '.json', '.map', '.webmanifest', '.txt']);
/** Vite puts what has a hash of its content in its name there. */
const HASHED = `${sep}assets${sep}`;

interface Asset {
  readonly modified: number;
  readonly content: Buffer;
  readonly tag: string;
  readonly encoded: Map<Encoding, Promise<Buffer>>;
}

/** Files of the page and of panels: few and small enough to be kept in memory, compressed once. */
export class Assets {
  readonly #known = new Map<string, Asset>();

  /** Sends a file; false when there is none. */
  async send(request: Request, response: Response, path: string): Promise<boolean> {
    const asset = await this.#load(path);
    if (!asset) return false;
    const extension = extname(path);
    response.type(extension).set('etag', asset.tag).set('vary', 'accept-encoding, origin');
    response.set('cache-control', path.includes(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache');
    // A sandboxed frame has no origin, so for it the hub's own scripts come from elsewhere; there is no secret in them.
    if (request.headers.origin === 'null') response.set('access-control-allow-origin', 'null');
    if (request.fresh) {
      response.status(304).end();
      return true;
    }
    const encoding = COMPRESSIBLE.has(extension) ? ENCODINGS.find((each) => request.acceptsEncodings(each)) : undefined;
    response.end(encoding ? await encode(response, asset, encoding) : asset.content);
    return true;
  }

  async #load(path: string): Promise<Asset | undefined> {
    const modified = await modifiedAt(path);
    if (modified === undefined) return undefined;
    const known = this.#known.get(path);
    if (known?.modified === modified) return known;
    const content = await readFile(path);
    const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 16)}"`;
    const asset = { modified, content, tag, encoded: new Map() };
    this.#known.set(path, asset);
    return asset;
  }
}

function encode(response: Response, { content, encoded }: Asset, encoding: Encoding): Promise<Buffer> {
  response.set('content-encoding', encoding);
  const known = encoded.get(encoding) ?? ENCODERS[encoding](content);
  encoded.set(encoding, known);
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

/** Undefined when there is no such file. */
async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mtimeMs : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
