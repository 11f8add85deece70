import { setTimeout as sleep } from 'node:timers/promises';
import { runBootloader } from './bootloader.ts';
import { runEcos } from './ecos.ts';
import { runLinux } from './linux.ts';
import { Ram } from './ram.ts';
import { BYTES_PER_SECOND, Uart } from './uart.ts';

export type UartName = 'cm' | 'linux';

export interface ModemOptions {
  /** Speed of both lines; Infinity for tests that are about content. */
  readonly bytesPerSecond?: number;
  /** Unlocks the eCos console; default: nothing does. */
  readonly password?: string;
  /** Seconds between two lines of chatter once eCos runs. */
  readonly scanSeconds?: number;
  readonly seed?: number;
}

/** ms from the start of the cable modem side to the first line of the Linux side. */
const LINUX_DELAY = 1200;

/**
 * A Netgear CG3100D-2 as seen on its two serial ports. It is off until `powerOn`; nothing is printed while it is, and
 * whatever it printed before has left the wire.
 */
export class SimulatedModem {
  readonly uarts: Readonly<Record<UartName, Uart>>;
  readonly ram = new Ram();
  /** What was asked of it that would have harmed a real one. */
  readonly harm: string[] = [];
  #power: AbortController | undefined;

  constructor(private readonly options: ModemOptions = {}) {
    const { bytesPerSecond = BYTES_PER_SECOND, seed = 1 } = options;
    this.uarts = { cm: new Uart(bytesPerSecond, seed), linux: new Uart(bytesPerSecond, seed + 1) };
  }

  powerOn(): void {
    this.powerOff();
    this.#power = new AbortController();
    const { signal } = this.#power;
    this.#run(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  powerOff(): void {
    this.#power?.abort();
    this.#power = undefined;
    for (const uart of Object.values(this.uarts)) uart.clear();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { uarts, ram } = this;
    const onHarm = (what: string) => void this.harm.push(what);
    while ((await runBootloader({ uart: uarts.cm, ram, signal, onHarm })) === 'reset') uarts.cm.clear();
    const { password, scanSeconds = 20 } = this.options;
    await Promise.all([
      runEcos({ uart: uarts.cm, ram, signal, password }, scanSeconds),
      sleep(LINUX_DELAY, undefined, { signal }).then(() => runLinux(uarts.linux, signal)),
    ]);
  }
}
