import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { errorCode, errorText, HubError } from '../support/errors.ts';
import { MANIFEST, type Manifest, parseManifest } from './manifest.ts';

/** A member of the archive; it is read to its end or skipped by `resume`. */
export interface Entry extends AsyncIterable<Buffer> {
  readonly header: Header;
  resume(): unknown;
}

/**
 * Reads every member of a backup in order. `use` must read the entry to its end.
 * @throws HubError `backup_damaged`; ENOENT and the like as they are
 */
export async function readMembers(file: string, use: (entry: Entry) => Promise<void>): Promise<void> {
  const members = extract();
  const read = async () => {
    for await (const entry of members as AsyncIterable<Entry>) await use(entry);
  };
  try {
    // tar-stream's streams are Node's by behaviour, though not by type.
    const fed = pipeline(createReadStream(file), createGunzip(), members as unknown as NodeJS.WritableStream);
    await Promise.all([fed, read()]);
  } catch (error) {
    const isOfTheFile = /^Z_|^ERR_STREAM_PREMATURE|^ERR_ZLIB/.test(errorCode(error) ?? '') || isTarError(error);
    if (!isOfTheFile) throw error;
    throw damaged(file, errorText(error), error);
  }
}

const isTarError = (error: unknown) => /tar|Unexpected end of data|Invalid/i.test(errorText(error));

const damaged = (file: string, what: string, cause?: unknown) =>
  new HubError('backup_damaged', `${file} is not a whole backup (${what}); nothing was changed`, { cause });

async function sha256Of(entry: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of entry) hash.update(part);
  return hash.digest('hex');
}

/** Reads the whole backup and compares every checksum. @throws HubError `backup_damaged` | `backup_newer` */
export async function verifyBackup(file: string): Promise<Manifest> {
  const found = new Map<string, string>();
  const links: string[] = [];
  let manifest: Manifest | undefined;
  await readMembers(file, async (entry) => {
    const { name, type } = entry.header;
    checkPath(file, name, links);
    if (type === 'symlink') links.push(`${name}/`);
    if (name === MANIFEST) manifest = parseManifest(await text(entry));
    else if (type === 'file') found.set(name, await sha256Of(entry));
    else entry.resume();
  });
  if (!manifest) throw damaged(file, `its end is missing: no ${MANIFEST}`);
  for (const [path, sha256] of Object.entries(manifest.files)) {
    if (found.get(path) !== sha256) throw damaged(file, `${path} does not match its checksum`);
  }
  const unknown = [...found.keys()].find((path) => manifest?.files[path] === undefined);
  if (unknown !== undefined) throw damaged(file, `${unknown} does not belong into it`);
  return manifest;
}

/** A member must stay below the folder it is unpacked into, also by way of a link unpacked before it. */
function checkPath(file: string, path: string, links: readonly string[]): void {
  const leaves = path.startsWith('/') || path.split('/').includes('..') || links.some((link) => path.startsWith(link));
  if (leaves) throw damaged(file, `it names ${path}`);
}
