import type { Ram } from './ram.ts';
import { ECOS_BOOT, scanLine } from './transcripts.ts';
import type { Uart } from './uart.ts';

export interface EcosBoard {
  readonly uart: Uart;
  readonly ram: Ram;
  readonly signal: AbortSignal;
  /** The password that unlocks the console; undefined: nobody knows it, as with a modem that was bought used. */
  readonly password: string | undefined;
}

const FIRST_CHANNEL = 123;
const LAST_CHANNEL = 855;
const CHANNEL_STEP = 6;

/** The cable modem application: its start, then a login that few get past while it looks for a cable for ever. */
export async function runEcos(board: EcosBoard, scanSeconds: number): Promise<void> {
  const { uart, signal } = board;
  for (const text of ECOS_BOOT) await uart.print(text, signal);
  let prompt = '\r\nLogin: ';
  await uart.print(prompt, signal);
  const scan = setInterval(
    scanner(board, () => prompt),
    scanSeconds * 1000,
  );
  signal.addEventListener('abort', () => clearInterval(scan), { once: true });
  while (!(await login(board))) {
    await uart.print('Invalid login\r\n\r\nLogin: ', signal);
  }
  prompt = 'CM> ';
  for (;;) {
    await uart.print(prompt, signal);
    await answer(board, (await uart.line(signal)).trim());
  }
}

async function login({ uart, signal, password }: EcosBoard): Promise<boolean> {
  await uart.line(signal);
  await uart.print('Password: ', signal);
  return (await uart.line(signal, false)) === password;
}

/** The other threads' chatter lands wherever the cursor is, also behind a prompt. */
function scanner({ uart, signal }: EcosBoard, prompt: () => string): () => void {
  let channel = FIRST_CHANNEL;
  return () => {
    void uart.print(scanLine(channel) + prompt().trimStart(), signal).catch(() => undefined); // the power went
    channel = channel >= LAST_CHANNEL ? FIRST_CHANNEL : channel + CHANNEL_STEP;
  };
}

async function answer({ uart, ram, signal }: EcosBoard, line: string): Promise<void> {
  const read = /^\/read_memory -s 4 -n (\d+) (?:0x)?([0-9a-f]{8})$/i.exec(line);
  if (read) await uart.print(memoryRows(ram, Number.parseInt(read[2] ?? '', 16), Number(read[1])), signal);
  else if (line === '/version') await uart.print('CG3100D-2 (simulated), PID=0xa0e8\r\n\r\n', signal);
  else if (line !== '') await uart.print(`Unknown command "${line}"\r\n\r\n`, signal);
}

/** Four words a row, with what of them can be printed. */
function memoryRows(ram: Ram, address: number, length: number): string {
  let rows = '\r\n';
  for (let at = address; at < address + length; at += 16) {
    const bytes = ram.bytes(at, 16);
    const words = [0, 4, 8, 12].map((offset) => bytes.readUInt32BE(offset).toString(16).padStart(8, '0'));
    const text = bytes.toString('latin1').replace(/[^ -~]/g, '.');
    rows += `${at.toString(16).padStart(8, '0')}: ${words.join('  ')} | ${text}\r\n`;
  }
  return `${rows}\r\n`;
}
