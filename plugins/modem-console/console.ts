import { errorText, type Logger } from 'cupboard/sdk';
import type { ConsoleSettings } from './config.ts';
import { SerialLine } from './device.ts';
import { openSimulator } from './simulator.ts';

/** How a port is. Every state but `open` carries advice for people. */
export type PortState =
  | { readonly state: 'open'; readonly path: string }
  | {
      readonly state: 'opening' | 'missing' | 'permission' | 'busy' | 'not_serial' | 'no_library' | 'failed' | 'closed';
      /** The device node, once it is known. */
      readonly path?: string;
      /** What the system said. */
      readonly reason: string;
      readonly advice: string;
    };

/** The states of a port that is not open. */
export type PortFailure = Exclude<PortState['state'], 'open'>;

export type BytesListener = (bytes: Uint8Array, time: number) => void;

/**
 * One serial console. It is silent: nothing but `write` and `sendBreak` ever sends, and both refuse while the port is
 * not open, so that no byte waits for a device that comes back in another state.
 */
export interface Console {
  readonly id: string;
  readonly settings: ConsoleSettings;
  /** For people. */
  readonly name: string;
  readonly port: PortState;
  /** Bytes as they came, with the time of their arrival in epoch ms. Answers the function that ends it. */
  onBytes(listener: BytesListener): () => void;
  /** Told of each change of `port`. Answers the function that ends it. */
  onPort(listener: (port: PortState) => void): () => void;
  /**
   * Sends bytes now; resolves when the system has taken them off its buffer.
   * @throws DeviceError `device_not_open`, or what broke
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Holds the line in the break condition.
   * @throws DeviceError `device_not_open`, or that this port cannot
   */
  sendBreak(milliseconds: number): Promise<void>;
}

/** Opens the console's port and keeps it open until `signal` is aborted; `closed` resolves when it is shut. */
export function openConsole(
  id: string,
  settings: ConsoleSettings,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Console & { readonly closed: Promise<void> } {
  const bytesListeners = new Set<BytesListener>();
  const portListeners = new Set<(port: PortState) => void>();
  const line = new SerialLine({
    settings,
    locate: () => locatePort(settings, signal),
    onBytes: (bytes, time) => tellAll(bytesListeners, (listener) => listener(bytes, time)),
    onState: (port) => tellAll(portListeners, (listener) => listener(port)),
    signal,
  });
  /** A listener's fault costs that listener this once, never the line. */
  const tellAll = <L>(listeners: Set<L>, tell: (listener: L) => void) => {
    for (const listener of [...listeners]) {
      try {
        tell(listener);
      } catch (error) {
        log.error(`${id}: ${error instanceof Error ? error.stack : errorText(error)}`);
      }
    }
  };
  const closed = line.run();
  return {
    id,
    settings,
    name: settings.name ?? id,
    get port() {
      return line.state;
    },
    onBytes: (listener) => listen(bytesListeners, listener),
    onPort: (listener) => listen(portListeners, listener),
    write: (bytes) => line.write(bytes),
    sendBreak: (milliseconds) => line.sendBreak(milliseconds),
    closed,
  };
}

function listen<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** A simulated UART is found anew at each attempt: its pseudo-terminal has another name after a restart. */
async function locatePort({ port, simulator }: ConsoleSettings, signal: AbortSignal): Promise<string> {
  if (simulator !== undefined) return await openSimulator(simulator, signal);
  return port ?? '';
}
