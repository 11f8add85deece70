import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, errorText, HubError } from 'cupboard/sdk';
import type { SerialPort } from 'serialport';
import type { ConsoleSettings } from './config.ts';
import type { PortFailure, PortState } from './console.ts';
import { findHolders, type Holder } from './holders.ts';
import { loadLibrary } from './library.ts';
import { busyAdvice, portAdvice } from './ports.ts';

/** A failure of a serial port. */
export class DeviceError extends HubError {
  constructor(
    readonly failure: 'busy' | 'not_open' | 'write',
    message: string,
    options?: ErrorOptions,
  ) {
    super(`device_${failure}`, message, options);
  }
}

/** The library has no error codes: what went wrong stands in the system's words in its text. */
const SYSTEM_WORDS: readonly (readonly [RegExp, PortFailure])[] = [
  [/no such (file|device)|not found/i, 'missing'],
  [/permission denied|access denied|not permitted/i, 'permission'],
  [/cannot lock port|resource (temporarily unavailable|busy)/i, 'busy'],
  [/is a directory|inappropriate ioctl/i, 'not_serial'],
];

/** ms between attempts to open; the last for ever. A new node in the port's folder ends the wait. */
const REOPEN_DELAYS = [500, 1_000, 2_000, 5_000, 10_000] as const;

/** ms between looks at the node of an open port: a driver says nothing of an unplug while nobody writes. */
const LOOK_MS = 1_000;

export interface SerialLineOptions {
  readonly settings: ConsoleSettings;
  /** Where the device node is, asked before each attempt to open it. */
  readonly locate: () => Promise<string>;
  readonly onBytes: (bytes: Uint8Array, time: number) => void;
  readonly onState: (state: PortState) => void;
  readonly signal: AbortSignal;
}

/** A serial port that is opened again, as a new object, whenever it was lost. */
export class SerialLine {
  #state: PortState = { state: 'opening', reason: 'not opened yet', advice: '' };
  #port: SerialPort | undefined;

  constructor(private readonly options: SerialLineOptions) {}

  get state(): PortState {
    return this.#state;
  }

  /** Keeps the port open; resolves once `signal` is aborted and the port is shut. */
  async run(): Promise<void> {
    const { signal } = this.options;
    let attempt = 0;
    while (!signal.aborted) {
      const path = await this.#attempt(() => {
        attempt = 0;
      });
      if (signal.aborted) break;
      await pause(REOPEN_DELAYS[Math.min(attempt, REOPEN_DELAYS.length - 1)] ?? 0, path, signal);
      attempt += 1;
    }
    this.#tell({ state: 'closed', reason: 'the plugin stopped', advice: '' });
  }

  async write(bytes: Uint8Array): Promise<void> {
    const port = this.#openPort();
    await settled(port, (done) => port.write(Buffer.from(bytes), done));
    await settled(port, (done) => port.drain(done));
  }

  async sendBreak(milliseconds: number): Promise<void> {
    const port = this.#openPort();
    await settled(port, (done) => port.set({ brk: true, dtr: true, rts: true }, done));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await settled(port, (done) => port.set({ brk: false, dtr: true, rts: true }, done));
  }

  /** A closed SerialPort keeps what is written to it and sends it after the next open; a destroyed one swallows it. */
  #openPort(): SerialPort {
    if (this.#port?.isOpen && this.#port.writable) return this.#port;
    throw new DeviceError('not_open', `the port is not open: ${this.#state.state}`);
  }

  /** Opens the port once and stays until it is lost; answers its path as far as it was found. */
  async #attempt(opened: () => void): Promise<string | undefined> {
    const { signal } = this.options;
    let path: string | undefined;
    try {
      path = await this.options.locate();
      const port = await this.#open(path);
      const lost = new Promise<void>((resolve) => port.once('close', resolve));
      this.#port = port;
      opened();
      this.#tell({ state: 'open', path });
      const close = () => port.close(() => undefined);
      if (signal.aborted) close();
      else signal.addEventListener('abort', close, { once: true });
      const endLooking = await watchNode(path, close);
      await lost;
      endLooking();
      signal.removeEventListener('abort', close);
      if (!signal.aborted) {
        this.#tell({ state: 'missing', path, reason: 'the port went away', advice: await portAdvice('missing', path) });
      }
    } catch (error) {
      this.#tell(await describeFailure(error, path));
    } finally {
      this.#port = undefined;
    }
    return path;
  }

  /** @throws DeviceError or the library's own error */
  async #open(path: string): Promise<SerialPort> {
    // A program that takes no lock, as a terminal program started earlier, would share the bytes with us at random.
    const holders = await findHolders(path);
    if (holders.length > 0) throw new BusyError(path, holders);
    const { settings, onBytes } = this.options;
    const { SerialPort } = await loadLibrary();
    const port = new SerialPort({
      path,
      baudRate: settings.baud,
      dataBits: settings.data_bits,
      parity: settings.parity,
      stopBits: settings.stop_bits,
      // Closing must not drop the modem lines: many boards reset on that edge.
      hupcl: false,
      autoOpen: false,
    });
    // A port that nobody reads does not notice that it is gone.
    port.on('data', (bytes: Uint8Array) => onBytes(bytes, Date.now()));
    port.on('error', () => port.close(() => undefined));
    await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
    return port;
  }

  #tell(state: PortState): void {
    const before = this.#state;
    this.#state = state;
    if (JSON.stringify(before) !== JSON.stringify(state)) this.options.onState(state);
  }
}

class BusyError extends DeviceError {
  constructor(
    path: string,
    readonly holders: readonly Holder[],
  ) {
    super('busy', `${path} is held by ${holders.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')}`);
  }
}

async function describeFailure(error: unknown, path: string | undefined): Promise<PortState> {
  const text = errorText(error);
  const state = failureOf(error, text);
  const at = path === undefined ? {} : { path };
  if (state !== 'busy') return { state, ...at, reason: text, advice: await portAdvice(state, path) };
  const holders = error instanceof BusyError ? error.holders : await findHolders(path ?? '');
  const reason = error instanceof BusyError || holders.length === 0 ? text : new BusyError(path ?? '', holders).message;
  return { state, ...at, reason, advice: await busyAdvice(path ?? '', holders) };
}

function failureOf(error: unknown, text: string): PortFailure {
  if (error instanceof BusyError) return 'busy';
  if (errorCode(error) === 'device_no_library') return 'no_library';
  return SYSTEM_WORDS.find(([words]) => words.test(text))?.[1] ?? 'failed';
}

/** One call with a callback; a port that closes meanwhile fails it. */
function settled(port: SerialPort, call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error | null) => {
      port.off('close', lost);
      if (error) reject(new DeviceError('write', errorText(error), { cause: error }));
      else resolve();
    };
    const lost = () => finish(new Error('the port went away'));
    port.once('close', lost);
    call(finish);
  });
}

/** Calls `gone` once the path no longer leads to the device it leads to now; answers what ends the looking. */
async function watchNode(path: string, gone: () => void): Promise<() => void> {
  const device = await deviceAt(path);
  const timer = setInterval(async () => {
    if ((await deviceAt(path)) === device) return;
    clearInterval(timer);
    gone();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

const deviceAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ rdev }) => rdev,
    () => undefined,
  );

/** Waits; ends early when something appears in the folder of `path`, or with `signal`. */
function pause(milliseconds: number, path: string | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      watcher?.close();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    const watcher = path === undefined ? undefined : watchFolder(path, end);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** `/dev/serial/by-id` comes and goes with its adapters: while it is missing, time alone brings the next attempt. */
function watchFolder(path: string, changed: () => void): { close(): void } | undefined {
  try {
    return watch(dirname(path), { persistent: false }, (_, name) => {
      if (name !== null && path.endsWith(`/${name}`)) changed();
    }).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
