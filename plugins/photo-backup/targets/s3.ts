import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { CompletedPart, PutObjectCommandInput, S3 } from '@aws-sdk/client-s3';
import type { TargetSettings } from '../config.ts';
import { readBlocks } from '../local-file.ts';
import { contentTypeOf } from './content-type.ts';
import { stopsRun, TargetError } from './errors.ts';
import { s3Error } from './s3-errors.ts';
import { translatedStream } from './stream.ts';
import type { Limiter, LocalFile, PutOptions, RemoteObject, Stored, Target } from './target.ts';

const MIB = 1 << 20;
/** What is larger goes in parts of this size, of which one is held in memory; the service takes 5 MiB to 5 GiB. */
const PART = 8 * MIB;
const MOST_PARTS = 10_000;
/** What leaves at once, for an even rate. */
const SLICE = 64 * 1024;

/** Conditions of a write; without either it overwrites. */
type Condition = Pick<PutObjectCommandInput, 'IfNoneMatch' | 'IfMatch'>;

/** A bucket of Amazon S3 or of anything that speaks its protocol. */
export function openS3(settings: TargetSettings): Target {
  return new S3Target(settings);
}

class S3Target implements Target {
  readonly place: string;
  readonly #bucket: string;
  /** Cleared when the server does not know conditional writes; what is there is then looked at before. */
  #hasConditions = true;
  #s3: Promise<S3> | undefined;

  constructor(private readonly settings: TargetSettings) {
    this.#bucket = settings.bucket ?? '';
    this.place = `s3://${this.#bucket}/${settings.prefix}`;
  }

  async check(signal: AbortSignal): Promise<void> {
    const { Key: Prefix, Bucket } = this.#at('.cupboard-check');
    await this.#ask(signal, (s3, abort) => s3.listObjectsV2({ Bucket, Prefix }, abort));
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject> {
    let ContinuationToken: string | undefined;
    do {
      const { Key: Prefix, Bucket } = this.#at(prefix);
      const from = ContinuationToken && { ContinuationToken };
      const page = await this.#ask(signal, (s3, abort) => s3.listObjectsV2({ Bucket, Prefix, ...from }, abort));
      for (const { Key = '', Size, ETag } of page.Contents ?? []) {
        yield remoteObject(Key.slice(this.settings.prefix.length), Size, ETag);
      }
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    try {
      const found = await this.#ask(signal, (s3, abort) => s3.headObject(this.#at(key), abort));
      return remoteObject(key, found.ContentLength, found.ETag, found.Metadata?.['sha256']);
    } catch (error) {
      if (error instanceof TargetError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }

  async get(key: string, from: number, signal: AbortSignal): Promise<Readable> {
    const range = from > 0 ? { Range: `bytes=${from}-` } : {};
    const { Body } = await this.#ask(signal, (s3, abort) => s3.getObject({ ...this.#at(key), ...range }, abort));
    return translatedStream(Body as Readable, s3Error, signal);
  }

  async put(file: LocalFile, options: PutOptions): Promise<Stored> {
    const condition = options.replaces ? { IfMatch: `"${options.replaces.tag}"` } : { IfNoneMatch: '*' };
    try {
      return await this.#put(file, options, this.#hasConditions ? condition : {});
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      if (error.kind === 'bad_credential' && options.replaces) {
        throw new TargetError('cannot_replace', error.message, { cause: error });
      }
      if (!isUnknownCondition(error) || !this.#hasConditions) throw error;
      this.#hasConditions = false;
      return this.#put(file, options, {});
    }
  }

  async putSmall(key: string, bytes: Uint8Array, contentType: string, signal: AbortSignal): Promise<void> {
    const body = { Body: bytes, ContentType: contentType, ContentMD5: base64Md5(bytes) };
    await this.#ask(signal, (s3, abort) => s3.putObject({ ...this.#at(key), ...body }, abort));
  }

  async #put(file: LocalFile, options: PutOptions, condition: Condition): Promise<Stored> {
    if (!this.#hasConditions) {
      const there = await this.head(options.key, options.signal);
      if (there?.tag !== options.replaces?.tag) throw new TargetError('precondition', 'it is not as it was listed');
    }
    return file.size <= PART ? this.#putWhole(file, options, condition) : this.#putParts(file, options, condition);
  }

  async #putWhole(file: LocalFile, options: PutOptions, condition: Condition): Promise<Stored> {
    const { key, signal, limiter, onProgress } = options;
    const bytes = await readPart(file, 0, file.size, signal);
    if (hexMd5(bytes) !== file.md5) throw new TargetError('source_changed', 'changed since it was hashed');
    const input = { ...this.#at(key), ...this.#about(file, key), ...condition };
    const answer = await this.#ask(signal, (s3, abort) =>
      s3.putObject({ ...input, ...sending(bytes, limiter, signal) }, abort),
    );
    onProgress(file.size);
    // An ETag under a key of KMS is no MD5; the service has then compared the Content-MD5 alone.
    const isKms = answer.ServerSideEncryption?.startsWith('aws:kms') ?? false;
    const object = remoteObject(key, file.size, answer.ETag, file.sha256);
    if (!isKms) proveTag(object.tag, file.md5);
    return { object, proof: 'checksum' };
  }

  /** In parts, each with its MD5; those that an interrupted run has sent already are not sent again. */
  async #putParts(file: LocalFile, options: PutOptions, condition: Condition): Promise<Stored> {
    const { key, session, signal, limiter, onProgress } = options;
    const upload = await this.#beginParts(file, options);
    const at = { ...this.#at(key), UploadId: upload.id };
    const whole = createHash('md5');
    const digests = createHash('md5');
    const parts: CompletedPart[] = [];
    try {
      for (let from = 0; from < file.size; from += upload.partSize) {
        const bytes = await readPart(file, from, Math.min(upload.partSize, file.size - from), signal);
        const digest = createHash('md5').update(bytes).digest();
        whole.update(bytes);
        digests.update(digest);
        const PartNumber = parts.length + 1;
        let ETag = upload.arrived.get(PartNumber);
        if (unquoted(ETag) !== digest.toString('hex')) {
          const answer = await this.#ask(signal, (s3, abort) =>
            s3.uploadPart({ ...at, PartNumber, ...sending(bytes, limiter, signal) }, abort),
          );
          ETag = answer.ETag;
        }
        parts.push({ PartNumber, ...(ETag !== undefined && { ETag }) });
        onProgress(from + bytes.length);
      }
      if (whole.digest('hex') !== file.md5) throw new TargetError('source_changed', 'changed while it was sent');
      const input = { ...at, ...condition, MultipartUpload: { Parts: parts } };
      await this.#ask(signal, (s3, abort) => s3.completeMultipartUpload(input, abort));
    } catch (error) {
      // Refused for good: its parts would only lie there and be billed.
      if (error instanceof TargetError && !stopsRun(error) && !isUnknownCondition(error)) {
        session.clear();
        await this.#ask(signal, (s3, abort) => s3.abortMultipartUpload(at, abort)).catch(() => undefined);
      }
      throw error;
    }
    const object = await this.head(key, signal);
    if (object?.size !== file.size) throw new TargetError('mismatch', `${file.size} bytes sent, ${object?.size} there`);
    // Amazon's hash of the parts' hashes; some servers hash the whole.
    proveTag(object.tag, `${digests.digest('hex')}-${parts.length}`, file.md5);
    return { object, proof: 'checksum' };
  }

  /** Finds the parts of the upload that was interrupted, or begins one. */
  async #beginParts(file: LocalFile, { key, session, signal }: PutOptions) {
    const kept = session.load();
    if (kept !== undefined) {
      const { id, partSize } = JSON.parse(kept) as { id: string; partSize: number };
      const arrived = await this.#arrivedParts(key, id, signal);
      if (arrived) return { id, partSize, arrived };
    }
    const { UploadId: id = '' } = await this.#ask(signal, (s3, abort) =>
      s3.createMultipartUpload({ ...this.#at(key), ...this.#about(file, key) }, abort),
    );
    const partSize = Math.max(PART, Math.ceil(file.size / MOST_PARTS / MIB) * MIB);
    session.save(JSON.stringify({ id, partSize }));
    return { id, partSize, arrived: new Map<number, string>() };
  }

  /** ETag of each part that is there; `undefined` when the service has forgotten the upload. */
  async #arrivedParts(key: string, UploadId: string, signal: AbortSignal): Promise<Map<number, string> | undefined> {
    const arrived = new Map<number, string>();
    let PartNumberMarker: string | undefined;
    try {
      do {
        const from = PartNumberMarker && { PartNumberMarker };
        const page = await this.#ask(signal, (s3, abort) =>
          s3.listParts({ ...this.#at(key), UploadId, ...from }, abort),
        );
        for (const { PartNumber = 0, ETag = '' } of page.Parts ?? []) arrived.set(PartNumber, ETag);
        PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
      } while (PartNumberMarker !== undefined);
      return arrived;
    } catch (error) {
      // Gone, or a server that cannot list parts: from the beginning then.
      if (error instanceof TargetError && (error.kind === 'not_found' || error.kind === 'refused')) return undefined;
      throw error;
    }
  }

  /** Names and times as rclone keeps them, so that it recognises what we sent. */
  #about(file: LocalFile, key: string) {
    const { storage_class } = this.settings;
    return {
      ContentType: contentTypeOf(key),
      Metadata: {
        sha256: file.sha256,
        mtime: String(file.mtime / 1000),
        md5chksum: Buffer.from(file.md5, 'hex').toString('base64'),
      },
      ...(storage_class && { StorageClass: storage_class as NonNullable<PutObjectCommandInput['StorageClass']> }),
    };
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.settings.prefix + key };
  }

  /** Asks the service; errors in the words of a target. */
  async #ask<T>(
    signal: AbortSignal,
    question: (s3: S3, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      this.#s3 ??= this.#open();
      return await question(await this.#s3, { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(error);
    }
  }

  async #open(): Promise<S3> {
    // On demand: the SDK is large, and most targets are something else.
    const sdk = await import('@aws-sdk/client-s3');
    const { region, endpoint, force_path_style, access_key_id, secret_access_key } = this.settings;
    return new sdk.S3({
      region,
      forcePathStyle: force_path_style ?? endpoint !== undefined,
      // Else bodies go out in a framing with a trailer that other servers store as if it were the file. Every write
      // carries its MD5 instead.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // It would warn on the console of what is an error here anyway.
      logger: SILENT,
      requestHandler: { connectionTimeout: 15_000, socketTimeout: 60_000 },
      ...(endpoint !== undefined && { endpoint }),
      ...(access_key_id &&
        secret_access_key && { credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key } }),
    });
  }
}

const nothing = () => undefined;
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

const remoteObject = (key: string, size = 0, etag: string | undefined, sha256?: string): RemoteObject => {
  const tag = unquoted(etag);
  return {
    key,
    size,
    tag,
    // The ETag of an upload in parts is a hash of hashes, with their number behind it.
    ...(/^[0-9a-f]{32}$/.test(tag) && { md5: tag }),
    ...(sha256 !== undefined && { sha256 }),
  };
};

const unquoted = (etag = ''): string => etag.replaceAll('"', '');
const hexMd5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const base64Md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64');

/** An ETag of another form is no hash; then the MD5 that went with each body has been the check. */
function proveTag(tag: string, ...expected: readonly string[]): void {
  if (!/^[0-9a-f]{32}(-\d+)?$/.test(tag) || expected.includes(tag)) return;
  throw new TargetError('mismatch', `the service has ${tag}, sent was ${expected[0]}`);
}

/** Servers without conditional writes refuse the header as a function they do not have. */
const isUnknownCondition = ({ cause }: TargetError): boolean =>
  (cause as { name?: string } | undefined)?.name === 'NotImplemented';

async function readPart({ path }: LocalFile, from: number, length: number, signal: AbortSignal): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of readBlocks(path, signal, { from, length })) blocks.push(block);
  return Buffer.concat(blocks);
}

/** A body that leaves at the rate allowed, with the checksum by which the service refuses what was damaged on its way. */
function sending(bytes: Buffer, limiter: Limiter, signal: AbortSignal) {
  const slices = async function* () {
    for (let at = 0; at < bytes.length; at += SLICE) {
      const slice = bytes.subarray(at, at + SLICE);
      await limiter.take(slice.length, signal);
      yield slice;
    }
  };
  return {
    Body: Readable.from(slices(), { objectMode: false }),
    ContentLength: bytes.length,
    ContentMD5: base64Md5(bytes),
  };
}
