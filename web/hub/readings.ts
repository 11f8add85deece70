import type { DeviceDescription, JsonObject, Reading, Sensor } from 'cupboard/sdk';

/** A field without a declared period may be this old before it counts as stale. */
const DEFAULT_PERIOD_SECONDS = 600;
const STALE_AFTER_PERIODS = 3;

/** What is known of one field of one device, named so that a guess is never shown as a fact. */
export type FieldState =
  | { readonly kind: 'fresh'; readonly value: Exclude<Reading, null> }
  /** Was measured once; the last value is too old to be shown as the present. */
  | { readonly kind: 'stale'; readonly since?: number; readonly advice: string }
  /** Measured now, but the value cannot be right. */
  | { readonly kind: 'invalid'; readonly advice: string }
  /** Not measured so far, or not again since the hub or the plugin started. */
  | { readonly kind: 'missing'; readonly advice: string };

/** The state of a device as its topic carries it; undefined before the first report. */
export interface DeviceReport {
  /** Epoch ms. */
  readonly time: number;
  readonly simulated: boolean;
  readonly values: Readonly<Record<string, Reading>>;
}

/** Reads `<id>/<device>`; undefined when the payload is not such a report. */
export function decodeReport(payload: string): DeviceReport | undefined {
  const state = parseObject(payload);
  if (!state || typeof state['time'] !== 'number') return undefined;
  const { time, updated: _, simulated, ...values } = state;
  return { time, simulated: simulated === true, values: values as Record<string, Reading> };
}

export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined; // not JSON is an answer here, not a fault
  }
}

/**
 * @param lastSeen when the recorder last saw this field, if it ever did
 * @param now epoch ms of the hub's clock
 */
export function fieldState(
  sensor: Sensor,
  report: DeviceReport | undefined,
  field: string,
  lastSeen: number | undefined,
  now: number,
): FieldState {
  const period = sensor.period ?? DEFAULT_PERIOD_SECONDS;
  const value = report?.values[field];
  const isOld = (time: number) => now - time > STALE_AFTER_PERIODS * period * 1000;
  if (report && value !== undefined && isOld(report.time)) return stale(report.time, period);
  if (value === null) {
    return { kind: 'invalid', advice: 'Measured, but the value cannot be right. The log of the plugin says why.' };
  }
  if (value !== undefined) return { kind: 'fresh', value };
  // What has no unit is recorded when it changes, so its last record says nothing about its last report.
  if (lastSeen !== undefined && isOld(lastSeen)) return stale(sensor.unit === undefined ? undefined : lastSeen, period);
  return { kind: 'missing', advice: `Waiting for a reading; one is expected every ${describeSeconds(period)}.` };
}

function stale(since: number | undefined, period: number): FieldState {
  return {
    kind: 'stale',
    ...(since !== undefined && { since }),
    advice: `Expected every ${describeSeconds(period)}. Check power, batteries and reception of the device.`,
  };
}

export function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** The field a card shows large: a temperature if there is one, else the first number the device declares. */
export function headlineField(description: DeviceDescription): string | undefined {
  const fields = Object.entries(description.sensors);
  const temperature = fields.find(([, sensor]) => sensor.device_class === 'temperature');
  return (temperature ?? fields.find(([, sensor]) => sensor.unit !== undefined) ?? fields[0])?.[0];
}

/** `wind_gust_10m` is `Wind gust 10m` when the plugin gives no name. */
export function fieldName(field: string, sensor: Sensor | undefined): string {
  if (sensor?.name) return sensor.name;
  const words = field.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
