import type { Readable } from 'node:stream';

/** A file of the archive with its hashes, as lower-case hex. */
export interface LocalFile {
  /** Absolute path. */
  readonly path: string;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
  readonly sha256: string;
  readonly md5: string;
}

/** What a target says of one object. Hashes are lower-case hex and absent where the target knows none. */
export interface RemoteObject {
  /** `2016-W05/P1010001.JPG`, below the target's prefix. */
  readonly key: string;
  readonly size: number;
  readonly md5?: string;
  readonly crc32c?: string;
  /** From the object's metadata: what the uploader said it sent. Real file hashes where the target computes them. */
  readonly sha256?: string;
  /** Changes with every write: ETag, generation, or size and time. */
  readonly tag: string;
}

/** How it is known that the object holds what was sent: its checksum, or every byte fetched back and hashed. */
export type Proof = 'checksum' | 'read_back';

export interface Stored {
  readonly object: RemoteObject;
  readonly proof: Proof;
}

/** Where an upload keeps what it needs to go on after a restart (upload id, session address); on disk at once. */
export interface Session {
  load(): string | undefined;
  save(state: string): void;
  clear(): void;
}

/** Lets bytes pass at the target's rate. */
export interface Limiter {
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

export interface PutOptions {
  readonly key: string;
  /** The object to take the place of; without it the upload only creates, and what is there is never overwritten. */
  readonly replaces?: RemoteObject;
  readonly session: Session;
  readonly limiter: Limiter;
  /** Bytes of the file that have arrived so far. */
  readonly onProgress: (sent: number) => void;
  readonly signal: AbortSignal;
}

/**
 * A place that holds copies. Every function may throw `TargetError` (errors.ts), nothing else but the reason of an
 * aborted signal. Nothing here deletes an object.
 */
export interface Target {
  /** For people: `gs://bucket/prefix`. */
  readonly place: string;
  /**
   * Can be reached and written to. Answers what tells one disk from another that is mounted in its place; '' where there
   * is no such thing.
   * @param isNew nothing was ever written there: a disk may then be taken for the right one without being marked
   * @throws TargetError `target_missing`, `bad_credential`, `unreachable`, `clock_skew`
   */
  check(signal: AbortSignal, isNew?: boolean): Promise<string>;
  /** The objects whose key begins with `prefix`, in no promised order. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<RemoteObject>;
  /** One object; `undefined` when it is not there. */
  head(key: string, signal: AbortSignal): Promise<RemoteObject | undefined>;
  /** The bytes of an object from `from` on. @throws TargetError `not_found` */
  get(key: string, from: number, signal: AbortSignal): Promise<Readable>;
  /**
   * Sends a file and answers when the target has it, proven. @throws TargetError `precondition` when something is there
   * already (or no longer what was to be replaced), `cannot_replace`, `source_changed`, `mismatch`, `full`, ...
   */
  put(file: LocalFile, options: PutOptions): Promise<Stored>;
  /** Writes or replaces a small document (README.txt, index.html, manifests). */
  putSmall(key: string, bytes: Uint8Array, contentType: string, signal: AbortSignal): Promise<void>;
  /** Makes a directory known as the right one; only directories need it. */
  mark?(): Promise<void>;
}
