import type { Readable } from 'node:stream';
import type { TargetSettings } from '../config.ts';
import { TargetError } from './errors.ts';
import {
  base64Md5,
  type Condition,
  hexMd5,
  isDenied,
  isUnknownCondition,
  proveTag,
  readPart,
  remoteObject,
  S3Bucket,
  sending,
} from './s3-bucket.ts';
import { s3Error } from './s3-errors.ts';
import { PART, putParts } from './s3-parts.ts';
import { translatedStream } from './stream.ts';
import type { LocalFile, PutOptions, RemoteObject, Stored, Target } from './target.ts';

/** A bucket of Amazon S3 or of anything that speaks its protocol. */
export function openS3(settings: TargetSettings): Target {
  return new S3Target(settings);
}

class S3Target implements Target {
  readonly place: string;
  readonly #bucket: S3Bucket;
  /** Cleared when the server does not know conditional writes; what is there is then looked at before. */
  #hasConditions = true;

  constructor(private readonly settings: TargetSettings) {
    this.#bucket = new S3Bucket(settings);
    this.place = `s3://${settings.bucket}/${settings.prefix}`;
  }

  async check(signal: AbortSignal): Promise<string> {
    const { Key: Prefix, Bucket } = this.#bucket.at('.cupboard-check');
    await this.#bucket.ask(signal, (s3, abort) => s3.listObjectsV2({ Bucket, Prefix }, abort));
    return '';
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject> {
    let ContinuationToken: string | undefined;
    do {
      const { Key: Prefix, Bucket } = this.#bucket.at(prefix);
      const from = ContinuationToken && { ContinuationToken };
      const page = await this.#bucket.ask(signal, (s3, abort) => s3.listObjectsV2({ Bucket, Prefix, ...from }, abort));
      for (const { Key = '', Size, ETag } of page.Contents ?? []) {
        yield remoteObject(Key.slice(this.settings.prefix.length), Size, ETag);
      }
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  head(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    return this.#bucket.head(key, signal);
  }

  async get(key: string, from: number, signal: AbortSignal): Promise<Readable> {
    const range = from > 0 ? { Range: `bytes=${from}-` } : {};
    const { Body } = await this.#bucket.ask(signal, (s3, abort) =>
      s3.getObject({ ...this.#bucket.at(key), ...range }, abort),
    );
    return translatedStream(Body as Readable, s3Error, signal);
  }

  async put(file: LocalFile, options: PutOptions): Promise<Stored> {
    const condition = options.replaces ? { IfMatch: `"${options.replaces.tag}"` } : { IfNoneMatch: '*' };
    try {
      return await this.#put(file, options, this.#hasConditions ? condition : {});
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      if (options.replaces && isDenied(error)) {
        throw new TargetError('cannot_replace', error.message, { cause: error });
      }
      if (!isUnknownCondition(error) || !this.#hasConditions) throw error;
      this.#hasConditions = false;
      return this.#put(file, options, {});
    }
  }

  async putSmall(key: string, bytes: Uint8Array, contentType: string, signal: AbortSignal): Promise<void> {
    const body = { Body: bytes, ContentType: contentType, ContentMD5: base64Md5(bytes) };
    await this.#bucket.ask(signal, (s3, abort) => s3.putObject({ ...this.#bucket.at(key), ...body }, abort));
  }

  async #put(file: LocalFile, options: PutOptions, condition: Condition): Promise<Stored> {
    if (!this.#hasConditions) {
      const there = await this.head(options.key, options.signal);
      if (there?.tag !== options.replaces?.tag) throw new TargetError('precondition', 'it is not as it was listed');
    }
    return file.size <= PART
      ? this.#putWhole(file, options, condition)
      : putParts(this.#bucket, file, options, condition);
  }

  async #putWhole(file: LocalFile, options: PutOptions, condition: Condition): Promise<Stored> {
    const { key, signal, limiter, onProgress } = options;
    const bytes = await readPart(file, 0, file.size, signal);
    if (hexMd5(bytes) !== file.md5) throw new TargetError('source_changed', 'changed since it was hashed');
    const input = { ...this.#bucket.at(key), ...this.#bucket.about(file, key), ...condition };
    const answer = await this.#bucket.ask(signal, (s3, abort) =>
      s3.putObject({ ...input, ...sending(bytes, limiter, signal) }, abort),
    );
    onProgress(file.size);
    // An ETag under a key of KMS is no MD5; the service has then compared the Content-MD5 alone.
    const isKms = answer.ServerSideEncryption?.startsWith('aws:kms') ?? false;
    const object = remoteObject(key, file.size, answer.ETag, file.sha256);
    if (!isKms) proveTag(object.tag, file.md5);
    return { object, proof: 'checksum' };
  }
}
