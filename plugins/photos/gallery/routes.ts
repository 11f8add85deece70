import { errorText, type Logger } from 'cupboard/sdk';
import { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import type { RegisteredCard } from '../cards/register.ts';
import { type CataloguedFile, findInArchive } from './archive-file.ts';
import { type Abilities, SIZES, type Size } from './contract.ts';
import type { FileRow, Gallery } from './gallery.ts';
import type { MapTiles } from './map-tiles.ts';
import { matcherOf, type Point } from './search.ts';
import { sendFile, sendImage } from './send.ts';
import type { Thumbnails } from './thumbnails.ts';

export interface GalleryParts {
  readonly gallery: Gallery;
  readonly thumbnails: Thumbnails;
  /** Folder of the archive. */
  readonly archive: string;
  readonly places: () => Readonly<Record<string, Point>>;
  /** The register of cards. */
  readonly cards: () => readonly RegisteredCard[];
  readonly log: Logger;
  readonly tiles: { readonly source: MapTiles; readonly attribution: string } | undefined;
}

/** Shots in one answer to a search: more than anybody looks through. */
const FOUND_AT_MOST = 300;

/** What the page asks for. Requests name pictures by number, never by path. */
export function galleryRoutes(parts: GalleryParts): Router {
  const { gallery, thumbnails, archive } = parts;
  const find = (row: CataloguedFile | undefined) => row && findInArchive(archive, row);

  const router = Router();
  router.get('/abilities', async (_request, response) => void response.json(await abilitiesOf(parts)));
  // The commands of these names say the same, but not to viewers.
  router.get('/places', (_request, response) => void response.json(parts.places()));
  router.get('/cards', (_request, response) => void response.json(parts.cards()));
  router.get('/weeks', (_request, response) => void response.json(gallery.weeks()));
  router.get('/week', ({ query }, response) => {
    const folder = String(query['folder'] ?? '');
    response.json({ title: gallery.title(folder), shots: gallery.shots(folder) });
  });
  router.get('/search', ({ query }, response) => {
    const fits = matcherOf(String(query['q'] ?? ''), parts.places());
    response.json(fits ? gallery.search(fits, FOUND_AT_MOST) : { shots: [], titles: {}, more: false });
  });
  router.get('/pictures/:id/:size', async (request, response) => {
    const row = rowOf(request, gallery);
    const { size } = request.params;
    if (!row || !isSize(size)) return refuse(response, 404, 'no such picture');
    const file = await find(row);
    const companion = await find(gallery.companion(row));
    const version = file?.version ?? row.current_sha256;
    const made = file
      ? await thumbnails.get({ kind: row.kind, file, companion }, size)
      : await thumbnails.remembered(version, size);
    if (made.ok) return sendImage(request, response, made.image, version);
    refuse(response, made.reason === 'no_renderer' ? 503 : 404, made.reason);
  });
  router.get('/files/:id', async (request, response) => {
    const file = await find(rowOf(request, gallery));
    if (!file) return refuse(response, 404, 'no such file');
    sendFile(request, response, file);
  });
  router.get('/map/:z/:x/:y', async ({ params: { z, x, y } }, response) => {
    const tile = await parts.tiles?.source.get(Number(z), Number(x), Number(y));
    if (!tile) return refuse(response, 404, 'no such tile');
    response.set('cache-control', 'private, max-age=604800').type(tile.type).send(tile.content);
  });
  const fail: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    parts.log.warn(`${request.path}: ${errorText(error)}`);
    refuse(response, 500, 'it cannot be read at the moment');
  };
  return router.use(fail);
}

async function abilitiesOf({ thumbnails, tiles }: GalleryParts): Promise<Abilities> {
  const problem = await thumbnails.problem();
  return { thumbnails: problem ?? null, tiles: tiles ? { attribution: tiles.attribution } : null };
}

function rowOf({ params }: Request, gallery: Gallery): FileRow | undefined {
  const id = String(params['id']);
  return /^\d{1,15}$/.test(id) ? gallery.file(Number(id)) : undefined;
}

const isSize = (size: unknown): size is Size => typeof size === 'string' && Object.hasOwn(SIZES, size);

function refuse(response: Response, status: number, error: string): void {
  response.status(status).set('cache-control', 'no-store').json({ error });
}
