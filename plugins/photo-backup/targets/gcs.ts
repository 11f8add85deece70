import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Bucket, FileMetadata } from '@google-cloud/storage';
import type { TargetSettings } from '../config.ts';
import { readBlocks } from '../local-file.ts';
import { contentTypeOf } from './content-type.ts';
import { stopsRun, TargetError } from './errors.ts';
import { gcsError, isForbidden } from './gcs-errors.ts';
import { resumablePosition } from './gcs-session.ts';
import { translatedStream } from './stream.ts';
import type { LocalFile, PutOptions, RemoteObject, Stored, Target } from './target.ts';

const MIB = 1 << 20;
/** What is larger goes in an upload that can be resumed; below, beginning again costs less than its second request. */
const RESUMABLE_FROM = 5 * MIB;
/** A multiple of 256 KiB; each is held in memory until it has arrived. */
const CHUNK = 8 * MIB;

/** A bucket of Google Cloud Storage. */
export function openGcs(settings: TargetSettings): Target {
  return new GcsTarget(settings);
}

/** The bucket as Google's library sees it. Nothing is asked yet. */
export async function openBucket({
  key_file,
  endpoint,
  bucket = '',
}: Pick<TargetSettings, 'key_file' | 'endpoint' | 'bucket'>): Promise<Bucket> {
  // On demand: the library is large, and most targets are something else.
  const { Storage } = await import('@google-cloud/storage');
  const storage = new Storage({
    ...(key_file && { keyFilename: key_file }),
    ...(endpoint !== undefined && { apiEndpoint: endpoint }),
    // What fails twice is tried again by the uploader, which knows how far it came.
    retryOptions: { autoRetry: true, maxRetries: 2, totalTimeout: 60 },
  });
  return storage.bucket(bucket);
}

class GcsTarget implements Target {
  readonly place: string;
  #bucket: Promise<Bucket> | undefined;

  constructor(private readonly settings: TargetSettings) {
    this.place = `gs://${settings.bucket}/${settings.prefix}`;
  }

  async check(signal: AbortSignal): Promise<string> {
    await this.#ask(signal, (bucket) => bucket.getFiles({ prefix: this.#key('.cupboard-check'), maxResults: 1 }));
    return '';
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject> {
    let pageToken: string | undefined;
    do {
      const [files, next] = await this.#ask(signal, (bucket) =>
        bucket.getFiles({ prefix: this.#key(prefix), autoPaginate: false, ...(pageToken && { pageToken }) }),
      );
      for (const { name, metadata } of files) yield remoteObject(name.slice(this.settings.prefix.length), metadata);
      pageToken = (next as { pageToken?: string } | null)?.pageToken;
    } while (pageToken !== undefined);
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    try {
      const [metadata] = await this.#ask(signal, (bucket) => bucket.file(this.#key(key)).getMetadata());
      return remoteObject(key, metadata);
    } catch (error) {
      if (error instanceof TargetError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }

  async get(key: string, from: number, signal: AbortSignal): Promise<Readable> {
    const object = await this.#ask(signal, async (bucket) => bucket.file(this.#key(key)));
    // The library can check only whole objects against their CRC32C.
    const source = object.createReadStream(from > 0 ? { start: from, validation: false } : {});
    return translatedStream(source, gcsError, signal);
  }

  async put(file: LocalFile, options: PutOptions): Promise<Stored> {
    const { key, replaces, session, signal } = options;
    try {
      const send = file.size >= RESUMABLE_FROM ? this.#putResumable : this.#putSimple;
      const metadata = await this.#ask(signal, (bucket) => send.call(this, bucket, file, options));
      const object = remoteObject(key, metadata);
      // Asked of the library, this check deletes an object that fails it, and with it the only copy there is.
      if (object.md5 !== file.md5 || object.size !== file.size) {
        throw new TargetError('mismatch', `the service has MD5 ${object.md5}, sent was ${file.md5}`);
      }
      return { object, proof: 'checksum' };
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      if (!stopsRun(error)) session.clear();
      if (replaces && isForbidden(error)) {
        throw new TargetError('cannot_replace', error.message, { cause: error });
      }
      throw error;
    }
  }

  async putSmall(key: string, bytes: Uint8Array, contentType: string, signal: AbortSignal): Promise<void> {
    await this.#ask(signal, (bucket) =>
      // Documents are rewritten after every import: in a colder class each time would be billed for a month.
      bucket.file(this.#key(key)).save(Buffer.from(bytes), {
        resumable: false,
        validation: false,
        metadata: { contentType, storageClass: 'STANDARD', cacheControl: 'no-cache' },
      }),
    );
  }

  async #putSimple(bucket: Bucket, file: LocalFile, options: PutOptions): Promise<FileMetadata> {
    const { key, signal, limiter, onProgress } = options;
    const object = bucket.file(this.#key(key));
    const stream = object.createWriteStream({
      resumable: false,
      validation: false,
      metadata: this.#about(file, key),
      preconditionOpts: { ifGenerationMatch: generation(options) },
    });
    await pipeline(Readable.from(readBlocks(file.path, signal, { limiter })), stream, { signal });
    onProgress(file.size);
    return object.metadata;
  }

  async #putResumable(bucket: Bucket, file: LocalFile, options: PutOptions): Promise<FileMetadata> {
    const { key, session, signal, limiter, onProgress } = options;
    const object = bucket.file(this.#key(key));
    const preconditionOpts = { ifGenerationMatch: generation(options) };
    const metadata = { ...this.#about(file, key), contentLength: file.size };
    let uri = session.load();
    let offset = 0;
    if (uri !== undefined) {
      const position = await resumablePosition(uri, file.size, signal);
      if ('finished' in position) return position.finished;
      if ('gone' in position) uri = undefined;
      else offset = position.offset;
    }
    if (uri === undefined) {
      [uri] = await object.createResumableUpload({ metadata, preconditionOpts });
      session.save(uri);
    }
    const stream = object.createWriteStream({
      resumable: true,
      uri,
      offset,
      chunkSize: CHUNK,
      validation: false,
      metadata,
      preconditionOpts,
    });
    stream.on('progress', ({ bytesWritten }: { bytesWritten: number }) => onProgress(bytesWritten));
    const rest = Readable.from(readBlocks(file.path, signal, { from: offset, limiter }));
    await pipeline(rest, stream, { signal });
    return object.metadata;
  }

  /** Metadata that goes with the upload. The service refuses a body that is not of this MD5. */
  #about(file: LocalFile, key: string): FileMetadata {
    const { storage_class } = this.settings;
    return {
      contentType: contentTypeOf(key),
      md5Hash: Buffer.from(file.md5, 'hex').toString('base64'),
      // The second is where gsutil and gcloud keep and look for the time.
      metadata: { sha256: file.sha256, 'goog-reserved-file-mtime': String(Math.floor(file.mtime / 1000)) },
      ...(storage_class && { storageClass: storage_class }),
    };
  }

  #key(key: string): string {
    return this.settings.prefix + key;
  }

  /** Asks the service; errors in the words of a target. */
  async #ask<T>(signal: AbortSignal, question: (bucket: Bucket) => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      this.#bucket ??= openBucket(this.settings);
      return await question(await this.#bucket);
    } catch (error) {
      signal.throwIfAborted();
      throw gcsError(error);
    }
  }
}

/** 0 = the object must not exist yet. */
const generation = ({ replaces }: PutOptions): number | string => replaces?.tag ?? 0;

const hex = (base64: string | undefined) => (base64 ? Buffer.from(base64, 'base64').toString('hex') : undefined);

function remoteObject(key: string, metadata: FileMetadata): RemoteObject {
  const md5 = hex(metadata.md5Hash);
  const crc32c = hex(metadata.crc32c);
  const sha256 = metadata.metadata?.['sha256'];
  return {
    key,
    size: Number(metadata.size),
    tag: String(metadata.generation),
    ...(md5 && { md5 }),
    ...(crc32c && { crc32c }),
    ...(typeof sha256 === 'string' && { sha256 }),
  };
}
