import { onTestFinished } from 'vitest';
import type { ConsoleSettings } from '../../../plugins/modem-console/config.ts';
import type { BytesListener, Console, PortState } from '../../../plugins/modem-console/console.ts';
import { DeviceError } from '../../../plugins/modem-console/device.ts';
import { type ModemOptions, SimulatedModem } from '../../../plugins/modem-console/simulator/modem.ts';
import { waitFor } from '../../support/hub.ts';

const SETTINGS: ConsoleSettings = {
  port: '/dev/ttyUSB0',
  baud: 115200,
  data_bits: 8,
  parity: 'none',
  stop_bits: 1,
  keep_mb: 4,
  allow_destructive: [],
};
const OPEN: PortState = { state: 'open', path: '/dev/ttyUSB0' };
const MISSING: PortState = { state: 'missing', reason: 'the port went away', advice: 'Plug it in.' };

/** A console wired to the simulated modem's first UART without a terminal in between: as fast as the code is. */
export class WiredConsole implements Console {
  readonly id = 'cm';
  readonly name = 'cm';
  port: PortState = OPEN;
  /** What the modem has printed, and what it was sent. */
  printed = '';
  sent = '';
  /** Writes wait for this before they reach the wire. */
  gate: Promise<void> = Promise.resolve();
  readonly #bytes = new Set<BytesListener>();
  readonly #ports = new Set<(port: PortState) => void>();

  constructor(
    readonly modem: SimulatedModem,
    readonly settings: ConsoleSettings,
  ) {
    modem.uarts.cm.attach({ backlog: 0, write: (bytes) => this.#arrive(bytes) });
  }

  onBytes(listener: BytesListener): () => void {
    this.#bytes.add(listener);
    return () => void this.#bytes.delete(listener);
  }

  onPort(listener: (port: PortState) => void): () => void {
    this.#ports.add(listener);
    return () => void this.#ports.delete(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.gate;
    if (this.port.state !== 'open') throw new DeviceError('not_open', 'the port is not open');
    this.sent += Buffer.from(bytes).toString('latin1');
    // As from a wire: not before the caller goes on.
    setImmediate(() => this.modem.uarts.cm.receive(bytes));
  }

  async sendBreak(): Promise<void> {
    this.sent += '<break>';
  }

  setPlugged(isPlugged: boolean): void {
    this.port = isPlugged ? OPEN : MISSING;
    for (const listener of [...this.#ports]) listener(this.port);
  }

  /** Waits until the modem has printed `text` after everything printed before this call. */
  async expect(text: string): Promise<void> {
    const from = this.printed.length;
    await waitFor(`the modem to print ${JSON.stringify(text)}`, () => this.printed.includes(text, from));
  }

  #arrive(bytes: Uint8Array): void {
    if (this.port.state !== 'open') return;
    const arrived = Buffer.from(bytes);
    this.printed += arrived.toString('latin1');
    for (const listener of [...this.#bytes]) listener(arrived, Date.now());
  }
}

/** A modem at the end of a wire; off when the test ends. */
export function wireModem(settings: Partial<ConsoleSettings> = {}, options: ModemOptions = {}): WiredConsole {
  const modem = new SimulatedModem({ bytesPerSecond: Number.POSITIVE_INFINITY, scanSeconds: 3600, ...options });
  onTestFinished(() => modem.powerOff());
  return new WiredConsole(modem, { ...SETTINGS, ...settings });
}

/** Switches the modem on and types the way into its menu. */
export async function openMenu(console: WiredConsole): Promise<void> {
  const keys = async (text: string) => console.write(Buffer.from(text));
  const asked = console.expect('take default');
  console.modem.powerOn();
  await asked;
  for (const [key, answer] of [
    ['p', 'Address  ['],
    ['\r', 'Mask'],
    ['\r', 'Gateway'],
    ['\r', 'MAC Address'],
    ['\r', 'phy?'],
    ['\r', 'z) Reset\r\n\r\n'],
  ] as const) {
    const answered = console.expect(answer);
    await keys(key);
    await answered;
  }
}
