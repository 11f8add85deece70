import type { Hub, Store } from 'cupboard/sdk';
import type { Calendar } from './calendar.ts';
import type { Days } from './days.ts';
import type { DisplayUnits } from './display.ts';
import { INPUTS } from './fields.ts';
import { type HistoryField, readHistory } from './history.ts';
import type { Observer } from './observer.ts';
import type { Graph, PageContent } from './page.ts';
import type { PublishSettings } from './publish.ts';
import { findRecords, PERIODS, type Period, periodDates } from './records.ts';
import type { Station } from './station.ts';

export interface PageSettings extends PublishSettings {
  readonly title?: string;
  readonly units: DisplayUnits;
}

const DAY = 86_400_000;
const SPANS = [
  { name: 'last 24 hours', length: DAY, points: 240 },
  { name: 'last 7 days', length: 7 * DAY, points: 168 },
] as const;
const GRAPHS: readonly { title: string; field: HistoryField; unit: string; kind: Graph['kind'] }[] = [
  { title: 'Temperature', field: 'temperature', unit: '°C', kind: 'line' },
  { title: 'Pressure', field: 'pressure_sea_level', unit: 'hPa', kind: 'line' },
  { title: 'Gusts', field: 'wind_gust', unit: 'm/s', kind: 'line' },
  { title: 'Rain', field: 'rain', unit: 'mm', kind: 'bars' },
];
const RECORD_TITLES: Record<Period, string> = {
  day: 'Today',
  month: 'This month',
  year: 'This year',
  all: 'All time',
};

/** Everything the public page shows, as of the newest reading. */
export function collectPage(parts: {
  hub: Pick<Hub<object>, 'hub'>;
  settings: PageSettings;
  station: Station;
  store: Store;
  days: Days;
  calendar: Calendar;
  observer: Observer;
}): PageContent {
  const { hub, settings, station, store, days, calendar, observer } = parts;
  const to = observer.newest ?? Date.now();
  const graphs = SPANS.flatMap(({ name, length, points }) =>
    GRAPHS.map(({ title, field, unit, kind }) => {
      const from = to - length;
      const history = readHistory(store, days, calendar, { field, from, to, points: kind === 'bars' ? 24 : points });
      return { title: `${title}, ${name}`, unit, kind, from, to, points: history.points };
    }),
  );
  const today = calendar.dayEndingAt(to).date;
  const records = PERIODS.flatMap((period) => {
    const { first, last } = periodDates(period, today);
    const found = findRecords(days.between(first, last));
    return found ? [{ title: RECORD_TITLES[period], records: found }] : [];
  });
  return {
    title: settings.title ?? `Weather at ${hub.hub.name}`,
    time: observer.newest,
    simulated: observer.simulated,
    current: station.current(to, INPUTS),
    graphs,
    records,
    units: settings.units,
    calendar,
  };
}
