/**
 * Decides which bytes may go to a modem. Its bootloader obeys single keys without asking, and some of them erase the
 * flash: where such a key could land on the menu, it needs to be allowed by name in the settings and confirmed with the
 * request. Pure: it is shown what came in and what went out.
 */

/** Keys of the bootloader's menu that write, erase or run foreign code, and what each does. */
export const DESTRUCTIVE_KEYS = {
  g: 'downloads a program and runs it',
  j: 'jumps to any address',
  w: 'writes memory',
  m: 'sets the boot mode',
  s: 'stores boot parameters in the flash',
  d: 'downloads an image into the flash',
  e: 'erases a flash sector',
  E: 'erases a flash region',
  X: 'erases all of the flash but the bootloader',
  c: 'differs by vendor: checks, and so overwrites, memory, or reads the flash',
} as const;

export type DestructiveKey = keyof typeof DESTRUCTIVE_KEYS;

/** Prompts that finish what a destructive key began: here even an empty line acts (sector 0 holds the bootloader). */
const DESTRUCTIVE_PROMPTS: readonly (readonly [RegExp, DestructiveKey])[] = [
  [/Write memory\.\s+Hex address:|Hex value:/, 'w'],
  [/Jump to arbitrary address/, 'j'],
  [/Enter new value:/, 'm'],
  [/Enter sector offset/, 'e'],
  [/Enter region number/, 'E'],
  [/read flash\. offset/, 'c'],
  [/TFTP Server IP Address|Enter filename|Destination image|\(0-3\)\[/, 'd'],
];
/** Prompts that take text and change nothing that outlives a reset. */
const HARMLESS_PROMPTS = /Read memory\.\s+Hex address:|Board (IP|MAC) \w+|Internal\/External phy\?/;
const CONFIRMATION = /\? \[[nN]\]/;

const BOOTLOADER =
  /BootLoader Version|MemSize:|Signature\/PID|Program Header|HCS failed|Enter '1'|Board (IP|MAC) |Main Menu:|^ {1,4}[A-Za-z]\) \S|Flash Partition information|Unrecognized command|Hex (address|value):|Value at +[0-9a-f]|Address is less than|\*{8} CRASH|EXCEPTION TYPE|Reset Switch -|BCM33\d+ TP\d|Failed to load an image/;
/** What only something later than the bootloader says. */
const SYSTEM =
  /Executing Image \d|eCos - hal_diag_init|^Linux version |[Ll]ogin:|[Uu]sername:|[Pp]assword:|^(CM|RG)(\/[\w /]*)?> |Console> |^\[\d\d:\d\d:\d\d \d\d\/\d\d\/\d{4}\]|[\w~\])][#$] $/;
/** So many lines without a word of a bootloader are something else: its longest output without one is its map. */
const FOREIGN_LINES = 20;
const LONGEST_LINE = 512;

export interface Permission {
  /** Keys that the settings allow. */
  readonly allowed: readonly string[];
  /** The request itself says that it is meant. */
  readonly confirmed: boolean;
}

export interface Refusal {
  readonly key: string;
  /** Why, and what would permit it. */
  readonly reason: string;
}

/** Where a byte would land: at the menu (also where that cannot be ruled out), at a prompt for text, or past it all. */
type Place =
  | { readonly kind: 'system' | 'menu' | 'text' }
  | { readonly kind: 'confirmation' | 'destructive_text'; readonly key: DestructiveKey | undefined };

export class Guard {
  #world: 'unknown' | 'bootloader' | 'system' = 'unknown';
  #line = '';
  #foreignLines = 0;
  /** A line end went out and nothing came back yet: the prompt on screen is answered. */
  #isAnswered = false;
  #lastKey: DestructiveKey | undefined;

  /** Shows what came from the modem. */
  observe(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === 0x0d || byte === 0x0a) this.#endLine();
      else if (byte !== 0 && this.#line.length < LONGEST_LINE) this.#line += String.fromCharCode(byte);
    }
    this.#classify();
  }

  /** Forgets everything: the port was away, and something else may answer now. */
  reset(): void {
    this.#world = 'unknown';
    this.#line = '';
    this.#foreignLines = 0;
    this.#isAnswered = false;
    this.#lastKey = undefined;
  }

  /** Its last words were a bootloader's. */
  get seesBootloader(): boolean {
    return this.#world === 'bootloader';
  }

  /** Where in `bytes` a password begins: what answers its prompt, or comes behind a name before that prompt is there. */
  secretFrom(bytes: Uint8Array): number {
    if (/[Pp]ass(word|phrase)[^:]{0,40}: ?$/.test(this.#line)) return 0;
    if (!/([Ll]ogin|[Uu]sername): ?[^ ]*$/.test(this.#line)) return bytes.length;
    if (this.#isAnswered) return 0;
    const end = bytes.findIndex(isLineEnd);
    return end < 0 ? bytes.length : end + 1;
  }

  /** Why these bytes may not be sent; undefined when they may. */
  check(bytes: Uint8Array, permission: Permission): Refusal | undefined {
    let place = this.#place();
    for (const byte of bytes) {
      const refusal = judge(String.fromCharCode(byte), place, permission, this.#world === 'unknown');
      if (refusal) return refusal;
      // What follows a line end, or a key, lands nobody knows where: at worst on the menu.
      if (place.kind !== 'system' && isLineEnd(byte)) place = { kind: 'menu' };
    }
    return undefined;
  }

  /** Shows what was sent. */
  sent(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const key = String.fromCharCode(byte);
      const { kind } = this.#place();
      if (kind === 'menu' && isDestructive(key)) this.#lastKey = key;
      if (isLineEnd(byte)) this.#isAnswered = true;
    }
  }

  #endLine(): void {
    this.#classify();
    if (this.#world === 'unknown' && /[ -~]{4}/.test(this.#line)) {
      this.#foreignLines += 1;
      if (this.#foreignLines >= FOREIGN_LINES) this.#world = 'system';
    }
    this.#line = '';
    this.#isAnswered = false;
  }

  #classify(): void {
    if (BOOTLOADER.test(this.#line)) this.#world = 'bootloader';
    else if (SYSTEM.test(this.#line)) this.#world = 'system';
    if (this.#world !== 'unknown') this.#foreignLines = 0;
  }

  #place(): Place {
    if (CONFIRMATION.test(this.#line) && this.#world !== 'system') return { kind: 'confirmation', key: this.#lastKey };
    if (this.#world === 'system') return { kind: 'system' };
    const prompt = DESTRUCTIVE_PROMPTS.find(([words]) => words.test(this.#line));
    if (prompt) return { kind: 'destructive_text', key: prompt[1] };
    return { kind: HARMLESS_PROMPTS.test(this.#line) && !this.#isAnswered ? 'text' : 'menu' };
  }
}

const isDestructive = (key: string): key is DestructiveKey => Object.hasOwn(DESTRUCTIVE_KEYS, key);
const isLineEnd = (byte: number) => byte === 0x0d || byte === 0x0a;

function judge(key: string, place: Place, permission: Permission, isUnknown: boolean): Refusal | undefined {
  if (place.kind === 'system' || place.kind === 'text') return undefined;
  if (place.kind === 'destructive_text') return demand(place.key, key, 'this prompt is part of', permission, false);
  if (place.kind === 'confirmation') {
    return /[yY]/.test(key) ? demand(place.key, key, 'y confirms', permission, isUnknown) : undefined;
  }
  return isDestructive(key) ? demand(key, key, `${key}:`, permission, isUnknown) : undefined;
}

function demand(
  action: DestructiveKey | undefined,
  key: string,
  subject: string,
  { allowed, confirmed }: Permission,
  isUnknown: boolean,
): Refusal | undefined {
  if (action !== undefined && allowed.includes(action) && confirmed) return undefined;
  const what = action === undefined ? 'what nobody here began' : `the key that ${DESTRUCTIVE_KEYS[action]}`;
  const where = isUnknown
    ? 'it is not known yet what runs at the other end, which may be the bootloader: press Enter and see what answers. '
    : '';
  const how =
    action === undefined || !allowed.includes(action)
      ? `it is sent only where allow_destructive of this console names ${action ?? 'the key that led here'} and the request confirms it`
      : 'it is allowed, but the request did not confirm it';
  return { key, reason: `${subject} ${what}; ${where}${how}` };
}
