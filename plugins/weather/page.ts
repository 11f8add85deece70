import type { Calendar } from './calendar.ts';
import { type DisplayUnits, quantityOf, showValue } from './display.ts';
import { CURRENT, type CurrentField } from './fields.ts';
import type { HistoryPoint } from './history.ts';
import type { Records } from './records.ts';

export interface Graph {
  readonly title: string;
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  /** Drawn from the lowest to the highest value, or as bars from zero. */
  readonly kind: 'line' | 'bars';
  readonly points: readonly HistoryPoint[];
}

export interface PageContent {
  readonly title: string;
  /** Epoch ms of the newest reading; undefined before the first. */
  readonly time: number | undefined;
  readonly simulated: boolean;
  readonly current: Readonly<Partial<Record<CurrentField, number | null>>>;
  readonly graphs: readonly Graph[];
  readonly records: readonly { readonly title: string; readonly records: Records }[];
  readonly units: DisplayUnits;
  readonly calendar: Calendar;
}

const SHOWN: readonly CurrentField[] = [
  'temperature',
  'feels_like',
  'dew_point',
  'humidity',
  'wind_speed_avg_2m',
  'wind_direction_avg_2m',
  'wind_gust_10m',
  'pressure_sea_level',
  'pressure_trend_3h',
  'rain_today',
  'rain_1h',
  'rain_rate',
];

/** The public page: one file, nothing loaded from anywhere, readable without scripts. */
export function renderPage(content: PageContent): string {
  const { title, time, simulated, units, calendar } = content;
  const observed =
    time === undefined
      ? '<p>No observation yet.</p>'
      : `<p>Observed <time datetime="${new Date(time).toISOString()}">${calendar.dateAndClock(time)}</time> (${escapeHtml(calendar.timezone)})<span id="age" role="status"></span></p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${simulated ? '<p class="simulated"><strong>Simulated:</strong> these are not observations.</p>' : ''}
${observed}
<dl class="now">
${SHOWN.map((field) => currentEntry(field, content.current[field], units)).join('')}</dl>
${content.graphs.map((graph) => figure(graph, units, calendar)).join('\n')}
${content.records.map(({ title: heading, records }) => recordTable(heading, records, units, calendar)).join('\n')}
</main>
<script>${AGE_SCRIPT}</script>
</body>
</html>
`;
}

function currentEntry(field: CurrentField, value: number | null | undefined, units: DisplayUnits): string {
  const { name, unit } = CURRENT[field].sensor;
  // Absent and bad are different: the one is not measured now, the other was measured and is not believed.
  const text = value === undefined ? '—' : value === null ? 'sensor fault' : shown(value, unit as string, units);
  return `<div><dt>${escapeHtml(name as string)}</dt><dd>${escapeHtml(text)}</dd></div>\n`;
}

function shown(value: number, unit: string, units: DisplayUnits): string {
  return showValue(value, quantityOf(unit, units)).replace(' °', unit === '°' ? '°' : ' °');
}

function recordTable(title: string, records: Records, units: DisplayUnits, calendar: Calendar): string {
  const rows = Object.entries(records.extremes).flatMap(([field, ends]) =>
    (['max', 'min'] as const).flatMap((end) => {
      const extreme = ends[end];
      if (!extreme || !(field in RECORD_NAMES)) return [];
      const { name, unit } = RECORD_NAMES[field as keyof typeof RECORD_NAMES];
      const label = `${end === 'max' ? 'Highest' : 'Lowest'} ${name}`;
      return [[label, shown(extreme.value, unit, units), calendar.dateAndClock(extreme.time)]];
    }),
  );
  if (records.rain_total !== undefined) rows.push(['Rain', shown(records.rain_total, 'mm', units), '']);
  const body = rows.map(
    ([label, value, when]) => `<tr><th scope="row">${label}</th><td>${value}</td><td>${when}</td></tr>`,
  );
  return `<section><h2>${escapeHtml(title)}</h2><table><thead><tr><th scope="col">Record</th><th scope="col">Value</th><th scope="col">When</th></tr></thead><tbody>${body.join('')}</tbody></table></section>`;
}

const RECORD_NAMES = {
  temperature: { name: 'temperature', unit: '°C' },
  dew_point: { name: 'dew point', unit: '°C' },
  pressure_sea_level: { name: 'pressure', unit: 'hPa' },
  wind_gust: { name: 'gust', unit: 'm/s' },
  rain_rate: { name: 'rain rate', unit: 'mm/h' },
} as const;

const WIDTH = 640;
const HEIGHT = 180;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 8;
const MIDDLE = TOP + (HEIGHT - TOP - BOTTOM) / 2;

function figure(graph: Graph, units: DisplayUnits, calendar: Calendar): string {
  const caption = `<figcaption>${escapeHtml(graph.title)}</figcaption>`;
  if (graph.points.length === 0) return `<figure>${caption}<p>No data in this time.</p></figure>`;
  const quantity = quantityOf(graph.unit, units);
  const points = graph.points.map(([time, low, mean, high]) => ({
    time,
    low: quantity.convert(low),
    mean: quantity.convert(mean),
    high: quantity.convert(high),
  }));
  const [bottom, top] = axisRange(
    graph.kind === 'bars' ? 0 : Math.min(...points.map(({ low }) => low)),
    Math.max(...points.map(({ high }) => high)),
  );
  const x = (time: number) => round(LEFT + ((time - graph.from) / (graph.to - graph.from)) * (WIDTH - LEFT));
  const y = (value: number) => round(TOP + ((top - value) / (top - bottom)) * (HEIGHT - TOP - BOTTOM));
  const label = (value: number) => `${value.toFixed(quantity.digits)}`;
  const drawing =
    graph.kind === 'bars'
      ? points.map(({ time, mean }) => `<path class="bar" d="M${x(time)} ${y(0)}V${y(mean)}"/>`).join('')
      : `<path class="line" d="${linePath(points, x, y)}"/>`;
  const description = `${graph.title}: lowest ${label(Math.min(...points.map(({ low }) => low)))}, highest ${label(Math.max(...points.map(({ high }) => high)))} ${quantity.unit}`;
  const middle = (bottom + top) / 2;
  return `<figure>${caption}
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(description)}">
<path class="axis" d="M${LEFT} ${y(top)}H${WIDTH}M${LEFT} ${MIDDLE}H${WIDTH}M${LEFT} ${y(bottom)}H${WIDTH}"/>
<text x="${LEFT - 6}" y="${y(top) + 8}" class="end">${label(top)}</text>
<text x="${LEFT - 6}" y="${y(middle) + 4}" class="end">${label(middle)}</text>
<text x="${LEFT - 6}" y="${y(bottom)}" class="end">${label(bottom)} ${quantity.unit}</text>
<text x="${LEFT}" y="${HEIGHT - 4}">${calendar.dateAndClock(graph.from)}</text>
<text x="${WIDTH}" y="${HEIGHT - 4}" class="end">${calendar.dateAndClock(graph.to)}</text>
${drawing}
</svg></figure>`;
}

/** A range around the values that is never empty, so that a constant value lies in the middle. */
function axisRange(low: number, high: number): readonly [number, number] {
  if (high > low) return [low, high];
  return low === 0 ? [0, 1] : [low - 1, high + 1];
}

/** Points further apart than this many times the usual distance are a gap: no line bridges what nobody measured. */
const GAP = 4;

function linePath(
  points: readonly { time: number; mean: number }[],
  x: (time: number) => number,
  y: (value: number) => number,
): string {
  const steps = points.slice(1).map((point, index) => point.time - (points[index]?.time ?? 0));
  const usual = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
  return points
    .map(({ time, mean }, index) => {
      const isGap = index === 0 || (steps[index - 1] ?? 0) > usual * GAP;
      return `${isGap ? 'M' : 'L'}${x(time)} ${y(mean)}`;
    })
    .join('');
}

const round = (value: number) => Math.round(value * 10) / 10;

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #566270; --line: #d5dbe2; --ground: #f6f8fa; --card: #fff; --blue: #1f6fb2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #a3b0bd; --line: #35414d; --ground: #12181f; --card: #1b232c; --blue: #69b1ee; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1rem; }
.now { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.now div, figure, table { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; margin: 0 0 1rem; }
.now div { margin: 0; }
dt, figcaption, th { color: var(--soft); font-size: .875rem; font-weight: 400; text-align: left; }
dd { margin: 0; font-size: 1.4rem; }
table { width: 100%; } td { padding: .15rem .5rem; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--soft); } .end { text-anchor: end; }
.axis { stroke: var(--line); fill: none; } .line { stroke: var(--blue); stroke-width: 1.5; fill: none; stroke-linejoin: round; } .bar { stroke: var(--blue); stroke-width: 3; }
.simulated, .old { color: #b3261e; font-weight: 600; } @media (prefers-color-scheme: dark) { .simulated, .old { color: #ffb4ab; } }
`;

/** The page is a copy: only the reader's clock can tell that nobody replaced it. */
const AGE_SCRIPT = `
const at = document.querySelector('time'), age = document.getElementById('age');
const tell = () => { const minutes = Math.floor((Date.now() - Date.parse(at.dateTime)) / 60000);
  if (minutes > 15) { age.textContent = ': this is ' + (minutes < 120 ? minutes + ' minutes' : Math.floor(minutes / 60) + ' hours') + ' old'; age.className = 'old'; } };
if (at) { tell(); setInterval(tell, 60000); }
`;
