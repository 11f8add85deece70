import { createHash } from 'node:crypto';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { stopsRun, TargetError } from './errors.ts';
import {
  type Condition,
  isUnknownCondition,
  proveTag,
  readPart,
  type S3Bucket,
  sending,
  unquoted,
} from './s3-bucket.ts';
import type { LocalFile, PutOptions, Stored } from './target.ts';

const MIB = 1 << 20;
/** Of which one is held in memory; the service takes parts of 5 MiB to 5 GiB. */
export const PART = 8 * MIB;
const MOST_PARTS = 10_000;

/** In parts, each with its MD5; those that an interrupted run has sent already are not sent again. */
export async function putParts(
  bucket: S3Bucket,
  file: LocalFile,
  options: PutOptions,
  condition: Condition,
): Promise<Stored> {
  const { key, session, signal, limiter, onProgress } = options;
  const upload = await beginParts(bucket, file, options);
  const at = { ...bucket.at(key), UploadId: upload.id };
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
        const answer = await bucket.ask(signal, (s3, abort) =>
          s3.uploadPart({ ...at, PartNumber, ...sending(bytes, limiter, signal) }, abort),
        );
        ETag = answer.ETag;
      }
      parts.push({ PartNumber, ...(ETag !== undefined && { ETag }) });
      onProgress(from + bytes.length);
    }
    if (whole.digest('hex') !== file.md5) throw new TargetError('source_changed', 'changed while it was sent');
    const input = { ...at, ...condition, MultipartUpload: { Parts: parts } };
    await bucket.ask(signal, (s3, abort) => s3.completeMultipartUpload(input, abort));
  } catch (error) {
    // Refused for good: its parts would only lie there and be billed.
    if (error instanceof TargetError && !stopsRun(error) && !isUnknownCondition(error)) {
      session.clear();
      await bucket.ask(signal, (s3, abort) => s3.abortMultipartUpload(at, abort)).catch(() => undefined);
    }
    throw error;
  }
  const object = await bucket.head(key, signal);
  if (object?.size !== file.size) throw new TargetError('mismatch', `${file.size} bytes sent, ${object?.size} there`);
  // Amazon's hash of the parts' hashes; some servers hash the whole.
  proveTag(object.tag, `${digests.digest('hex')}-${parts.length}`, file.md5);
  return { object, proof: 'checksum' };
}

/** Finds the parts of the upload that was interrupted, or begins one. */
async function beginParts(bucket: S3Bucket, file: LocalFile, { key, session, signal }: PutOptions) {
  const kept = session.load();
  if (kept !== undefined) {
    const { id, partSize } = JSON.parse(kept) as { id: string; partSize: number };
    const arrived = await arrivedParts(bucket, key, id, signal);
    if (arrived) return { id, partSize, arrived };
  }
  const { UploadId: id = '' } = await bucket.ask(signal, (s3, abort) =>
    s3.createMultipartUpload({ ...bucket.at(key), ...bucket.about(file, key) }, abort),
  );
  const partSize = Math.max(PART, Math.ceil(file.size / MOST_PARTS / MIB) * MIB);
  session.save(JSON.stringify({ id, partSize }));
  return { id, partSize, arrived: new Map<number, string>() };
}

/** ETag of each part that is there; `undefined` when the service has forgotten the upload. */
async function arrivedParts(
  bucket: S3Bucket,
  key: string,
  UploadId: string,
  signal: AbortSignal,
): Promise<Map<number, string> | undefined> {
  const arrived = new Map<number, string>();
  let PartNumberMarker: string | undefined;
  try {
    do {
      const from = PartNumberMarker && { PartNumberMarker };
      const page = await bucket.ask(signal, (s3, abort) =>
        s3.listParts({ ...bucket.at(key), UploadId, ...from }, abort),
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
