import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { PutObjectCommandInput, S3 } from '@aws-sdk/client-s3';
import type { TargetSettings } from '../config.ts';
import { readBlocks } from '../local-file.ts';
import { contentTypeOf } from './content-type.ts';
import { TargetError } from './errors.ts';
import { s3Error } from './s3-errors.ts';
import type { Limiter, LocalFile, RemoteObject } from './target.ts';

/** What leaves at once, for an even rate. */
const SLICE = 64 * 1024;

/** Conditions of a write; without either it overwrites. */
export type Condition = Pick<PutObjectCommandInput, 'IfNoneMatch' | 'IfMatch'>;

/** The SDK's client with the settings of one target. */
export class S3Bucket {
  #s3: Promise<S3> | undefined;

  constructor(private readonly settings: TargetSettings) {}

  /** One object; `undefined` when it is not there. */
  async head(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    try {
      const found = await this.ask(signal, (s3, abort) => s3.headObject(this.at(key), abort));
      return remoteObject(key, found.ContentLength, found.ETag, found.Metadata?.['sha256']);
    } catch (error) {
      if (error instanceof TargetError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }

  /** Names and times as rclone keeps them, so that it recognises what we sent. */
  about(file: LocalFile, key: string) {
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

  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket ?? '', Key: this.settings.prefix + key };
  }

  /** Asks the service; errors in the words of a target. */
  async ask<T>(
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
    // The SDK would warn of the Node version, ten lines at a time; which version the hub wants is the hub's to say.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
    // On demand: it is large, and most targets are something else.
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

export const remoteObject = (key: string, size = 0, etag: string | undefined, sha256?: string): RemoteObject => {
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

export const unquoted = (etag = ''): string => etag.replaceAll('"', '');
export const hexMd5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
export const base64Md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64');

/** An ETag of another form is no hash; then the MD5 that went with each body has been the check. */
export function proveTag(tag: string, ...expected: readonly string[]): void {
  if (!/^[0-9a-f]{32}(-\d+)?$/.test(tag) || expected.includes(tag)) return;
  throw new TargetError('mismatch', `the service has ${tag}, sent was ${expected[0]}`);
}

const causeName = ({ cause }: TargetError) => (cause as { name?: string } | undefined)?.name;
/** Servers without conditional writes refuse the header as a function they do not have. */
export const isUnknownCondition = (error: TargetError): boolean => causeName(error) === 'NotImplemented';
/** The key is known, but may not do this. */
export const isDenied = (error: TargetError): boolean => causeName(error) === 'AccessDenied';

export async function readPart(
  { path }: LocalFile,
  from: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of readBlocks(path, signal, { from, length })) blocks.push(block);
  return Buffer.concat(blocks);
}

/** A body that leaves at the rate allowed, with the checksum by which the service refuses what was damaged on its way. */
export function sending(bytes: Buffer, limiter: Limiter, signal: AbortSignal) {
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
