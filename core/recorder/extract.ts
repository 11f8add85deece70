import type { DeviceDescription, Sensor } from '../sdk/contract.ts';
import type { RecordedEvent } from './contract.ts';

/** A message off the bus. */
export interface Incoming {
  readonly topic: string;
  readonly payload: string;
  /** Epoch ms of arrival. */
  readonly time: number;
  /** Replayed from the retained store. */
  readonly retained: boolean;
}

/** One value of one series. */
export interface Reading {
  readonly series: string;
  /** The message it came in. */
  readonly topic: string;
  readonly value: number | string;
  readonly time: number;
  /** True when the sender gave the time; else it is the time of arrival. */
  readonly timed: boolean;
  readonly retained: boolean;
  readonly sensor?: Sensor | undefined;
}

export interface Extracted {
  readonly readings: readonly Reading[];
  readonly events: readonly RecordedEvent[];
}

const NOTHING: Extracted = { readings: [], events: [] };
/** How deep an object's fields are followed. */
const MAX_LEVELS = 4;
/** Longer strings are prose or data, not the state of something. */
const MAX_STRING = 64;
const MAX_SERIES_NAME = 512;
/** States kept until their declaration comes, of this many topics: the two travel on different connections. */
const MAX_HELD = 8;
const MAX_HELD_TOPICS = 64;
/** Home Assistant's discovery: descriptions, not readings. */
const DISCOVERY_TREE = 'homeassistant';
const PLAIN_NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

/**
 * Decides what of the bus is recorded, learning from the bus itself which trees are plugins' (`hub/plugins/<id>`) and
 * what their devices measure (`hub/devices/<id>/<device>`). It does no I/O: the answer depends on the messages alone.
 */
export class Extractor {
  readonly #plugins = new Set<string>();
  readonly #devices = new Map<string, DeviceDescription>();
  readonly #held = new Map<string, Incoming[]>();

  extract(message: Incoming): Extracted {
    const levels = message.topic.split('/');
    const tree = levels[0] ?? '';
    if (tree === 'hub') return this.#fromHub(message, levels);
    if (tree.startsWith('$') || tree === DISCOVERY_TREE) return NOTHING;
    if (this.#plugins.has(tree)) return this.#fromPlugin(message, levels);
    return message.retained ? NOTHING : thirdParty(message);
  }

  #fromHub(message: Incoming, levels: readonly string[]): Extracted {
    const [, kind, id = '', device] = levels;
    if (kind === 'event') return event(message);
    if (kind === 'plugins' && levels.length === 3) this.#learnPlugin(id, message.payload !== '');
    if (kind === 'devices' && levels.length === 4) return this.#learnDevice(`${id}/${device}`, message.payload);
    return NOTHING;
  }

  #learnPlugin(id: string, exists: boolean): void {
    if (exists) this.#plugins.add(id);
    else this.#plugins.delete(id);
  }

  #learnDevice(topic: string, payload: string): Extracted {
    const description = parseObject(payload) as DeviceDescription | undefined;
    if (!description) {
      this.#devices.delete(topic);
      return NOTHING;
    }
    this.#devices.set(topic, description);
    const held = this.#held.get(topic) ?? [];
    this.#held.delete(topic);
    return { readings: held.flatMap((message) => deviceState(message, description)), events: [] };
  }

  #fromPlugin(message: Incoming, levels: readonly string[]): Extracted {
    if (levels[1] === 'event' && levels.length > 2) return event(message);
    if (levels.length !== 2) return NOTHING;
    const description = this.#devices.get(message.topic);
    if (description) return { readings: deviceState(message, description), events: [] };
    this.#hold(message);
    return NOTHING;
  }

  #hold(message: Incoming): void {
    const held = this.#held.get(message.topic) ?? [];
    // Last in the map is last heard of: the topic silent for longest gives way.
    this.#held.delete(message.topic);
    this.#held.set(message.topic, [...held, message].slice(-MAX_HELD));
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_HELD_TOPICS && oldest !== undefined) this.#held.delete(oldest);
  }
}

function event({ topic, payload, time, retained }: Incoming): Extracted {
  if (retained || payload === '') return NOTHING;
  const own = parseObject(payload)?.['time'];
  return { readings: [], events: [{ time: isTime(own) ? own : time, topic, payload }] };
}

/** The fields named in `updated`, at `time`; a client that writes neither gets all fields and the time of arrival. */
function deviceState(message: Incoming, description: DeviceDescription): Reading[] {
  const state = parseObject(message.payload);
  if (!state) return [];
  const { time, updated, simulated: _, ...fields } = state;
  const timed = isTime(time);
  if (message.retained && !timed) return [];
  const fresh = Array.isArray(updated) ? new Set<unknown>(updated) : undefined;
  const readings: Reading[] = [];
  for (const [field, value] of Object.entries(fields)) {
    if (fresh && !fresh.has(field)) continue;
    const sensor = description.sensors?.[field];
    collect(value, `${message.topic}/${field}`, 1, (series, found) =>
      readings.push({
        series,
        topic: message.topic,
        value: found,
        time: timed ? time : message.time,
        timed,
        retained: message.retained,
        sensor,
      }),
    );
  }
  return readings;
}

function thirdParty({ topic, payload, time }: Incoming): Extracted {
  const readings: Reading[] = [];
  const take = (series: string, value: number | string) =>
    readings.push({ series, topic, value, time, timed: false, retained: false });
  if (PLAIN_NUMBER.test(payload)) {
    collect(Number(payload), topic, 0, take);
  } else {
    const object = parseObject(payload);
    if (object) collect(object, topic, 0, take);
  }
  return readings.length > 0 ? { readings, events: [] } : NOTHING;
}

/** Hands `take` every value below `value` that can be a series. Arrays have no stable names and are left out. */
function collect(
  value: unknown,
  series: string,
  level: number,
  take: (series: string, value: number | string) => void,
): void {
  if (series.length > MAX_SERIES_NAME) return;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) take(series, value);
  } else if (typeof value === 'boolean') {
    take(series, value ? 1 : 0);
  } else if (typeof value === 'string') {
    if (value.length <= MAX_STRING) take(series, value);
  } else if (isObject(value) && level < MAX_LEVELS) {
    for (const [field, inner] of Object.entries(value)) {
      if (field !== '') collect(inner, `${series}/${field}`, level + 1, take);
    }
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  // Most payloads that are not objects end here, without the cost of a thrown SyntaxError.
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON after all: somebody else's format, nothing to record.
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Epoch ms that fits a Date; SQLite keeps it as an integer. */
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 8.64e15;
