import type { Hub, StartPlugin } from 'cupboard/sdk';
import { Archive } from './archive.ts';
import { createCalendar } from './calendar.ts';
import { type Calibration, createCalibrator } from './calibration.ts';
import type { DegreeDayBase } from './climate.ts';
import { addCommands } from './commands.ts';
import { Days } from './days.ts';
import { SOURCE_FIELDS, type SourceName } from './fields.ts';
import { MIGRATIONS } from './migrations.ts';
import { describeCurrent, Observer } from './observer.ts';
import type { SeaLevelMethod } from './pressure.ts';
import { collectPage, type PageSettings } from './public-page.ts';
import { publishPage } from './publish.ts';
import type { QualityLimits } from './quality.ts';
import { SampleStore } from './samples.ts';
import { SilenceWatch } from './silence.ts';
import { parseReading } from './source.ts';
import { Station } from './station.ts';

export interface Config {
  readonly source: Readonly<Record<SourceName, string>>;
  /** Seconds. */
  readonly max_age: number;
  readonly calibration: readonly Calibration[];
  readonly quality: QualityLimits;
  readonly sea_level: SeaLevelMethod;
  readonly degree_days: DegreeDayBase;
  readonly publish?: PageSettings;
}

const start: StartPlugin<Config> = async (hub) => {
  const { config } = hub;
  const maxAge = config.max_age * 1000;
  const calendar = createCalendar(hub.timezone);
  const store = hub.store(MIGRATIONS);
  const archive = new Archive(store, calendar);
  const days = new Days(store, archive, calendar);
  const station = new Station({
    maxAge,
    seaLevel: config.sea_level,
    elevation: elevationOf(hub),
    calendar,
    calibrator: createCalibrator(config.calibration, (date) => calendar.day(date).start),
    limits: config.quality,
  });
  const observer = new Observer({
    station,
    samples: new SampleStore(store),
    archive,
    openDevice: (simulated) => hub.device('current', describeCurrent(maxAge, simulated)),
    log: hub.log,
    sources: config.source,
  });
  const now = () => observer.newest ?? archive.extent()?.last ?? Date.now();
  addCommands({ hub, store, archive, days, calendar, now, flush: () => observer.flush() });

  hub.letter(
    'Weather records',
    'This box keeps what the weather station measured, with records and monthly reports. Nothing else depends on it.',
  );

  const silence = new SilenceWatch(hub, config.source.outdoor, maxAge);
  for (const source of Object.keys(SOURCE_FIELDS) as SourceName[]) {
    await hub.subscribe(config.source[source], async ({ payload, retained }) => {
      const reading = parseReading(payload, SOURCE_FIELDS[source], Date.now());
      if (!reading) return;
      if (source === 'outdoor') silence.heard(reading.time, retained);
      await observer.take(source, reading, retained);
    });
  }
  hub.every(15, () => {
    if (silence.check()) observer.flush();
  });
  hub.every(60, () => void days.refresh());
  const { publish } = config;
  if (publish) {
    hub.every(publish.every, () =>
      publishPage(
        publish,
        collectPage({ hub, settings: publish, station, store, days, calendar, observer }),
        hub.signal,
      ),
    );
  }
  return () => observer.flush();
};
export default start;

function elevationOf(hub: Hub<Config>): number | undefined {
  const elevation = hub.location?.elevation;
  if (elevation === undefined) {
    hub.log.warn(
      'no sea-level pressure: the height of the station is not known; set location.elevation in the settings',
    );
  }
  return elevation;
}
