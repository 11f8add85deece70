import { createHash } from 'node:crypto';
import { errorText } from 'cupboard/sdk';
import type { DiskCache } from './disk-cache.ts';

export interface MapTile {
  readonly content: Buffer;
  readonly type: string;
}

const TIMEOUT = 15_000;
/** Bytes; the tiles of a drawn map have 50 kB at most, those of an aerial one 200. */
const LARGEST = 2 * 1024 * 1024;
/** Of the usual scheme: each level has four times the tiles of the one above. */
export const DEEPEST_ZOOM = 19;

/**
 * Fetches the squares of a map for the page. The browser asks nobody but the hub: the map's server learns neither who
 * looks nor, as everything is kept on disk, how often.
 */
export class MapTiles {
  readonly #template: string;
  readonly #cache: DiskCache;
  readonly #userAgent: string;

  /** @param template `https://tile.example.org/{z}/{x}/{y}.png` */
  constructor(template: string, cache: DiskCache, userAgent: string) {
    this.#template = template;
    this.#cache = cache;
    this.#userAgent = userAgent;
  }

  /**
   * Undefined for numbers that name no tile.
   * @throws Error when the map's server does not answer with a picture
   */
  async get(z: number, x: number, y: number): Promise<MapTile | undefined> {
    if (![z, x, y].every(Number.isInteger) || z < 0 || z > DEEPEST_ZOOM) return undefined;
    if (x < 0 || y < 0 || x >= 2 ** z || y >= 2 ** z) return undefined;
    const url = this.#template.replaceAll('{z}', String(z)).replaceAll('{x}', String(x)).replaceAll('{y}', String(y));
    const key = `${createHash('sha256').update(url).digest('hex')}.tile`;
    const content = (await this.#cache.read(key)) ?? (await this.#fetch(url, key));
    return { content, type: imageType(content) as string };
  }

  async #fetch(url: string, key: string): Promise<Buffer> {
    const host = new URL(url).host;
    const response = await fetch(url, {
      headers: { 'user-agent': this.#userAgent },
      signal: AbortSignal.timeout(TIMEOUT),
    }).catch((error: unknown) => {
      throw new Error(`${host} does not answer: ${errorText(error)}`, { cause: error });
    });
    if (!response.ok) throw new Error(`${host} answers with status ${response.status}`);
    const content = Buffer.from(await response.arrayBuffer());
    if (content.length > LARGEST || imageType(content) === undefined) throw new Error(`${host} sends no map tile`);
    await this.#cache.write(key, content);
    return content;
  }
}

/** By the first bytes: what a server says of its own answer is not passed on. */
function imageType(content: Buffer): string | undefined {
  const starts = (bytes: string) => content.subarray(0, bytes.length / 2).toString('hex') === bytes;
  if (starts('89504e47')) return 'image/png';
  if (starts('ffd8ff')) return 'image/jpeg';
  return starts('52494646') && content.subarray(8, 12).toString() === 'WEBP' ? 'image/webp' : undefined;
}
