import { HubError } from 'cupboard/sdk';

/**
 * The two dialogues that show a modem's memory. Pure: what to send, and what of an answer can be believed. An answer is
 * believed where it says the same thing twice, for these consoles have no checksums.
 */

/** Below this the bootloader refuses; from here on lie the MIPS windows onto the RAM. */
export const LOWEST_ADDRESS = 0x8000_0000;
const ADDRESS_SPACE = 0x1_0000_0000;
export const WORD = 4;

/**
 * A range that may be read: a bootloader's handler for odd addresses is a crash.
 * @throws HubError `bad_range`
 */
export function checkRange(address: number, length: number): void {
  const problem = !Number.isSafeInteger(address)
    ? 'the address is no number'
    : address < LOWEST_ADDRESS
      ? `the bootloader reads from ${hexAddress(LOWEST_ADDRESS)} on`
      : address % WORD !== 0
        ? 'the address is no multiple of 4: such a read crashes the bootloader'
        : !Number.isSafeInteger(length) || length <= 0 || length % WORD !== 0
          ? 'the length is no positive multiple of 4'
          : address + length > ADDRESS_SPACE
            ? 'the range ends beyond 0xffffffff'
            : undefined;
  if (problem) throw new HubError('bad_range', problem);
}

/**
 * An address or length as people write it: 0x80004000, 64k, 4096.
 * @throws HubError `bad_range`
 */
export function parseQuantity(value: string | number): number {
  if (typeof value === 'number') return value;
  const found = /^\s*(0x[0-9a-f]+|\d+)\s*([km])?(?:i?b)?\s*$/i.exec(value);
  if (!found) throw new HubError('bad_range', `expected a number like 0x80004000 or 64k, got ${JSON.stringify(value)}`);
  const unit = { k: 1024, m: 1024 * 1024 }[found[2]?.toLowerCase() ?? ''] ?? 1;
  return Number(found[1]) * unit;
}

export const hexAddress = (address: number) => `0x${address.toString(16).padStart(8, '0')}`;

/** The bootloader asks for the next address. */
export const ADDRESS_PROMPT = /Read memory\.\s+Hex address:[ \t]*$/;
/** What asks for one word there; an empty line leaves. */
export const askWord = (address: number) => `${hexAddress(address)}\r\n`;
export const LEAVE = '\r\n';

/** One value as the bootloader printed it. */
export interface Value {
  readonly value: number;
  /** How many bytes it stands for, from the digits printed: bootloaders differ in what they read at once. */
  readonly bytes: 1 | 2 | 4;
}

const VALUE = /Value at +([0-9a-f]{1,8}): ([0-9a-f]{8}|[0-9a-f]{4}|[0-9a-f]{2}) \(hex\) +(\d+) \(dec\)/g;

/** The value at `address` in an answer; undefined unless address, hex and decimal all agree. */
export function parseValue(answer: string, address: number): Value | undefined {
  for (const [, at = '', hex = '', decimal] of answer.matchAll(VALUE)) {
    const value = Number.parseInt(hex, 16);
    if (Number.parseInt(at, 16) !== address || value !== Number(decimal)) continue;
    return { value, bytes: (hex.length / 2) as Value['bytes'] };
  }
  return undefined;
}

/** Writes a value as the memory holds it, big endian. */
export function valueBytes({ value, bytes }: Value): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

/** A privileged prompt of the eCos console; text of other threads may follow on its line. */
export const ECOS_PROMPT = /(?:^|[\r\n])(?:CM|RG)(?:\/[\w /]+)?> /;
const UNPRIVILEGED = /(?:^|[\r\n])(?:CM|RG)\/Console> /;
export const hasEcosPrompt = (text: string) => ECOS_PROMPT.test(text) && !UNPRIVILEGED.test(text);

export const ROW = 16;
/** What asks the unlocked eCos console for memory; `length` a multiple of 16. */
export const askRows = (address: number, length: number) => `/read_memory -s 4 -n ${length} ${hexAddress(address)}\r\n`;

const ROW_PATTERN = /^([0-9a-f]{8}): ([0-9a-f]{8}) {2}([0-9a-f]{8}) {2}([0-9a-f]{8}) {2}([0-9a-f]{8}) \| (.{16})$/;

/**
 * The rows of an answer that can be believed, by address: inside the range asked for, on a multiple of 16 from its
 * start, and with a text column that fits the words. Rows that other threads cut up are not among them.
 */
export function parseRows(answer: string, address: number, length: number): Map<number, Buffer> {
  const rows = new Map<number, Buffer>();
  for (const line of answer.split(/[\r\n]+/)) {
    const [, at = '', ...columns] = ROW_PATTERN.exec(line) ?? [];
    const text = columns.pop();
    const start = Number.parseInt(at, 16);
    const isAsked = start >= address && start < address + length && (start - address) % ROW === 0;
    const bytes = Buffer.from(columns.join(''), 'hex');
    if (isAsked && text === printable(bytes)) rows.set(start, bytes);
  }
  return rows;
}

function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^ -~]/g, '.');
}
