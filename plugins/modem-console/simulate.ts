import type { Hub } from 'cupboard/sdk';
import type { Config } from './config.ts';
import { type Faults, NO_FAULTS } from './simulator/faults.ts';
import { type ModemOnPtys, sharedModem } from './simulator.ts';

/** About what a long unshielded cable does. */
const BAD_LINE: Faults = { noise: 0.00004, dropped: 0.00003, doubled: 0.00003, interrupted: 0.002 };

/** What may be done to a simulated modem, by the names of the command `simulate`. */
export const ACTIONS: Readonly<Record<string, (modem: ModemOnPtys) => unknown>> = {
  power_cycle: ({ modem }) => modem.powerOn(),
  power_off: ({ modem }) => modem.powerOff(),
  // The plugin looks for its ports again, and so plugs them in.
  unplug: (ptys) => Promise.all([ptys.unplug('cm'), ptys.unplug('linux')]),
  good_line: ({ modem }) => setFaults(modem, NO_FAULTS),
  bad_line: ({ modem }) => setFaults(modem, BAD_LINE),
  // For those who wait for what a wire takes its time for.
  fast_line: ({ modem }) => {
    for (const uart of Object.values(modem.uarts)) uart.bytesPerSecond = Number.POSITIVE_INFINITY;
  },
};

/** The command `simulate`, for a demo and for tests; where nothing is simulated it does nothing. */
export function addSimulate(hub: Hub<Config>): void {
  hub.command<{ action: string }>('simulate', async ({ action }) => {
    const modem = sharedModem();
    if (!modem) return { ok: false, error: 'no console is simulated' };
    await ACTIONS[action]?.(modem);
    return { ok: true };
  });
}

function setFaults({ uarts }: ModemOnPtys['modem'], faults: Faults): void {
  for (const uart of Object.values(uarts)) uart.faults = faults;
}
