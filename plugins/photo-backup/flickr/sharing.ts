import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Logger } from 'cupboard/sdk';
import { checkArchive } from '../pass.ts';
import type { FlickrApi } from './api.ts';
import { concernsOnePhoto, FlickrError } from './errors.ts';
import type { Share, Shares } from './shares.ts';

/** What the archive says of a photo that is to be shared; read when its turn comes. */
export interface SharedPhoto {
  readonly title: string | null;
  readonly caption: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

export interface SharingParts {
  readonly api: FlickrApi;
  readonly shares: Shares;
  /** Absolute folder of the archive. */
  readonly archive: () => string | undefined;
  readonly photo: (path: string) => SharedPhoto | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, path: string) => void;
  /** Waits before each look for a photo whose upload did not end clearly; ms. */
  readonly lookAgainMs?: readonly number[];
}

const LOOK_AGAIN_MS = [2_000, 10_000, 30_000];

/**
 * Works off what waits, one photo after the other. What is wrong with one photo settles it as refused and the others go
 * on; anything else ends the work with that error, and what waits stays.
 */
export async function shareWaiting(parts: SharingParts): Promise<void> {
  const waiting = parts.shares.waiting();
  for (const [done, share] of waiting.entries()) {
    parts.signal.throwIfAborted();
    parts.onProgress(done, waiting.length, share.path);
    try {
      await shareOne(share, parts);
      parts.shares.settle(share, 'shared');
    } catch (error) {
      if (!(error instanceof FlickrError) || !concernsOnePhoto(error)) throw error;
      if (error.state === 'gone') parts.shares.forgetPhoto(share.sha256);
      parts.log.warn(`${share.path} is not shared: ${error.message}`);
      parts.shares.settle(share, 'refused', `${error.state}: ${error.message}`);
    }
  }
  if (waiting.length > 0) parts.onProgress(waiting.length, waiting.length, '');
}

async function shareOne(share: Share, parts: SharingParts): Promise<void> {
  const { api, shares, signal } = parts;
  const photo = parts.photo(share.path);
  if (photo === undefined) throw new FlickrError('missing', `${share.path} is not in the archive`);
  const archive = await presentArchive(parts);
  const id = shares.photo(share.sha256)?.id ?? (await bring(share, archive, photo, parts));
  const { latitude, longitude } = photo;
  if (latitude !== null && longitude !== null && shares.photo(share.sha256)?.located !== true) {
    await api.locate(id, latitude, longitude, signal);
    shares.setLocated(share.sha256);
  }
  await putIntoAlbum(share.album, id, parts);
}

/** Without this, a disk that is away would look like a hundred photos that are missing. */
async function presentArchive({ archive }: SharingParts): Promise<string> {
  const folder = archive();
  if (folder === undefined) throw new FlickrError('archive_missing', 'photos has not told yet where the archive is');
  await checkArchive(folder).catch((cause) => {
    throw new FlickrError('archive_missing', errorText(cause), { cause });
  });
  return folder;
}

/** Finds the photo on Flickr, or uploads it: never twice. Answers its id there. */
async function bring(share: Share, archive: string, photo: SharedPhoto, parts: SharingParts): Promise<string> {
  const { api, shares, signal } = parts;
  const { sha256 } = share;
  // An upload that began before and whose end nobody knows may need a while until it can be found.
  const hasBegun = shares.photo(sha256) !== undefined;
  const found = hasBegun ? await findPatiently(sha256, parts) : await api.find(sha256, signal);
  if (found !== undefined) {
    shares.setPhoto(sha256, found);
    return found;
  }
  shares.setPhoto(sha256);
  try {
    const upload = {
      path: join(archive, share.path),
      sha256,
      title: photo.title ?? '',
      description: photo.caption ?? '',
    };
    const id = await api.upload(upload, signal);
    shares.setPhoto(sha256, id);
    return id;
  } catch (error) {
    if (!(error instanceof FlickrError)) throw error;
    const id = await afterFailure(error, sha256, parts);
    shares.setPhoto(sha256, id);
    return id;
  }
}

/** The upload failed; if the photo is there all the same, its id. @throws FlickrError otherwise */
async function afterFailure(error: FlickrError, sha256: string, parts: SharingParts): Promise<string> {
  if (error.duplicateOf !== undefined) return error.duplicateOf;
  if (error.state === 'unclear' || error.state === 'duplicate') {
    const id = await findPatiently(sha256, parts);
    if (id !== undefined) return id;
  } else {
    parts.shares.forgetPhoto(sha256);
  }
  throw error;
}

async function findPatiently(sha256: string, { api, signal, lookAgainMs }: SharingParts): Promise<string | undefined> {
  for (const delay of lookAgainMs ?? LOOK_AGAIN_MS) {
    const id = await api.find(sha256, signal);
    if (id !== undefined) return id;
    await sleep(delay, undefined, { signal });
  }
  return api.find(sha256, signal);
}

/** Into the album of this title: the one known, one found on Flickr, or a new one. */
async function putIntoAlbum(title: string, photo: string, { api, shares, signal }: SharingParts): Promise<void> {
  const known = shares.album(title)?.id ?? (await api.findAlbum(title, signal));
  if (known !== undefined && known !== null && (await api.addToAlbum(known, photo, signal))) {
    shares.setAlbum(title, known);
    return;
  }
  shares.setAlbum(title, await api.createAlbum(title, photo, signal));
}
