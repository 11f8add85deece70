import { basename, dirname, extname } from 'node:path';
import type { Request, Response } from 'express';
import type { ArchiveFile } from './archive-file.ts';

/** As `send` makes them: 404 for a file that went meanwhile, 416 for a range that lies beyond it. */
interface HttpError extends Error {
  readonly status?: number;
}

/** What a browser may show by itself. Everything else is offered for download: a stranger's file shall not act as a page. */
const SHOWN: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.heic': 'image/heic',
  '.heif': 'image/heif',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.thm': 'image/jpeg',
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.3gp': 'video/3gpp',
  '.avi': 'video/x-msvideo',
  '.mts': 'video/mp2t',
  '.m2ts': 'video/mp2t',
  '.mpg': 'video/mpeg',
  '.mp3': 'audio/mpeg',
  '.wav': 'audio/wav',
};

/** Sends a file with its validators, or the ranges of it that were asked for. */
export function sendFile(request: Request, response: Response, file: ArchiveFile): void {
  const name = basename(file.path);
  const type = SHOWN[extname(name).toLowerCase()];
  if (type === undefined || request.query['download'] !== undefined) response.attachment(name);
  response.type(type ?? 'application/octet-stream');
  setValidators(request, response, file.version);
  // The name is relative to its own folder, or `send` would refuse archives below a hidden one.
  response.sendFile(name, { root: dirname(file.path), dotfiles: 'allow', cacheControl: false }, (error?: HttpError) => {
    if (error && !response.headersSent) response.status(error.status ?? 500).end();
  });
}

export function sendImage(request: Request, response: Response, image: Buffer, version: string): void {
  setValidators(request, response, version);
  response.type('image/webp').send(image);
}

/** An address that names the content is good for ever; any other is asked for again, which costs no transfer. */
function setValidators(request: Request, response: Response, version: string): void {
  const isNamed = request.query['v'] === version;
  response.set('etag', `"${version}"`);
  response.set('cache-control', isNamed ? 'private, max-age=31536000, immutable' : 'private, no-cache');
}
