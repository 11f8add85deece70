import type { CommandResult, Hub, Json, Store } from 'cupboard/sdk';
import type { Archive } from './archive.ts';
import type { Calendar } from './calendar.ts';
import { type DegreeDayBase, monthReport, type StationInfo, yearReport } from './climate.ts';
import { monthText, thresholdsOf, yearText } from './climate-text.ts';
import type { Days } from './days.ts';
import { derive } from './derive.ts';
import { DISPLAY_UNITS, type DisplayUnits } from './display.ts';
import { HISTORY_FIELDS, isHistoryField, readHistory } from './history.ts';
import { importWeewx } from './import-weewx.ts';
import type { SeaLevelMethod } from './pressure.ts';
import { findRecords, PERIODS, type Period, periodDates } from './records.ts';

export interface CommandContext {
  readonly hub: Hub<{ readonly sea_level: SeaLevelMethod; readonly degree_days: DegreeDayBase }>;
  readonly store: Store;
  readonly archive: Archive;
  readonly days: Days;
  readonly calendar: Calendar;
  /** Writes the minute that is still open, so that an answer knows the last reading. */
  readonly flush: () => void;
  /** Event time of the newest reading, or of the newest archive row. */
  readonly now: () => number;
}

const refuse = (error: string, expected: string, got: unknown): CommandResult => ({
  ok: false,
  error,
  expected,
  got: (got ?? 'nothing') as Json,
});

export function addCommands(context: CommandContext): void {
  const { hub } = context;
  hub.command('derive', (args) => derive(args, { elevation: hub.location?.elevation, seaLevel: hub.config.sea_level }));
  const upToDate =
    <A>(answer: (args: A, context: CommandContext) => CommandResult) =>
    (args: A) => {
      context.flush();
      return answer(args, context);
    };
  hub.command<ReportArguments>('report', upToDate(report));
  hub.command<RecordsArguments>('records', upToDate(records));
  hub.command<HistoryArguments>('history', upToDate(history));
  hub.command<{ weewx: string }>('import', ({ weewx }) => importFile(weewx, context));
}

interface ReportArguments {
  readonly month?: string;
  readonly year?: string | number;
  readonly units?: DisplayUnits;
}

function report({ month, year, units = 'metric' }: ReportArguments, context: CommandContext): CommandResult {
  const period = month ?? String(year ?? '');
  if ((month === undefined) === (year === undefined)) return refuse('ask for a month or a year', REPORT_FORM, period);
  const wanted = month === undefined ? /^\d{4}$/ : /^\d{4}-(0[1-9]|1[0-2])$/;
  if (!wanted.test(period)) return refuse(`no such ${month === undefined ? 'year' : 'month'}`, REPORT_FORM, period);
  if (!DISPLAY_UNITS.includes(units)) return refuse('no such units', DISPLAY_UNITS.join(', '), units);

  const { days, hub } = context;
  const station = stationInfo(context);
  const thresholds = thresholdsOf(units);
  const { first, last } = periodDates(month === undefined ? 'year' : 'month', period);
  const stats = days.between(first, last);
  const base = hub.config.degree_days;
  if (month === undefined) {
    const found = yearReport(period, stats, base, thresholds);
    return found ? { ok: true, ...json(found), text: yearText(found, station, units) } : nothing(period, context);
  }
  const found = monthReport(period, stats, base, thresholds);
  return found ? { ok: true, ...json(found), text: monthText(found, station, units) } : nothing(period, context);
}
const REPORT_FORM = '{"month": "2026-11"} or {"year": 2026}';

interface RecordsArguments {
  readonly period?: Period;
  readonly date?: string;
}

function records({ period = 'all', date }: RecordsArguments, context: CommandContext): CommandResult {
  if (!PERIODS.includes(period)) return refuse('no such period', PERIODS.join(', '), period);
  const day = date ?? context.calendar.dayEndingAt(context.now()).date;
  if (!/^\d{4}(-\d\d(-\d\d)?)?$/.test(day)) return refuse('no such date', 'a date such as 2026-11-22', day);
  const { first, last } = periodDates(period, day);
  const found = findRecords(context.days.between(first, last));
  return found ? { ok: true, period, ...json(found) } : nothing(period === 'all' ? 'the archive' : first, context);
}

interface HistoryArguments {
  readonly field: string;
  readonly from: number;
  readonly to: number;
  readonly points?: number;
}

function history({ field, from, to, points = 500 }: HistoryArguments, context: CommandContext): CommandResult {
  if (!isHistoryField(field)) return refuse('no such field', HISTORY_FIELDS.join(', '), field);
  if (!(from < to)) return refuse('not a range of time', 'from before to, epoch ms', `${from} to ${to}`);
  const { store, days, calendar } = context;
  return { ok: true, field, ...json(readHistory(store, days, calendar, { field, from, to, points })) };
}

async function importFile(file: string, { hub, archive, days }: CommandContext): Promise<CommandResult> {
  const result = await importWeewx(file, {
    archive,
    days,
    seaLevel: hub.config.sea_level,
    signal: hub.signal,
    progress: (done, total) => hub.progress('import', done, total, 'weewx records'),
  });
  hub.log.info(`imported ${result.imported} of ${result.rows} weewx records, ${result.known} were known`);
  return { ok: true, ...json(result) };
}

function nothing(period: string, { archive, calendar }: CommandContext): CommandResult {
  const extent = archive.extent();
  const [first, last] = extent ? [extent.first, extent.last].map((time) => calendar.dayEndingAt(time).date) : [];
  const expected = first === undefined ? 'readings, or an import: the archive is empty' : `${first} to ${last}`;
  return refuse(`no observations in ${period}`, expected, period);
}

function stationInfo({ hub, calendar }: CommandContext): StationInfo {
  return { name: hub.hub.name, ...hub.location, base: hub.config.degree_days, calendar };
}

/** Interfaces have no index signature, so their objects need telling that they are JSON. */
const json = (value: object) => value as { readonly [key: string]: Json };
