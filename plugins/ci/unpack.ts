import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HubError } from 'cupboard/sdk';
import { extract, type Header } from 'tar-stream';

/**
 * Unpacks the regular files of a tar that somebody else made, below `folder`: nothing in it is trusted. Only names that
 * `isWanted` are taken, and none that leads elsewhere; links, devices and the rights given are not.
 * @throws HubError `too_large` beyond `maxBytes` of content
 */
export async function unpackTar(
  tar: AsyncIterable<Uint8Array>,
  folder: string,
  maxBytes: number,
  isWanted: (path: string) => boolean,
): Promise<void> {
  let bytes = 0;
  const take = async ({ name, type, size = 0 }: Header, content: Readable): Promise<void> => {
    const path = name.replace(/^\.\//, '');
    if (type !== 'file' || !isPlainPath(path) || !isWanted(path)) {
      content.resume();
      return;
    }
    bytes += size;
    if (bytes > maxBytes)
      throw new HubError('too_large', `more than ${Math.round(maxBytes / 1024 / 1024)} MB of files`);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await pipeline(content, createWriteStream(join(folder, path), { flags: 'wx', mode: 0o640 }));
  };
  const entries = extract();
  // The pipeline tells of it; the streams would throw it where nobody listens.
  const heard = () => undefined;
  entries.on('error', heard);
  entries.on('entry', (header, content, next) => {
    content.on('error', heard);
    take(header, content as unknown as Readable).then(
      () => next(),
      (error: Error) => entries.destroy(error),
    );
  });
  await pipeline(tar, entries as unknown as Writable);
}

/** A path of plain names, none of which leads up or is too long for a file system. */
function isPlainPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
}
