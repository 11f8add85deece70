import { readFile } from 'node:fs/promises';
import { errorText, type Logger } from 'cupboard/sdk';
import type { FileKind } from '../catalogue.ts';
import type { ArchiveFile } from './archive-file.ts';
import type { Size } from './contract.ts';
import type { DiskCache } from './disk-cache.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import type { Render } from './render.ts';

/** A picture that lies inside a file whose own cannot be shown: RAW, HEIC, some films. */
export interface Preview {
  readonly image: Buffer;
  /** EXIF orientation of the file it is from. */
  readonly orientation?: number;
}

export interface ThumbnailSource {
  readonly kind: FileKind;
  readonly file: ArchiveFile;
  /** The picture a camera lays beside a film (.THM). */
  readonly companion?: ArchiveFile | undefined;
}

export type Thumbnail =
  | { readonly ok: true; readonly image: Buffer }
  | { readonly ok: false; readonly reason: 'no_preview' | 'no_renderer' };

export interface ThumbnailOptions {
  readonly cache: DiskCache;
  readonly loadRenderer: () => Promise<Render>;
  /** Undefined when the file holds none. */
  readonly readPreview: (path: string) => Promise<Preview | undefined>;
  readonly log: Logger;
}

/** Pictures made at a time: with two, a page of thumbnails fills quickly and an import still gets on. */
const AT_ONCE = 2;
/** Read into memory at most; a larger picture is shown by what lies inside it. */
const LARGEST = 128 * 1024 * 1024;

/** Small pictures of large files, made when asked for and kept on disk by the hash of the content. */
export class Thumbnails {
  readonly #options: ThumbnailOptions;
  readonly #inTurn = limitConcurrency(AT_ONCE);
  readonly #underWay = new Map<string, Promise<Thumbnail>>();
  #renderer: Promise<Render | undefined> | undefined;
  #problem: string | undefined;

  constructor(options: ThumbnailOptions) {
    this.#options = options;
  }

  /** Why no thumbnails can be made here; undefined when they can. */
  async problem(): Promise<string | undefined> {
    await this.#load();
    return this.#problem;
  }

  /** What was made of a file that is gone. */
  async remembered(version: string, size: Size): Promise<Thumbnail> {
    const image = await this.#options.cache.read(keyOf(version, size));
    return image ? { ok: true, image } : { ok: false, reason: 'no_preview' };
  }

  /** @throws Error when the file cannot be read, as on a failing disk */
  async get(source: ThumbnailSource, size: Size): Promise<Thumbnail> {
    const key = keyOf(source.file.version, size);
    const known = this.#underWay.get(key);
    if (known) return known;
    const made = this.#find(key, source, size).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, made);
    return made;
  }

  async #find(key: string, source: ThumbnailSource, size: Size): Promise<Thumbnail> {
    const { cache } = this.#options;
    const image = await cache.read(key);
    if (image) return { ok: true, image };
    const none = `${source.file.version}.none`;
    if (await cache.read(none)) return { ok: false, reason: 'no_preview' };
    const render = await this.#load();
    if (!render) return { ok: false, reason: 'no_renderer' };
    const made = await this.#inTurn(() => this.#make(render, source, size));
    // A picture that cannot be decoded today cannot tomorrow: it is not tried again until its content changes.
    await (made ? cache.write(key, made) : cache.write(none, 'nothing to show'));
    return made ? { ok: true, image: made } : { ok: false, reason: 'no_preview' };
  }

  /** The picture itself where it can be decoded, else what lies beside or inside it. */
  async #make(render: Render, { kind, file, companion }: ThumbnailSource, size: Size): Promise<Buffer | undefined> {
    const attempt = async (picture: Buffer, orientation?: number) => {
      try {
        return await render(picture, size, orientation);
      } catch (error) {
        this.#options.log.debug(`${file.path} cannot be decoded: ${errorText(error)}`);
        return undefined;
      }
    };
    const direct = companion ?? (kind === 'photo' || kind === 'thumbnail' ? file : undefined);
    if (direct && direct.size <= LARGEST) {
      const drawn = await attempt(await readFile(direct.path));
      if (drawn) return drawn;
    }
    const preview = await this.#options.readPreview(file.path);
    return preview && attempt(preview.image, preview.orientation);
  }

  #load(): Promise<Render | undefined> {
    this.#renderer ??= this.#options.loadRenderer().catch((error: unknown) => {
      this.#problem = errorText(error);
      this.#options.log.warn(`no thumbnails: ${this.#problem}`);
      return undefined;
    });
    return this.#renderer;
  }
}

const keyOf = (version: string, size: Size): string => `${version}-${size}.webp`;
