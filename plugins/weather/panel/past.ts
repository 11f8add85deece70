import type { PanelApi } from 'cupboard/sdk/panel';
import { html, nothing, type TemplateResult } from 'lit';
import type { DayField } from '../days.ts';
import { type Extreme, PERIODS, type Period, type Records } from '../records.ts';
import { choice } from './choice.ts';

const PERIOD_NAMES: Record<Period, string> = { day: 'Today', month: 'Month', year: 'Year', all: 'All time' };

/** Records in the order people ask for them. */
const ROWS: readonly { name: string; field: DayField; end: 'max' | 'min'; unit: string }[] = [
  { name: 'Warmest', field: 'temperature', end: 'max', unit: '°C' },
  { name: 'Coldest', field: 'temperature', end: 'min', unit: '°C' },
  { name: 'Highest heat index', field: 'heat_index', end: 'max', unit: '°C' },
  { name: 'Lowest wind chill', field: 'wind_chill', end: 'min', unit: '°C' },
  { name: 'Strongest gust', field: 'wind_gust', end: 'max', unit: 'm/s' },
  { name: 'Heaviest rain', field: 'rain_rate', end: 'max', unit: 'mm/h' },
  { name: 'Highest pressure', field: 'pressure_sea_level', end: 'max', unit: 'hPa' },
  { name: 'Lowest pressure', field: 'pressure_sea_level', end: 'min', unit: 'hPa' },
  { name: 'Dampest', field: 'humidity', end: 'max', unit: '%' },
  { name: 'Driest', field: 'humidity', end: 'min', unit: '%' },
];

export function recordsSection(options: {
  api: PanelApi;
  period: Period;
  records: Records | undefined;
  onPeriod: (period: Period) => void;
}): TemplateResult {
  const { api, period, records, onPeriod } = options;
  return html`<section class="stack" aria-labelledby="weather-records">
    <div class="row apart">
      <h2 id="weather-records">Records</h2>
      ${choice('Period', PERIODS, period, (name) => PERIOD_NAMES[name], onPeriod)}
    </div>
    ${records ? recordsTable(records, period, api) : html`<p class="soft">No observations in this period yet.</p>`}
  </section>`;
}

function recordsTable(records: Records, period: Period, api: PanelApi): TemplateResult {
  const when = ({ time }: Extreme) =>
    new Date(time).toLocaleString(undefined, {
      timeZone: api.hub.timezone,
      hourCycle: 'h23',
      ...(period === 'day' ? {} : { day: 'numeric', month: 'short', ...(period === 'all' ? { year: 'numeric' } : {}) }),
      hour: '2-digit',
      minute: '2-digit',
    } as Intl.DateTimeFormatOptions);
  const { rain_total: rain, wettest_day: wettest, temperature_mean: mean } = records;
  return html`<div class="table-frame"><table class="table">
    <thead><tr><th scope="col">Record</th><th scope="col">Value</th><th scope="col">When</th></tr></thead>
    <tbody>
      ${ROWS.map(({ name, field, end, unit }) => {
        const extreme = records.extremes[field]?.[end];
        return extreme ? row(name, api.show(extreme.value, unit).text, when(extreme)) : nothing;
      })}
      ${wettest && period !== 'day' ? row('Wettest day', api.show(wettest.value, 'mm').text, wettest.date) : nothing}
      ${rain === undefined ? nothing : row('Rain in all', api.show(rain, 'mm').text, '')}
      ${mean === undefined ? nothing : row('Mean temperature', api.show(mean, '°C').text, '')}
    </tbody>
  </table></div>
  <p class="soft small">${records.first === records.last ? records.first : `${records.first} to ${records.last}`}${
    records.simulated ? ', simulated' : ''
  }</p>`;
}

const row = (name: string, value: string, when: string) =>
  html`<tr><th scope="row">${name}</th><td>${value}</td><td class="soft">${when}</td></tr>`;

export interface ClimateText {
  readonly month: string;
  readonly text?: string;
}

/** The monthly climate summary, on demand. */
export function climateSection(
  climate: ClimateText,
  all: Records | undefined,
  onMonth: (month: string) => void,
): TemplateResult | typeof nothing {
  if (!all) return nothing;
  const latest = all.last.slice(0, 7);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const month = new FormData(event.target as HTMLFormElement).get('month');
    if (typeof month === 'string' && month !== '') onMonth(month);
  };
  return html`<section class="stack" aria-labelledby="weather-climate">
    <h2 id="weather-climate">Climate report</h2>
    <form class="row end" @submit=${submit}>
      <div class="field">
        <label for="weather-month">Month</label>
        <input id="weather-month" name="month" type="month" min=${all.first.slice(0, 7)} max=${latest} value=${climate.month || latest} required />
      </div>
      <button class="button">Show</button>
    </form>
    ${climate.text === undefined ? nothing : html`<pre class="card report" tabindex="0" aria-label="Climate report">${climate.text}</pre>`}
  </section>`;
}
