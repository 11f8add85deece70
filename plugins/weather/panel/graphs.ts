import type { History, JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import { html, type TemplateResult } from 'lit';
import { until } from 'lit/directives/until.js';
import type { CurrentField } from '../fields.ts';
import type { HistoryField, HistoryPoint } from '../history.ts';
import { rainBars } from './bars.ts';
import { choice } from './choice.ts';
import { RANGES, type RangeName, rangeOf } from './state.ts';

interface Line {
  readonly field: CurrentField;
  /** The same quantity in the archive. */
  readonly archived: HistoryField;
  readonly label: string;
  readonly unit: string;
}

const CHARTS: readonly { title: string; lines: readonly Line[] }[] = [
  {
    title: 'Temperature and humidity',
    lines: [
      { field: 'temperature', archived: 'temperature', label: 'Temperature', unit: '°C' },
      { field: 'dew_point', archived: 'dew_point', label: 'Dew point', unit: '°C' },
      { field: 'humidity', archived: 'humidity', label: 'Humidity', unit: '%' },
    ],
  },
  {
    title: 'Wind',
    lines: [
      { field: 'wind_speed_avg_10m', archived: 'wind_speed', label: 'Mean', unit: 'm/s' },
      { field: 'wind_gust_10m', archived: 'wind_gust', label: 'Gust', unit: 'm/s' },
    ],
  },
  {
    title: 'Pressure',
    lines: [{ field: 'pressure_sea_level', archived: 'pressure_sea_level', label: 'Sea level', unit: 'hPa' }],
  },
];

/** Up to here the recorder has every reading; beyond it the archive knows more, also what was imported. */
const RECORDER_RANGE = 2 * 86_400_000;
const SLOTS: Record<RangeName, number> = { '24h': 24, '7d': 28, '30d': 30, '1y': 52, all: 60 };

export function graphs(options: {
  api: PanelApi;
  range: RangeName;
  now: number;
  first: string | undefined;
  onRange: (range: RangeName) => void;
}): TemplateResult {
  const { api, range, now, first, onRange } = options;
  const { from, to } = rangeOf(range, now, first);
  const source = historySource(api);
  const slots = SLOTS[range];
  const names = Object.keys(RANGES) as RangeName[];
  return html`<section class="stack" aria-labelledby="weather-graphs">
    <div class="row apart">
      <h2 id="weather-graphs">History</h2>
      ${choice('Range of time', names, range, (name) => RANGES[name].label, onRange)}
    </div>
    <div class="charts">
      ${CHARTS.map(
        ({ title, lines }) => html`<figure class="card">
          <figcaption>${title}</figcaption>
          <cupboard-chart .api=${source} .series=${seriesOf(lines, api)} .from=${from} .to=${to}></cupboard-chart>
        </figure>`,
      )}
      <figure class="card">
        <figcaption>Rain</figcaption>
        ${until(
          rainOf(source, { from, to }).then((points) =>
            rainBars(
              points,
              { from, to, slots, height: 240, label: `Rain, ${RANGES[range].label}`, hasScale: true },
              api,
            ),
          ),
          html`<p class="soft">Asking for the history …</p>`,
        )}
      </figure>
    </div>
  </section>`;
}

interface Source extends Pick<PanelApi, 'history' | 'show' | 'hub'> {
  readonly rain: Map<string, Promise<readonly HistoryPoint[]>>;
  readonly archive: (field: HistoryField, range: { from: number; to: number; points?: number }) => Promise<History>;
}

/** One source and one list of series per page: the chart asks again whenever it is handed another object. */
const sources = new WeakMap<PanelApi, Source>();
const seriesLists = new WeakMap<readonly Line[], readonly { series: string; label: string; unit: string }[]>();

function historySource(api: PanelApi): Source {
  const known = sources.get(api);
  if (known) return known;
  const archive: Source['archive'] = async (field, { from, to, points = 500 }) => {
    const args: JsonObject = { field, from, to, points: Math.min(points, 2000) };
    const answer = await api.command('history', args);
    if (!answer.ok) throw new Error(`the archive did not answer: ${answer['error']}`);
    return { series: field, ...(answer as unknown as Pick<History, 'resolution' | 'points'>) };
  };
  const source: Source = {
    hub: api.hub,
    show: (value, unit) => api.show(value, unit),
    history: (series, range) => {
      const line = CHARTS.flatMap(({ lines }) => lines).find(({ field }) => series.endsWith(`/${field}`));
      return line && range.to - range.from > RECORDER_RANGE
        ? archive(line.archived, range)
        : api.history(series, range);
    },
    rain: new Map(),
    archive,
  };
  sources.set(api, source);
  return source;
}

function seriesOf(lines: readonly Line[], api: PanelApi) {
  const known = seriesLists.get(lines);
  if (known) return known;
  const list = lines.map(({ field, label, unit }) => ({ series: `${api.plugin}/current/${field}`, label, unit }));
  seriesLists.set(lines, list);
  return list;
}

/** Rain of the archive; a range is asked for once, however often the page is drawn. */
function rainOf(source: Source, range: { from: number; to: number }): Promise<readonly HistoryPoint[]> {
  const key = `${range.from}-${range.to}`;
  const known = source.rain.get(key);
  if (known) return known;
  const asked = source.archive('rain', { ...range, points: 600 }).then(
    ({ points }) => points as readonly HistoryPoint[],
    () => [],
  );
  source.rain.clear();
  source.rain.set(key, asked);
  return asked;
}
