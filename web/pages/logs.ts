import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { LogEntry } from '../hub/api.ts';
import { parseObject } from '../hub/readings.ts';
import { fromAddress, rememberInAddress } from '../shell/navigation.ts';
import { Beat } from '../ui/beat.ts';
import { formatInstant } from '../ui/format.ts';
import { Load } from '../ui/load.ts';
import { emptyBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const LEVEL_MOODS = { debug: '', info: 'info', warn: 'warn', error: 'bad' } as const;
const MOST_LINES = 500;
const decoder = new TextDecoder();

/** Log lines by plugin and level: those there are, then the new ones as they are written. */
@customElement('logs-page')
export class LogsPage extends PageElement {
  readonly #known = new Load<LogEntry[]>(this);
  readonly #beat = new Beat();
  @state() private plugin = fromAddress('plugin');
  @state() private level: LogEntry['level'] = LEVELS.find((level) => level === fromAddress('level')) ?? 'info';
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#beat.attach(this);
    this.hub.house.beat.attach(this);
    this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  protected override render(): TemplateResult {
    const plugins = ['hub', ...(this.hub.house.plugins ?? []).map(({ id }) => id)];
    return html`<div class="stack loose">
      <header><h1 tabindex="-1">Logs</h1></header>
      <div class="row end">
        <div class="field grow"><label for="plugin">Plugin</label>
          <select id="plugin" @change=${(event: Event) => {
            this.plugin = (event.target as HTMLSelectElement).value;
            this.#follow();
          }}>
            <option value="" ?selected=${this.plugin === ''}>All</option>
            ${plugins.map((id) => html`<option ?selected=${id === this.plugin}>${id}</option>`)}
          </select></div>
        <div class="field grow"><label for="level">From level</label>
          <select id="level" @change=${(event: Event) => {
            this.level = (event.target as HTMLSelectElement).value as LogEntry['level'];
            this.#follow();
          }}>
            ${LEVELS.map((level) => html`<option ?selected=${level === this.level}>${level}</option>`)}
          </select></div>
      </div>
      ${this.#known.render((entries) => this.#renderLines(entries))}
    </div>`;
  }

  #renderLines(entries: readonly LogEntry[]): TemplateResult {
    if (entries.length === 0) return emptyBox('logs', 'Nothing to report', 'No line of this level was written yet.');
    return html`<ol class="log" tabindex="0" aria-label="Log lines, newest first">
      ${[...entries].reverse().map(
        (entry) => html`<li class=${entry.level}>
        <time class="soft" datetime=${new Date(entry.time).toISOString()}>${formatInstant(entry.time, this.hub.settings.timezone)}</time>
        <span class="chip ${LEVEL_MOODS[entry.level]}">${entry.level}</span>
        ${this.plugin ? nothing : html`<span class="log-plugin">${entry.plugin}</span>`}
        <span class="wrap log-text">${entry.message}</span>
      </li>`,
      )}
    </ol>`;
  }

  #follow(): void {
    rememberInAddress({ plugin: this.plugin, level: this.level === 'info' ? undefined : this.level });
    this.#stop?.();
    const query = { plugin: this.plugin, level: this.level, limit: MOST_LINES };
    void this.#known.run(() => this.hub.api.logs(query));
    this.#stop = this.hub.mqtt.subscribe(this.plugin ? `hub/log/${this.plugin}` : 'hub/log/+', ({ payload }) =>
      this.#take(parseObject(decoder.decode(payload)) as LogEntry | undefined),
    );
  }

  #take(entry: LogEntry | undefined): void {
    const lines = this.#known.value;
    if (!entry || !lines || LEVELS.indexOf(entry.level) < LEVELS.indexOf(this.level)) return;
    this.#known.value = [...lines, entry].slice(-MOST_LINES);
    this.#beat.changed();
  }
}
