import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { JsonObject } from 'cupboard/sdk';

/** A message between hubs: a few fields and, of files, bytes. */
export interface Envelope {
  readonly fields: JsonObject;
  readonly bytes: Uint8Array;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals messages with the token that both hubs have in their configuration: a build's secrets and sources pass a broker
 * whose other clients may read along. AES-256-GCM, a random nonce a message, its direction authenticated with it, so that
 * nothing can be sent back to whom it came from.
 */
export class Seal {
  readonly #key: Buffer;

  constructor(token: string) {
    this.#key = Buffer.from(hkdfSync('sha256', token, '', 'cupboard ci workers', 32));
  }

  /** The payload as text, for a client of the SDK receives text. */
  close(direction: string, { fields, bytes }: Envelope): string {
    const head = Buffer.from(JSON.stringify(fields));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(direction));
    const sealed = [cipher.update(length), cipher.update(head), cipher.update(bytes), cipher.final()];
    return Buffer.concat([iv, ...sealed, cipher.getAuthTag()]).toString('base64');
  }

  /** `undefined` for what was not sealed with this token for this direction. */
  open(direction: string, payload: string): Envelope | undefined {
    const sealed = Buffer.from(payload, 'base64');
    if (sealed.length < IV_BYTES + TAG_BYTES + 4) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, IV_BYTES));
    decipher.setAAD(Buffer.from(direction)).setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
      const end = 4 + text.readUInt32BE();
      return { fields: JSON.parse(text.toString('utf8', 4, end)) as JsonObject, bytes: text.subarray(end) };
    } catch {
      return undefined; // another token, or not a message of ours: told apart by nobody on purpose
    }
  }
}
