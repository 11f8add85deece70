import type { History } from '../sdk/contract.ts';
import { hubClient, query } from './client.ts';
import { formatTime, printJson, printRows } from './output.ts';

export interface HistoryOptions {
  readonly since: number;
  readonly until?: number;
  readonly points?: number;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export async function printHistory(dataDir: string, series: string, options: HistoryOptions): Promise<void> {
  const hub = hubClient(dataDir);
  const asked = { series, from: options.since, to: options.until ?? Date.now(), points: options.points };
  if (options.csv) {
    process.stdout.write(await hub.text(`/api/v1/history${query({ ...asked, format: 'csv' })}`));
    return;
  }
  const history = await hub.get<History>(`/api/v1/history${query(asked)}`);
  if (options.json) return printJson(history);
  const unit = history.unit ? ` (${history.unit})` : '';
  printRows(
    history.points,
    [
      ['TIME', ([time]) => formatTime(time)],
      [`MIN${unit}`, ([, min]) => rounded(min)],
      ['MEAN', ([, , mean]) => rounded(mean)],
      ['MAX', ([, , , max]) => rounded(max)],
    ],
    false,
  );
}

/** Means have digits that were never measured. */
const rounded = (value: number | null) => (value === null ? 'bad' : Number(value.toPrecision(6)));
