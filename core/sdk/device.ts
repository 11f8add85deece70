import { HubError } from '../support/errors.ts';
import type { Connection } from './connection.ts';
import type { Device, DeviceDescription, Reading } from './contract.ts';
import { DeviceState, type DeviceUpdate, type Moment } from './device-state.ts';

/** Levels of a plugin's tree that are no devices. */
const RESERVED_IDS = ['status', 'event', 'command', 'progress', 'letter'];

/** The device handle of a plugin: `DeviceState` on its topics, with a timer that drops what becomes too old. */
export function createDevice(options: {
  readonly plugin: string;
  readonly id: string;
  readonly description: DeviceDescription;
  readonly connection: Connection;
  /** State an earlier run left behind. */
  readonly left: string | undefined;
  /** Tells the hub what stands on `hub/devices/<plugin>/<device>`. */
  readonly announce: (description: DeviceDescription | null) => void;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}): Device {
  const { id, connection, announce, signal, onError } = options;
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(id) || RESERVED_IDS.includes(id)) {
    throw new HubError('device_invalid', `expected one topic level other than ${RESERVED_IDS.join(', ')}, got "${id}"`);
  }
  const topic = `${options.plugin}/${id}`;
  const state = new DeviceState(options.description);
  let description = options.description;
  let isAnnounced = false;
  let timer: NodeJS.Timeout | undefined;

  const publish = async ({ state: shown, late, values, cleared }: DeviceUpdate) => {
    schedule();
    // All at once: the connection keeps their order and one journal commit carries them together.
    await Promise.all([
      ...(late ? [connection.publish(topic, JSON.stringify(late))] : []),
      ...(shown ? [connection.publish(topic, JSON.stringify(shown), { retain: true })] : []),
      ...values.map(([field, value]) => connection.publish(`${topic}/${field}`, String(value), { retain: true })),
      ...cleared.map((field) => connection.publish(`${topic}/${field}`, '', { retain: true })),
    ]);
  };
  const schedule = () => {
    clearTimeout(timer);
    const next = state.nextExpiry();
    if (next === undefined || signal.aborted) return;
    timer = setTimeout(() => publish(state.expire(now())).catch(onError), Math.max(0, next - now().steady) + 1);
  };
  const ensureAnnounced = () => {
    if (!isAnnounced) announce(description);
    isAnnounced = true;
  };

  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  ensureAnnounced();
  if (options.left !== undefined) publish(state.restore(options.left, now())).catch(onError);

  return {
    async report(readings: Readonly<Record<string, Reading>>, time?: number) {
      ensureAnnounced();
      await publish(state.report(readings, now(), time));
    },
    async describe(next) {
      const update = state.describe(next);
      description = next;
      announce(next);
      isAnnounced = true;
      await publish(update);
    },
    async clear() {
      const cleared = state.clear();
      isAnnounced = false;
      announce(null);
      await publish({ values: [], cleared });
      await connection.publish(topic, '', { retain: true });
    },
  };
}

const now = (): Moment => ({ time: Date.now(), steady: performance.now() });
