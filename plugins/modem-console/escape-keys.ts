/** What a run of typed bytes means to a terminal program whose escape key is C-a, as picocom's is. */
export type Typed = { readonly kind: 'keys'; readonly bytes: Buffer } | { readonly kind: 'leave' | 'brk' | 'swap' };

const ESCAPE = 0x01; // C-a
const COMMANDS: Readonly<Record<number, 'leave' | 'brk' | 'swap'>> = {
  24: 'leave', // C-x
  17: 'leave', // C-q
  28: 'brk', // C-\
  23: 'swap', // C-w
};

/** Finds escape sequences in what is typed, also across two reads. An unknown one is dropped; C-a twice is one C-a. */
export class EscapeKeys {
  #isEscaped = false;

  take(bytes: Uint8Array): Typed[] {
    const typed: Typed[] = [];
    let plain: number[] = [];
    const flush = () => {
      if (plain.length > 0) typed.push({ kind: 'keys', bytes: Buffer.from(plain) });
      plain = [];
    };
    for (const byte of bytes) {
      if (!this.#isEscaped) {
        if (byte === ESCAPE) this.#isEscaped = true;
        else plain.push(byte);
        continue;
      }
      this.#isEscaped = false;
      const kind = COMMANDS[byte];
      if (byte === ESCAPE) plain.push(byte);
      if (!kind) continue;
      flush();
      typed.push({ kind });
    }
    flush();
    return typed;
  }
}
