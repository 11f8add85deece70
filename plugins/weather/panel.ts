import type { JsonObject } from 'cupboard/sdk';
import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, render } from 'lit';
import type { HistoryPoint } from './history.ts';
import { conditions } from './panel/conditions.ts';
import { graphs } from './panel/graphs.ts';
import { notices } from './panel/notices.ts';
import { type ClimateText, climateSection, recordsSection } from './panel/past.ts';
import { parseState, parseTopicState, type RangeName, turnTo, type WeatherState } from './panel/state.ts';
import { style } from './panel/style.ts';
import { PERIODS, type Period, type Records } from './records.ts';

const HOUR = 3_600_000;
/** Records and the archive change slowly; the current state comes by itself. */
const REFRESH = 5 * 60_000;
const TICK = 10_000;

/** The weather page: what the air does now, how it got there, and what was never seen before. */
class WeatherPanel {
  readonly #element: HTMLElement;
  readonly #api: PanelApi;
  readonly #ends: (() => void)[] = [];
  #isDrawing = false;

  #weather: WeatherState | undefined;
  #isOnline: boolean | undefined;
  #needle: number | undefined;
  #rain: readonly HistoryPoint[] = [];
  #range: RangeName = '24h';
  #period: Period = 'day';
  #records: Partial<Record<Period, Records>> = {};
  #climate: ClimateText = { month: '' };

  constructor(element: HTMLElement, api: PanelApi) {
    this.#element = element;
    this.#api = api;
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
    const { plugin } = api;
    this.#ends.push(
      api.subscribe(`${plugin}/current`, (_topic, payload) => this.#take(parseState(payload))),
      api.subscribe(`${plugin}/status`, (_topic, payload) => {
        this.#isOnline = parseTopicState(payload);
        this.#draw();
      }),
      every(REFRESH, () => void this.#loadPast()),
      every(TICK, () => this.#draw()),
    );
    void this.#loadPast();
    this.#draw();
  }

  close(): void {
    for (const end of this.#ends) end();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== style);
    render(html``, this.#element);
  }

  #take(weather: WeatherState | undefined): void {
    this.#weather = weather;
    const direction = weather?.values.wind_direction_avg_2m ?? weather?.values.wind_direction;
    if (typeof direction === 'number') this.#needle = turnTo(this.#needle, direction);
    this.#draw();
  }

  async #loadPast(): Promise<void> {
    const to = Date.now();
    const [rain, ...records] = await Promise.all([
      this.#ask<{ points: readonly HistoryPoint[] }>('history', {
        field: 'rain',
        from: to - 24 * HOUR,
        to,
        points: 24,
      }),
      ...PERIODS.map((period) => this.#ask<Records>('records', { period })),
    ]);
    this.#rain = rain?.points ?? [];
    this.#records = Object.fromEntries(
      PERIODS.flatMap((period, index) => (records[index] ? [[period, records[index]]] : [])),
    );
    this.#draw();
  }

  /** The answer of one of the plugin's commands; nothing when it refuses, as it does while the archive is empty. */
  async #ask<T>(command: string, args: JsonObject): Promise<T | undefined> {
    try {
      const answer = await this.#api.command(command, args);
      return answer.ok ? (answer as unknown as T) : undefined;
    } catch {
      return undefined; // the plugin is not running: the notice above says so
    }
  }

  async #showClimate(month: string): Promise<void> {
    this.#climate = { month, text: 'Asking for the report …' };
    this.#draw();
    try {
      const answer = await this.#api.command('report', { month, units: this.#api.units });
      const text = answer.ok ? String(answer['text']) : `${answer['error']}; there are ${answer['expected']}`;
      this.#climate = { month, text };
    } catch (error) {
      this.#climate = { month, text: `The report could not be made: ${String(error)}` };
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    // Retained topics come in a burst: one drawing for all of them.
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      render(this.#render(), this.#element);
    });
  }

  #render() {
    const api = this.#api;
    const now = Date.now();
    const weather = this.#weather;
    return html`<div class="weather-panel stack loose">
      ${notices(weather, this.#isOnline, api, now)}
      ${weather ? conditions({ weather, api, now, rain: this.#rain, needle: this.#needle, isOld: this.#isOnline === false }) : ''}
      ${graphs({
        api,
        range: this.#range,
        now,
        first: this.#records.all?.first,
        onRange: (range) => {
          this.#range = range;
          this.#draw();
        },
      })}
      ${recordsSection({
        api,
        period: this.#period,
        records: this.#records[this.#period],
        onPeriod: (period) => {
          this.#period = period;
          this.#draw();
        },
      })}
      ${climateSection(this.#climate, this.#records.all, (month) => void this.#showClimate(month))}
    </div>`;
  }
}

function every(ms: number, task: () => void): () => void {
  const timer = setInterval(task, ms);
  return () => clearInterval(timer);
}

const mount: MountPanel = (element, api) => {
  const panel = new WeatherPanel(element, api);
  return () => panel.close();
};
export default mount;
