import type { DeviceDescription, Reading } from 'cupboard/sdk';

/** What `ipv6-watchdog/<tunnel>` shows. What is not known is absent. */
export interface TunnelState {
  readonly verdict: string;
  /** Of the hysteresis: online, disconnecting, offline, connecting; or off. */
  readonly phase: string;
  /** Epoch ms since when the verdict is this one. */
  readonly since: number;
  readonly advice: string;
  /** Why nothing is being done about it; empty when there is nothing to do. */
  readonly held: string;
  readonly restarts: number;
  /** Epoch ms. */
  readonly last_restart?: number;
  readonly last_restart_result?: string;
  /** Ms; null when nothing answered. */
  readonly latency_v4?: number | null;
  readonly latency_v6?: number | null;
  readonly cost_ms?: number;
  /** Percent. */
  readonly loss?: number;
  readonly mtu?: number;
  readonly endpoint?: string;
  readonly cannot_check: string;
  /** What anyone outside can reach, as long as the firewall lets them; empty when it is closed or cannot be read. */
  readonly exposed: string;
}

/** A state that does not change is told this often, in s: the history needs no more. */
export const TELL_EVERY = 30;

/** The tunnel as a device, so that it is recorded, drawn and found like any other. */
export function describeTunnel(name: string, interval: number, simulated: boolean): DeviceDescription {
  const period = 2 * Math.max(TELL_EVERY, interval);
  const text = (label: string) => ({ name: label, period });
  const ms = (label: string) =>
    ({ name: label, unit: 'ms', device_class: 'duration', state_class: 'measurement', period }) as const;
  return {
    name: `IPv6 tunnel ${name}`,
    sensors: {
      cost_ms: ms('Cost'),
      verdict: text('Verdict'),
      latency_v4: ms('Latency over IPv4'),
      latency_v6: ms('Latency over IPv6'),
      loss: { name: 'Loss', unit: '%', state_class: 'measurement', period },
      since: { name: 'Since', device_class: 'timestamp', period },
      restarts: { name: 'Restarts', period },
      advice: text('Advice'),
      held: text('Why nothing is done'),
      phase: text('Phase'),
      // No period: most tunnels are never restarted, and nobody misses it.
      last_restart: { name: 'Last restart', device_class: 'timestamp' },
      last_restart_result: { name: 'Result of the last restart' },
      mtu: { name: 'MTU', period },
      endpoint: text('Our IPv4 address'),
      cannot_check: text('Not checked'),
      exposed: text('Open to anyone'),
    },
    ...(simulated && { simulated }),
  };
}

export const readingsOf = (state: TunnelState): Record<string, Reading> =>
  Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
