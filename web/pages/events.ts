import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { RecordedEvent } from '../hub/api.ts';
import { parseObject } from '../hub/readings.ts';
import { fromAddress, rememberInAddress } from '../shell/navigation.ts';
import { formatInstant } from '../ui/format.ts';
import { Load } from '../ui/load.ts';
import { emptyBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

const HOUR_MS = 3_600_000;
const RANGES: readonly { name: string; label: string; ms: number }[] = [
  { name: '24h', label: 'Last 24 hours', ms: 24 * HOUR_MS },
  { name: '7d', label: 'Last 7 days', ms: 168 * HOUR_MS },
  { name: '30d', label: 'Last 30 days', ms: 720 * HOUR_MS },
  { name: '1y', label: 'Last year', ms: 8784 * HOUR_MS },
];
const MOST_EVENTS = 500;
/** A burst of events asks once. */
const CALM_MS = 500;

/** What happened: kept for a year, newest first, new ones as they come. */
@customElement('events-page')
export class EventsPage extends PageElement {
  readonly #events = new Load<RecordedEvent[]>(this);
  @state() private filter = fromAddress('filter');
  @state() private range = fromAddress('range') || '24h';
  @state() private words = '';
  #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#ask();
    this.#stops = ['hub/event/+', '+/event/#'].map((filter) => this.hub.mqtt.subscribe(filter, () => this.#askSoon()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">
      <header><h1 tabindex="-1">Events</h1></header>
      <div class="row end">
        <div class="field grow"><label for="words">Search</label><input id="words" type="search" .value=${this.words}
          @input=${(event: Event) => {
            this.words = (event.target as HTMLInputElement).value;
          }} /></div>
        <div class="field grow"><label for="filter">Topic filter</label>
          <input id="filter" class="mono" placeholder="acurite/event/#" spellcheck="false" .value=${this.filter}
            @change=${(event: Event) => {
              this.filter = (event.target as HTMLInputElement).value.trim();
              this.#ask();
            }} /></div>
        <div class="field"><label for="range">Time</label>
          <select id="range" @change=${(event: Event) => {
            this.range = (event.target as HTMLSelectElement).value;
            this.#ask();
          }}>
            ${RANGES.map(({ name, label }) => html`<option value=${name} ?selected=${name === this.range}>${label}</option>`)}
          </select></div>
      </div>
      ${this.#events.render((events) => this.#renderEvents(events))}
    </div>`;
  }

  #renderEvents(events: readonly RecordedEvent[]): TemplateResult {
    const wanted = this.words.trim().toLowerCase();
    const found = events.filter(({ topic, payload }) => `${topic} ${payload}`.toLowerCase().includes(wanted));
    if (found.length === 0)
      return emptyBox('events', 'Nothing happened', 'No event in this time matches. Try a longer time.');
    const newestFirst = [...found].sort((a, b) => b.time - a.time);
    return html`<ol class="timeline">${newestFirst.map((event) => this.#renderEvent(event))}</ol>
      ${events.length >= MOST_EVENTS ? html`<p class="soft small">The newest ${MOST_EVENTS} are shown; a filter finds older ones.</p>` : nothing}`;
  }

  #renderEvent({ time, topic, payload }: RecordedEvent): TemplateResult {
    const [plugin = '', , ...name] = topic.split('/');
    const { time: _, ...data } = parseObject(payload) ?? {};
    const details = Object.entries(data);
    return html`<li>
      <time class="small soft" datetime=${new Date(time).toISOString()}>${formatInstant(time, this.hub.settings.timezone)}</time>
      <div class="timeline-text"><b>${name.join('/').replaceAll('_', ' ')}</b> <span class="chip">${plugin}</span>
        ${details.length > 0 ? html`<dl class="pairs small">${details.map(([key, value]) => html`<div><dt>${key}</dt><dd class="wrap">${typeof value === 'string' ? value : JSON.stringify(value)}</dd></div>`)}</dl>` : nothing}
      </div>
    </li>`;
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), CALM_MS);
  }

  #ask(): void {
    rememberInAddress({ filter: this.filter, range: this.range === '24h' ? undefined : this.range });
    const ms = RANGES.find(({ name }) => name === this.range)?.ms ?? 24 * HOUR_MS;
    const query = { from: this.hub.api.now() - ms, filter: this.filter, limit: MOST_EVENTS };
    void this.#events.run(() => this.hub.api.events(query));
  }
}
