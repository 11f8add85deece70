import type { Json, JsonObject } from 'cupboard/sdk';
import type { Input } from './fields.ts';
import type { Reading } from './station.ts';

export interface SourceReading extends Reading {
  readonly simulated: boolean;
}

/**
 * A device's state as a reading: only the fields that this report carried (`updated`), at the time they were measured.
 * A source that is no plugin of the hub may leave out `updated` (then all fields are new) and `time` (then it is now).
 * @param fields which field of the state is which input
 */
export function parseReading(
  payload: Json,
  fields: Readonly<Record<string, Input>>,
  now: number,
): SourceReading | undefined {
  if (!isObject(payload)) return undefined;
  const time = payload['time'] === undefined ? now : payload['time'];
  if (typeof time !== 'number' || !Number.isFinite(time)) return undefined;
  const updated = Array.isArray(payload['updated']) ? payload['updated'] : Object.keys(payload);
  const values: Partial<Record<Input, number | null>> = {};
  for (const [name, input] of Object.entries(fields)) {
    const value = payload[name];
    if (!updated.includes(name)) continue;
    if (typeof value === 'number' || value === null) values[input] = value;
  }
  if (Object.keys(values).length === 0) return undefined;
  return { time: Math.round(time), values, simulated: payload['simulated'] === true };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
