import type { Device, DeviceDescription, Logger } from 'cupboard/sdk';
import { type Archive, minuteEnd, minuteRow } from './archive.ts';
import { currentSensors, type Input, SOURCE_FIELDS, type SourceName } from './fields.ts';
import { HOUR } from './rain.ts';
import type { SampleStore } from './samples.ts';
import type { SourceReading } from './source.ts';
import { HORIZON, type JudgedSample, type Station } from './station.ts';

export interface ObserverOptions {
  readonly station: Station;
  readonly samples: SampleStore;
  readonly archive: Archive;
  /** Declares `weather/current`; called once the past is restored, for that tells whether it is simulated. */
  readonly openDevice: (simulated: boolean) => Device;
  readonly log: Logger;
  readonly sources: Readonly<Record<SourceName, string>>;
}

export const describeCurrent = (maxAge: number, simulated: boolean): DeviceDescription => ({
  name: 'Weather',
  sensors: currentSensors(maxAge / 1000),
  ...(simulated ? { simulated } : {}),
});

const inputsOf = (source: SourceName) => Object.values<Input>(SOURCE_FIELDS[source]);

/** A simulated station and the real one on the same topic are two stations. */
const originOf = (topic: string, simulated: boolean) => (simulated ? `${topic} (simulated)` : topic);

interface OriginState {
  readonly origin: string;
  readonly simulated: boolean;
  /** Time of its newest reading. */
  readonly newest: number;
}

/**
 * Takes readings from the sources to the disk, the current state and the archive, all in event time. A reading is on
 * disk before it is published.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #device: Device;
  readonly #origins: Partial<Record<SourceName, OriginState>> = {};
  /** End of the minute whose row is not written yet. */
  #openMinute: number | undefined;
  readonly #doubtful = new Set<Input>();
  readonly #prunedAt: Partial<Record<SourceName, number>> = {};

  constructor(options: ObserverOptions) {
    this.#options = options;
    for (const source of Object.keys(options.sources) as SourceName[]) this.#restore(source);
    this.#device = options.openDevice(this.simulated);
  }

  /** Time of the newest reading known, epoch ms. */
  get newest(): number | undefined {
    const times = Object.values(this.#origins).map(({ newest }) => newest);
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  get simulated(): boolean {
    return Object.values(this.#origins).some(({ simulated }) => simulated);
  }

  /** @param retained a message the broker kept: it may be of any age and then says nothing of the station's clock */
  async take(source: SourceName, reading: SourceReading, retained: boolean): Promise<void> {
    const { station, samples } = this.#options;
    const wasSimulated = this.simulated;
    const course = this.#follow(source, reading, retained);
    if (course === 'not used') return;
    const judged = station.accept(reading);
    samples.keep(judged, originOf(this.#options.sources[source], reading.simulated));
    for (const sample of judged) this.#tellDoubt(sample);
    this.#advance(reading.time);
    this.#prune(source, reading.time);
    const report = station.current(
      reading.time,
      judged.map(({ field }) => field),
    );
    // What is shown is of another time or station, and would hold off what comes now.
    if (course === 'anew') await this.#device.clear();
    if (this.simulated !== wasSimulated)
      await this.#device.describe(describeCurrent(station.options.maxAge, this.simulated));
    if (Object.keys(report).length > 0) await this.#device.report(report, reading.time);
  }

  /** Writes the minute that is open, when nothing will come to end it. */
  flush(): void {
    if (this.#openMinute !== undefined) this.#writeMinute(this.#openMinute);
  }

  #restore(source: SourceName): void {
    const { samples, station, sources } = this.#options;
    const origin = samples.latestOrigin([false, true].map((simulated) => originOf(sources[source], simulated)));
    if (origin === undefined) return;
    const kept = samples.load(origin);
    station.restore(kept);
    const newest = Math.max(...kept.map(({ time }) => time));
    this.#origins[source] = { origin, simulated: origin !== sources[source], newest };
    this.#openMinute = Math.max(this.#openMinute ?? 0, minuteEnd(newest));
  }

  /** Follows the source to another station on its topic, or to a clock that was put right. */
  #follow(source: SourceName, reading: SourceReading, retained: boolean): 'on' | 'anew' | 'not used' {
    const { log, sources } = this.#options;
    const origin = originOf(sources[source], reading.simulated);
    const known = this.#origins[source];
    const isAnother = known !== undefined && known.origin !== origin;
    const isSetBack = known !== undefined && !isAnother && reading.time < known.newest - HORIZON;
    if (isSetBack) {
      if (retained) return 'not used';
      log.warn(
        `${sources[source]} is at ${new Date(reading.time).toISOString()} now: its clock went back, windows start anew`,
      );
      this.#forget(source);
    }
    if (isAnother) {
      log.info(`${sources[source]} is ${reading.simulated ? 'simulated' : 'real'} from now on: windows start anew`);
      this.#forget(source);
    }
    const newest = Math.max(this.#origins[source]?.newest ?? Number.NEGATIVE_INFINITY, reading.time);
    this.#origins[source] = { origin, simulated: reading.simulated, newest };
    return isAnother || isSetBack ? 'anew' : 'on';
  }

  /** One line when a field becomes doubtful and one when it recovers: a broken sensor sends for months. */
  #tellDoubt({ field, value, flag }: JudgedSample): void {
    if (flag === undefined) {
      if (this.#doubtful.delete(field)) this.#options.log.info(`${field} is believable again: ${value}`);
    } else if (!this.#doubtful.has(field)) {
      this.#doubtful.add(field);
      this.#options.log.warn(`${field} ${value ?? 'null'} is doubtful (${flag}): kept in the archive, not used`);
    }
  }

  #forget(source: SourceName): void {
    const inputs = inputsOf(source);
    this.flush();
    this.#openMinute = undefined;
    this.#options.station.forget(inputs);
    this.#options.samples.forget(inputs);
    delete this.#origins[source];
    delete this.#prunedAt[source];
  }

  #advance(time: number): void {
    const end = minuteEnd(time);
    const open = this.#openMinute ?? end;
    if (end > open) this.#writeMinute(open);
    else if (end < open) this.#rewrite(time, end);
    this.#openMinute = Math.max(open, end);
  }

  /** Sources are told apart: a replay of last year may run beside a live one. */
  #prune(source: SourceName, time: number): void {
    if (time - (this.#prunedAt[source] ?? Number.NEGATIVE_INFINITY) < HOUR) return;
    this.#prunedAt[source] = time;
    const inputs = inputsOf(source);
    this.#options.station.prune(inputs, time);
    this.#options.samples.prune(inputs, time);
  }

  /** A late reading: its minute is made anew, and the one that was charged with the rain since the reading before. */
  #rewrite(time: number, end: number): void {
    this.#writeMinute(end);
    const next = this.#options.station.samples('rain_total').after(time);
    if (next && minuteEnd(next.time) > end) this.#writeMinute(minuteEnd(next.time));
  }

  #writeMinute(end: number): void {
    const row = minuteRow(this.#options.station, end, this.simulated);
    if (row) this.#options.archive.put(row);
  }
}
