import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import express from 'express';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { openStore } from '../../../core/sdk/store.ts';
import { Catalogue, type NewFile } from '../../../plugins/photos/catalogue.ts';
import { DiskCache } from '../../../plugins/photos/gallery/disk-cache.ts';
import { Gallery } from '../../../plugins/photos/gallery/gallery.ts';
import { MapTiles } from '../../../plugins/photos/gallery/map-tiles.ts';
import { readPreview } from '../../../plugins/photos/gallery/preview.ts';
import { loadRenderer, type Render } from '../../../plugins/photos/gallery/render.ts';
import { galleryRoutes } from '../../../plugins/photos/gallery/routes.ts';
import { Thumbnails } from '../../../plugins/photos/gallery/thumbnails.ts';
import { createExifTool } from '../../../plugins/photos/metadata/exiftool.ts';
import { MIGRATIONS } from '../../../plugins/photos/migrations.ts';
import { temporaryFolder } from '../../support/hub.ts';

export interface GalleryBed {
  readonly catalogue: Catalogue;
  readonly archive: string;
  readonly cache: string;
  /** Asks below the plugin's address. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  json<T>(path: string): Promise<T>;
  /** Puts a file into the archive and the catalogue; answers its id. */
  add(path: string, content: Buffer, known?: Partial<NewFile>): Promise<number>;
}

const ignore = () => undefined;
const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** The routes of the page over a real catalogue, a real archive and real HTTP. */
export async function startGallery(
  options: { tiles?: string; loadRenderer?: () => Promise<Render> } = {},
): Promise<GalleryBed> {
  const folder = await temporaryFolder();
  const [archive, cache] = [join(folder, 'archive'), join(folder, 'cache')];
  await mkdir(archive);
  const store = openStore(join(folder, 'store.db'), MIGRATIONS);
  const catalogue = new Catalogue(store);
  const exiftool = createExifTool();
  const router = galleryRoutes({
    gallery: new Gallery(store),
    archive,
    places: () => ({ 'Granny’s house': { latitude: 50.2, longitude: -5.4 } }),
    cards: () => [],
    thumbnails: new Thumbnails({
      cache: new DiskCache(cache, 50_000_000),
      loadRenderer: options.loadRenderer ?? loadRenderer,
      readPreview: (path) => readPreview(exiftool, path),
      log: quiet,
    }),
    tiles: options.tiles
      ? { source: new MapTiles(options.tiles, new DiskCache(cache, 50_000_000), 'test'), attribution: 'the survey' }
      : undefined,
    log: quiet,
  });
  const server = createServer(express().use(router));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    store.close();
    await exiftool.end();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const get = (path: string, headers = {}) => fetch(base + path, { headers });
  return {
    catalogue,
    archive,
    cache,
    get,
    json: async <T>(path: string) => (await get(path)).json() as Promise<T>,
    add: async (path, content, known = {}) => {
      await mkdir(dirname(join(archive, path)), { recursive: true });
      await writeFile(join(archive, path), content);
      const { size, mtimeMs } = await stat(join(archive, path));
      catalogue.add({ ...describe(path, content), size, mtime: Math.floor(mtimeMs), ...known });
      return catalogue.find(path)?.id as number;
    },
  };
}

function describe(path: string, content: Buffer): Omit<NewFile, 'size' | 'mtime'> {
  const sha256 = hashOf(content);
  return {
    path,
    folder: dirname(path),
    shot: path.replace(/\.[^.]*$/, ''),
    kind: 'photo',
    originalSha256: sha256,
    currentSha256: sha256,
    captured: null,
    capturedFrom: null,
    utcOffset: null,
    camera: null,
    latitude: null,
    longitude: null,
    altitude: null,
    title: null,
    caption: null,
    keywords: [],
    state: 'verified',
    imported: 0,
    verified: 0,
  };
}

export const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** A JPEG of one colour. */
export const jpeg = (color: string, width = 600, height = 400, orientation?: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: color } })
    .withMetadata(orientation === undefined ? {} : { orientation })
    .jpeg()
    .toBuffer();
