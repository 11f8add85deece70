import { type ModemOptions, SimulatedModem, type UartName } from './simulator/modem.ts';
import { openPty, type Pty } from './simulator/pty.ts';

/** A simulated modem whose serial ports are pseudo-terminals of this machine. */
export interface ModemOnPtys {
  readonly modem: SimulatedModem;
  /** The terminal of a UART; opened when first asked for, and anew after `unplug`. */
  path(uart: UartName): Promise<string>;
  /** Pulls the adapter of a UART out: whoever has it open sees it go. */
  unplug(uart: UartName): Promise<void>;
  close(): Promise<void>;
}

export function openModem(options: ModemOptions = {}): ModemOnPtys {
  const modem = new SimulatedModem(options);
  const ptys = new Map<UartName, Promise<Pty>>();
  const open = async (uart: UartName) => {
    const pty = await openPty((bytes) => modem.uarts[uart].receive(bytes));
    modem.uarts[uart].attach(pty);
    return pty;
  };
  const unplug = async (uart: UartName) => {
    const pty = ptys.get(uart);
    ptys.delete(uart);
    modem.uarts[uart].attach(undefined);
    await (await pty)?.close();
  };
  return {
    modem,
    async path(uart) {
      const pty = ptys.get(uart) ?? open(uart);
      ptys.set(uart, pty);
      try {
        return (await pty).path;
      } catch (error) {
        ptys.delete(uart);
        throw error;
      }
    },
    unplug,
    async close() {
      modem.powerOff();
      await Promise.allSettled([unplug('cm'), unplug('linux')]);
    },
  };
}

/** ms from the first look for a UART to power-on: both listen by then, and the recording has the first byte. */
const POWER_ON_DELAY = 1500;

let shared: ModemOnPtys | undefined;

/** The simulated modem of this process, once a console listens to it. */
export const sharedModem = (): ModemOnPtys | undefined => shared;

/**
 * Answers the pseudo-terminal on which a UART of this process's simulated modem speaks; both UARTs are of one modem,
 * which is switched on once the first of them is listened to.
 * @throws HubError `pty_missing`, with the line that installs what is needed
 */
export async function openSimulator(uart: UartName, signal: AbortSignal): Promise<string> {
  const simulated = shared ?? switchOn(signal);
  return simulated.path(uart);
}

function switchOn(signal: AbortSignal): ModemOnPtys {
  const simulated = openModem();
  shared = simulated;
  const timer = setTimeout(() => simulated.modem.powerOn(), POWER_ON_DELAY);
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer);
      shared = undefined;
      void simulated.close();
    },
    { once: true },
  );
  return simulated;
}
