import { join } from 'node:path';
import { Register } from './cards/register.ts';
import { DiskCache } from './gallery/disk-cache.ts';
import { Gallery } from './gallery/gallery.ts';
import { MapTiles } from './gallery/map-tiles.ts';
import { readPreview } from './gallery/preview.ts';
import { loadRenderer } from './gallery/render.ts';
import { galleryRoutes } from './gallery/routes.ts';
import { Thumbnails } from './gallery/thumbnails.ts';
import type { Metadata } from './metadata/index.ts';
import { openPlaces } from './metadata/places.ts';
import type { Photos } from './photos.ts';

const MB = 1024 * 1024;
/** About 30,000 thumbnails with the larger pictures of those that were opened. */
const PICTURES_LIMIT = 1024 * MB;
const MAP_LIMIT = 128 * MB;

/** What the page asks for below /plugins/photos/. */
export async function serveRoutes({ hub, store, archive }: Photos, { exiftool }: Metadata): Promise<void> {
  const { tiles, tiles_credit: attribution } = hub.config;
  const places = openPlaces(store, hub.config.places);
  const register = new Register(store);
  const cacheOf = (name: string, limit: number) => new DiskCache(join(hub.dataDir, name), limit);
  const router = await hub.http();
  router.use(
    galleryRoutes({
      gallery: new Gallery(store),
      archive: archive.root,
      log: hub.log,
      places: () => places.all(),
      cards: () => register.list(undefined),
      thumbnails: new Thumbnails({
        cache: cacheOf('thumbnails', PICTURES_LIMIT),
        loadRenderer,
        readPreview: (path) => readPreview(exiftool, path),
        log: hub.log,
      }),
      tiles:
        tiles === undefined
          ? undefined
          : {
              source: new MapTiles(tiles, cacheOf('map', MAP_LIMIT), `Cupboard/${hub.hub.version}`),
              attribution,
            },
    }),
  );
}
