import { setTimeout as sleep } from 'node:timers/promises';
import type { Ram } from './ram.ts';
import { KSEG0 } from './ram.ts';
import {
  BANNER,
  BOARD_PROMPTS,
  bootOf,
  crashDump,
  ETHERNET,
  MENU,
  PARTITION_MAP,
  PHY_PROMPT,
  QUESTION,
} from './transcripts.ts';
import type { Uart } from './uart.ts';

/** What the bootloader works with; it goes when the power does. */
export interface Board {
  readonly uart: Uart;
  readonly ram: Ram;
  readonly signal: AbortSignal;
  /** Told of everything that would have harmed a real modem: `X: erase all`. */
  readonly onHarm: (what: string) => void;
}

/** How the bootloader ends: it runs an image, or starts again. */
export type Outcome = 'boot' | 'reset';

const WAIT_SECONDS = 2;

/** From power-on to the jump into an image; harmful keys are obeyed as far as saying what they did. */
export async function runBootloader(board: Board): Promise<Outcome> {
  const { uart, signal } = board;
  await uart.print(BANNER + QUESTION, signal);
  const choice = await askedKey(board);
  if (choice !== 'p') {
    await uart.print(bootOf(choice === '1' ? 1 : 2), signal);
    return 'boot';
  }
  await uart.print('\r\n\r\n', signal);
  await askBoard(board);
  for (;;) {
    await uart.print(MENU, signal);
    const outcome = await obey(board, (await uart.key(signal)) as string);
    if (outcome) return outcome;
  }
}

/** A dot a second; keys that mean nothing here are swallowed. */
async function askedKey({ uart, signal }: Board): Promise<string | undefined> {
  for (let second = 0; second < WAIT_SECONDS; second += 1) {
    await uart.print('. ', signal);
    const until = performance.now() + 1000;
    for (let left = 1000; left > 0; left = until - performance.now()) {
      const key = await uart.key(signal, left);
      if (key && '12p'.includes(key)) return key;
    }
  }
  return undefined;
}

async function askBoard({ uart, signal }: Board): Promise<void> {
  for (const prompt of BOARD_PROMPTS) {
    await uart.print(prompt, signal);
    await uart.line(signal);
  }
  await uart.print(PHY_PROMPT, signal);
  await uart.line(signal);
  await uart.print(ETHERNET, signal);
}

type Command = (board: Board) => Promise<Outcome | undefined | void>;

const COMMANDS: Readonly<Record<string, Command>> = {
  b: async ({ uart, signal }) => {
    await uart.print(bootOf(2), signal);
    return 'boot';
  },
  z: async () => 'reset',
  p: ({ uart, signal }) => uart.print(PARTITION_MAP, signal),
  i: askBoard,
  r: readMemory,
  w: async (board) => {
    const address = await askLine(board, 'Write memory.  Hex address: ');
    const value = await askLine(board, 'Hex value: ');
    board.onHarm(`w: ${address} = ${value}`);
    const at = Number.parseInt(address, 16);
    if (isReadable(at)) board.ram.write(at, Number.parseInt(value, 16));
  },
  j: async (board) => harm(board, `j: ${await askLine(board, 'Jump to arbitrary address (hex): ')}`),
  m: async (board) => harm(board, `m: ${await askLine(board, 'MODE=8000: Enter new value: ')}`),
  e: async (board) => harm(board, `e: ${await askLine(board, 'Enter sector offset in SPI flash: ')}`),
  g: (board) => download(board, 'g'),
  d: (board) => download(board, 'd'),
  s: (board) => confirmed(board, 's', 'Store parameters to flash? [n] '),
  X: (board) => confirmed(board, 'X', 'Are you sure you want to do this? [n] '),
};

async function obey(board: Board, key: string): Promise<Outcome | undefined> {
  const { uart, signal } = board;
  if (key === '\r' || key === '\n') return undefined;
  const command = Object.hasOwn(COMMANDS, key) ? COMMANDS[key] : undefined;
  await uart.print(`${key}\r\n`, signal);
  if (command) return (await command(board)) ?? undefined;
  await uart.print('Unrecognized command.\r\n', signal);
  return undefined;
}

function harm({ onHarm }: Board, what: string): void {
  onHarm(what);
}

async function askLine({ uart, signal }: Board, prompt: string): Promise<string> {
  await uart.print(`\r\n${prompt}`, signal);
  return (await uart.line(signal)).trim();
}

async function download(board: Board, key: string): Promise<void> {
  await board.uart.print('\r\nTFTP Get Selected', board.signal);
  const server = await askLine(board, 'Board TFTP Server IP Address [192.168.2.11]: ');
  const file = await askLine(board, 'Enter filename [vxram_sto.bin]: ');
  harm(board, `${key}: ${file} of ${server}`);
}

async function confirmed(board: Board, key: string, question: string): Promise<void> {
  const answer = await askLine(board, question);
  if (/^y/i.test(answer)) harm(board, `${key}: confirmed`);
}

/** Asks for addresses until an empty line. An odd address is read as it is, which the processor does not survive. */
async function readMemory(board: Board): Promise<Outcome | undefined> {
  const { uart, ram, signal } = board;
  for (;;) {
    const text = await askLine(board, 'Read memory.  Hex address: ');
    if (text === '') return undefined;
    const address = Number.parseInt(text, 16);
    if (address >= KSEG0 && address % 4 !== 0) {
      await uart.print(crashDump(address), signal);
      await sleep(1000, undefined, { signal });
      return 'reset';
    }
    if (!isReadable(address)) {
      await uart.print('Address is less than 0x80000000.  Ignoring.\r\n', signal);
      continue;
    }
    const word = ram.word(address);
    const hex = (value: number) => value.toString(16).padStart(8, '0');
    await uart.print(`Value at ${hex(address)}: ${hex(word)} (hex)  ${word} (dec)\r\n\r\n`, signal);
  }
}

const isReadable = (address: number) => address >= KSEG0 && address < KSEG0 + 0x4000_0000 && address % 4 === 0;
