import type { PanelApi } from 'cupboard/sdk/panel';
import { html, nothing, svg, type TemplateResult } from 'lit';
import { beaufort } from '../formulas.ts';
import type { HistoryPoint } from '../history.ts';
import { rainBars } from './bars.ts';
import { compass } from './compass.ts';
import { beaufortName, formatAge, rainWord, trendWord, type Value, type WeatherState } from './state.ts';

const HOUR = 3_600_000;
/** °C between what wind chill and what the heat index is for. */
const MILD = 18;

interface Now {
  readonly weather: WeatherState;
  readonly api: PanelApi;
  readonly now: number;
  readonly rain: readonly HistoryPoint[];
  readonly needle: number | undefined;
  /** Nobody keeps the values fresh. */
  readonly isOld: boolean;
}

/** The cards of the current conditions. */
export function conditions(state: Now): TemplateResult {
  return html`<section class="now ${state.isOld ? 'old' : ''}" aria-label="Current conditions">
    <div class="column">${airCard(state)} ${indoorCard(state)}</div>
    <div class="column">${windCard(state)}</div>
    <div class="column wet">${rainCard(state)} ${pressureCard(state)}</div>
  </section>`;
}

function airCard({ weather, api, now }: Now): TemplateResult {
  const { values, time, simulated } = weather;
  const at = new Date(time).toLocaleTimeString(undefined, {
    timeZone: api.hub.timezone,
    timeStyle: 'medium',
    hourCycle: 'h23',
  });
  return html`<article class="card air">
    <div class="row apart">
      <h2>Outside</h2>
      <span class="chip" title="Measured at ${at}"><span class="dot"></span>${simulated ? at : formatAge(now - time)}</span>
    </div>
    ${big(values.temperature, '°C', api)}
    <p class="lead">Feels like <b>${text(values.feels_like, '°C', api)}</b></p>
    <dl class="facts">
      ${fact('Humidity', values.humidity, '%', api)} ${fact('Dew point', values.dew_point, '°C', api)}
      ${
        // Each is made for its end of the scale; at the other it says nothing.
        typeof values.temperature === 'number' && values.temperature > MILD
          ? fact('Heat index', values.heat_index, '°C', api)
          : fact('Wind chill', values.wind_chill, '°C', api)
      }
    </dl>
  </article>`;
}

function windCard({ weather: { values }, api, needle }: Now): TemplateResult {
  const speed = values.wind_speed_avg_2m ?? values.wind_speed;
  const strength = values.wind_speed_avg_10m ?? speed;
  return html`<article class="card wind">
    <div class="row apart">
      <h2>Wind</h2>
      ${typeof strength === 'number' ? html`<span class="chip">${beaufortName(beaufort(strength))}</span>` : nothing}
    </div>
    ${compass(
      {
        speed,
        direction: values.wind_direction_avg_2m ?? values.wind_direction,
        gust: values.wind_gust_10m,
        gustDirection: values.wind_gust_direction_10m,
      },
      needle,
      api,
    )}
    <dl class="facts">
      ${fact('Gust, 10 min', values.wind_gust_10m, 'm/s', api)} ${fact('Mean, 10 min', values.wind_speed_avg_10m, 'm/s', api)}
    </dl>
  </article>`;
}

function rainCard({ weather: { values }, api, now, rain }: Now): TemplateResult {
  const { rain_rate: rate } = values;
  return html`<article class="card rain">
    <div class="row apart">
      <h2>Rain today</h2>
      ${typeof rate === 'number' ? html`<span class="chip ${rate > 0 ? 'info' : ''}">${rainWord(rate)}</span>` : nothing}
    </div>
    ${big(values.rain_today, 'mm', api)}
    ${rainBars(rain, { from: now - 24 * HOUR, to: now, slots: 24, height: 64, label: 'Rain by the hour, last 24 hours' }, api)}
    <dl class="facts">
      ${fact('Rate', rate, 'mm/h', api)} ${fact('1 hour', values.rain_1h, 'mm', api)} ${fact('24 hours', values.rain_24h, 'mm', api)}
    </dl>
  </article>`;
}

function pressureCard({ weather: { values }, api }: Now): TemplateResult {
  const { pressure_sea_level: seaLevel, pressure_station: station, pressure_trend_3h: trend } = values;
  const hasHeight = seaLevel !== undefined || station === undefined;
  return html`<article class="card pressure">
    <div class="row apart">
      <h2>Pressure${hasHeight ? '' : ' at the station'}</h2>
      ${typeof trend === 'number' ? html`<span class="chip">${trendArrow(trend)}${trendWord(trend)}</span>` : nothing}
    </div>
    ${big(hasHeight ? seaLevel : station, 'hPa', api)}
    <dl class="facts">
      ${fact('Change, 3 h', trend, 'hPa', api, '+')} ${hasHeight ? fact('At the station', station, 'hPa', api) : nothing}
    </dl>
    ${
      hasHeight
        ? nothing
        : html`<p class="soft small">Set the height of your house in the <a href="/settings">settings</a> to see the pressure at sea level.</p>`
    }
  </article>`;
}

function indoorCard({ weather: { values }, api }: Now): TemplateResult | typeof nothing {
  const { indoor_temperature: temperature, indoor_humidity: humidity } = values;
  if (temperature === undefined && humidity === undefined) return nothing;
  return html`<article class="card">
    <h2>Inside</h2>
    ${big(temperature, '°C', api)}
    ${humidity === undefined ? nothing : html`<dl class="facts">${fact('Humidity', humidity, '%', api)}</dl>`}
  </article>`;
}

/** Level at no change, steep at 4 hPa in three hours. */
function trendArrow(change: number): TemplateResult {
  const angle = Math.max(-60, Math.min(60, -change * 15));
  return html`<svg class="arrow" viewBox="0 0 16 16" aria-hidden="true">
    ${svg`<path d="M2 8H13M9 4L13 8L9 12" transform="rotate(${angle} 8 8)" />`}
  </svg>`;
}

/** Missing and bad are told apart: the one was not measured, the other was and is not believed. */
function text(value: Value, unit: string, api: PanelApi, sign = ''): string {
  if (value === undefined) return '–';
  if (value === null) return 'sensor fault';
  return `${sign && value > 0 ? sign : ''}${api.show(value, unit).text}`;
}

function fact(name: string, value: Value, unit: string, api: PanelApi, sign = ''): TemplateResult {
  const title = value === undefined ? 'Not measured now' : nothing;
  return html`<div><dt>${name}</dt><dd title=${title}>${text(value, unit, api, sign)}</dd></div>`;
}

function big(value: Value, unit: string, api: PanelApi): TemplateResult {
  if (value === undefined) return html`<p class="none">Not measured now</p>`;
  if (value === null) return html`<p class="none">Sensor fault</p>`;
  const shown = api.show(value, unit);
  const [number] = shown.text.split(/[\s°%]/);
  return html`<p class="big-value">${number}<span class="unit">${shown.unit}</span></p>`;
}
