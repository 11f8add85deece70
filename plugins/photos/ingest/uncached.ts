import { createHash, webcrypto } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from 'cupboard/sdk';

/** Node has it; its types leave it to the browser's. */
declare const WebAssembly: { readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer } };

const PAGE_BYTES = 65_536;
const BLOCK_BYTES = 16 << 20;

/**
 * Reads archived files again for their hash, from the disk and not from the page cache, which would only give back what
 * was just written. Direct reads need memory at a page boundary, and WebAssembly's is. Where the file system has no
 * direct reads (tmpfs, some network disks) the cache is read.
 */
export class UncachedReader {
  readonly #block = new Uint8Array(new WebAssembly.Memory({ initial: BLOCK_BYTES / PAGE_BYTES }).buffer);
  #last: Promise<unknown> = Promise.resolve();

  /** Epoch order; one file at a time, for there is one buffer. @throws the system's error */
  hash(path: string, signal?: AbortSignal): Promise<string> {
    const result = this.#last.then(() => this.#hash(path, signal));
    this.#last = result.catch(() => undefined); // the asker handles it
    return result;
  }

  async #hash(path: string, signal: AbortSignal | undefined): Promise<string> {
    const handle = await openDirect(path);
    try {
      const { size } = await handle.stat();
      let read = await this.#read(handle, 0);
      // In one block: hashed on another thread, so that an import goes on at full speed meanwhile.
      if (read === size) {
        const digest = await webcrypto.subtle.digest('SHA-256', this.#block.subarray(0, read));
        return Buffer.from(digest).toString('hex');
      }
      const hash = createHash('sha256');
      for (let at = 0; read > 0; read = at < size ? await this.#read(handle, at) : 0) {
        signal?.throwIfAborted();
        hash.update(this.#block.subarray(0, read));
        at += read;
      }
      return hash.digest('hex');
    } finally {
      await handle.close();
    }
  }

  async #read(handle: FileHandle, at: number): Promise<number> {
    return (await handle.read(this.#block, 0, this.#block.length, at)).bytesRead;
  }
}

async function openDirect(path: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  try {
    return await open(path, flags | constants.O_DIRECT);
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw error;
    return open(path, flags);
  }
}
