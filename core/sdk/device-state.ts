import { HubError } from '../support/errors.ts';
import type { DeviceDescription, Json, Reading } from './contract.ts';

/** A moment on the wall clock (epoch ms) and on one that never jumps. */
export interface Moment {
  readonly time: number;
  readonly steady: number;
}

/** What a report changes on the device's topics. */
export interface DeviceUpdate {
  /** The retained state, if it changed. */
  readonly state?: Readonly<Record<string, Json>>;
  /** Readings older than what the state shows: for the history only, so not retained. */
  readonly late?: Readonly<Record<string, Json>>;
  /** Fields whose plain value is to be published. */
  readonly values: readonly (readonly [field: string, value: Reading])[];
  /** Fields that left the state. */
  readonly cleared: readonly string[];
}

interface Field {
  readonly value: Reading;
  readonly time: number;
  /** On the steady clock. */
  readonly expires: number;
}

/** A reading is believed for this many of its sensor's periods. */
const PERIODS = 3;
const RESERVED_FIELDS = ['time', 'updated', 'simulated'];

/**
 * What a device's topic shows: the fields that are fresh. Age is counted on the steady clock from the report on, so
 * that a jump of the wall clock neither empties the state nor keeps an old value alive.
 */
export class DeviceState {
  #description: DeviceDescription;
  readonly #fields = new Map<string, Field>();
  #time = 0;

  constructor(description: DeviceDescription) {
    this.#description = checked(description);
  }

  /**
   * Takes over what an earlier run left on the topic, as far as it is still known to be fresh: of a field that was not
   * in its last report the age is not known, so it goes.
   */
  restore(json: string, now: Moment): DeviceUpdate {
    const left = parseState(json);
    if (!left) return NOTHING;
    const cleared: string[] = [];
    for (const [field, value] of Object.entries(left.fields)) {
      const lifetime = this.#lifetime(field);
      const age = Math.max(0, now.time - left.time);
      const isKnown = field in this.#description.sensors && left.simulated === (this.#description.simulated ?? false);
      const isFresh = lifetime === Number.POSITIVE_INFINITY || (left.updated.includes(field) && age <= lifetime);
      if (isKnown && isFresh) this.#fields.set(field, { value, time: left.time, expires: now.steady + lifetime - age });
      else cleared.push(field);
    }
    this.#time = left.time;
    return cleared.length > 0 ? { state: this.#state([]), values: [], cleared } : NOTHING;
  }

  report(readings: Readonly<Record<string, Reading>>, now: Moment, time = now.time): DeviceUpdate {
    const cleared = this.#dropExpired(now);
    const values: [string, Reading][] = [];
    const late: Record<string, Json> = {};
    // A replay's readings are old by nature; they are as fresh as their report.
    const age = this.#description.simulated ? 0 : Math.max(0, now.time - time);
    for (const [field, value] of Object.entries(readings)) {
      this.#expectDeclared(field);
      const lifetime = this.#lifetime(field);
      const shown = this.#fields.get(field);
      // A value "from the future" was stored before the clock was set back; it must not hold off the true ones.
      const isOutrun = shown !== undefined && shown.time > time && shown.time <= now.time;
      if (isOutrun || age > lifetime) {
        late[field] = value;
      } else {
        this.#fields.set(field, { value, time, expires: now.steady + lifetime - age });
        values.push([field, value]);
      }
    }
    if (values.length > 0) this.#time = time;
    const updated = values.map(([field]) => field);
    return {
      ...(values.length + cleared.length > 0 && { state: this.#state(updated) }),
      ...(Object.keys(late).length > 0 && { late: { time, updated: Object.keys(late), ...late, ...this.#mark() } }),
      values,
      cleared: cleared.filter((field) => !updated.includes(field)),
    };
  }

  /** Drops what has become too old. */
  expire(now: Moment): DeviceUpdate {
    const cleared = this.#dropExpired(now);
    return cleared.length > 0 ? { state: this.#state([]), values: [], cleared } : NOTHING;
  }

  /** When, on the steady clock, the next field becomes too old. */
  nextExpiry(): number | undefined {
    const next = Math.min(...[...this.#fields.values()].map(({ expires }) => expires));
    return Number.isFinite(next) ? next : undefined;
  }

  describe(description: DeviceDescription): DeviceUpdate {
    const wasSimulated = this.#description.simulated ?? false;
    this.#description = checked(description);
    // What a simulator said is not what the device says, and the reverse.
    const isOtherSource = wasSimulated !== (description.simulated ?? false);
    const cleared = [...this.#fields.keys()].filter((field) => isOtherSource || !(field in description.sensors));
    for (const field of cleared) this.#fields.delete(field);
    return cleared.length > 0 ? { state: this.#state([]), values: [], cleared } : NOTHING;
  }

  /** Forgets every value; answers the fields that had one. */
  clear(): string[] {
    const fields = [...this.#fields.keys()];
    this.#fields.clear();
    return fields;
  }

  #dropExpired(now: Moment): string[] {
    const expired = [...this.#fields].filter(([, { expires }]) => expires < now.steady).map(([field]) => field);
    for (const field of expired) this.#fields.delete(field);
    return expired;
  }

  #state(updated: readonly string[]): Record<string, Json> {
    const fresh = Object.keys(this.#description.sensors).flatMap((field) => {
      const known = this.#fields.get(field);
      return known ? [[field, known.value] as const] : [];
    });
    return { time: this.#time, updated, ...Object.fromEntries(fresh), ...this.#mark() };
  }

  #mark() {
    return this.#description.simulated ? { simulated: true } : {};
  }

  #lifetime(field: string): number {
    const period = this.#description.sensors[field]?.period;
    return period === undefined ? Number.POSITIVE_INFINITY : period * 1000 * PERIODS;
  }

  #expectDeclared(field: string): void {
    if (field in this.#description.sensors) return;
    const declared = Object.keys(this.#description.sensors).join(', ');
    throw new HubError('field_undeclared', `expected one of the device's sensors (${declared}), got "${field}"`);
  }
}

const NOTHING: DeviceUpdate = { values: [], cleared: [] };

function checked(description: DeviceDescription): DeviceDescription {
  for (const field of Object.keys(description.sensors)) {
    if (!/^[a-z][a-z0-9_]*$/.test(field) || RESERVED_FIELDS.includes(field)) {
      throw new HubError(
        'field_invalid',
        `expected a snake_case name other than ${RESERVED_FIELDS.join(', ')}, got "${field}"`,
      );
    }
  }
  return description;
}

function parseState(json: string) {
  let parsed: Partial<Record<string, Json>> | null;
  try {
    parsed = JSON.parse(json) as Partial<Record<string, Json>> | null;
  } catch {
    return undefined; // something else was retained there; the first report replaces it
  }
  const { time, updated, simulated, ...fields } = parsed ?? {};
  if (typeof time !== 'number' || !Array.isArray(updated)) return undefined;
  return {
    time,
    updated: updated as readonly string[],
    simulated: simulated === true,
    fields: fields as Record<string, Reading>,
  };
}
