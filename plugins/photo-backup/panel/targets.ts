import type { JsonObject } from 'cupboard/sdk';
import { html, nothing } from 'lit';
import type { TargetState } from '../target-state.ts';
import { Part } from './part.ts';

interface Progress {
  readonly done: number;
  readonly total: number;
  readonly message?: string;
  /** Epoch ms. */
  readonly eta?: number;
}

/** Topics beside the targets' that begin like theirs. */
const NOT_TARGETS = ['status', 'weeks', 'drill', 'flickr', 'documents', 'restore'];

/** All targets, a card each. */
class TargetCards extends Part {
  private readonly names = new Set<string>();

  override connectedCallback(): void {
    super.connectedCallback();
    const end = this.api.subscribe(`${this.api.plugin}/+`, (topic, payload) => {
      const name = topic.slice(this.api.plugin.length + 1);
      if (NOT_TARGETS.includes(name)) return;
      if (payload === '') this.names.delete(name);
      else this.names.add(name);
      this.requestUpdate();
    });
    this.ends.push(end);
  }

  override render() {
    if (this.names.size === 0) {
      return html`<p class="note">No target yet. <a href="/plugin/${this.api.plugin}">Add one under Targets in the settings.</a></p>`;
    }
    return html`<div class="grid">
      ${[...this.names].sort().map((name) => html`<backup-target .api=${this.api} .name=${name}></backup-target>`)}
    </div>`;
  }
}
customElements.define('backup-targets', TargetCards);

/** One target: how safe the photos are there, what goes on, and what can be done about it. */
class TargetCard extends Part {
  static override properties = { ...Part.properties, name: { attribute: false } };
  name = '';
  private state: TargetState | undefined;
  private progress: Progress | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.hear<TargetState>(this.name, (state) => {
      this.state = state;
    });
    this.hear<Progress>(`progress/${this.name}`, (progress) => {
      this.progress = progress;
    });
  }

  override render() {
    const { state } = this;
    if (state === undefined) return nothing;
    const [look, text] = STATES[state.state] ?? ['bad', state.state];
    return html`<article class="card stack">
      <div class="row apart"><h2>${this.name}</h2><span class="chip ${look}">${text}</span></div>
      ${state.place === undefined ? nothing : html`<p class="soft small wrap">${state.place}</p>`}
      ${state.advice === null ? nothing : html`<p>${state.advice}</p>`}
      ${state.reason === null ? nothing : html`<p class="soft small wrap">${state.reason}</p>`}
      ${state.state === 'uploading' || state.state === 'verifying' ? this.bar() : nothing}
      ${state.safe === undefined ? nothing : this.numbers(state)}
      ${this.result((answer) => this.told(answer))}
      ${this.api.admin && state.safe !== undefined ? this.buttons(state) : nothing}
    </article>`;
  }

  private bar() {
    const { done = 0, total = 0, message = '', eta } = this.progress ?? {};
    const left = eta === undefined ? '' : `, ${duration((eta - Date.now()) / 1000)} left`;
    return html`<div class="stack tight">
      <progress max=${total || 1} value=${done} aria-label="Progress of ${this.name}"></progress>
      <p class="soft small wrap">${message}${left}</p>
    </div>`;
  }

  private numbers(state: TargetState) {
    const { safe, bytes_safe, pending, bytes_pending, failed, rewrites, last_success, last_verified } = state;
    const row = (name: string, value: unknown) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`;
    const at = (time: number | null) => (time === null ? 'never' : this.at(time));
    return html`<table class="table">
      <tbody>
        ${row('Safe there', `${safe} files, ${size(bytes_safe)}`)}
        ${pending > 0 ? row('To send', `${pending} files, ${size(bytes_pending)}`) : nothing}
        ${failed > 0 ? row('Failed', `${failed} files`) : nothing}
        ${rewrites.waiting > 0 ? row('Changed since', `${rewrites.waiting} files${cost(rewrites)}`) : nothing}
        ${row('Last complete', at(last_success))}
        ${row('Last checked', at(last_verified))}
      </tbody>
    </table>`;
  }

  private buttons({ state, type, rewrites }: TargetState) {
    const button = (label: string, doing: string, command: string, args: JsonObject = {}) =>
      html`<button class="button" ?disabled=${this.busy !== undefined}
        @click=${() => this.ask(doing, command, { target: this.name, ...args })}>${label}</button>`;
    return html`<div class="row">
      ${state === 'paused' ? button('Go on', 'Going on', 'resume') : button('Pause', 'Pausing', 'pause')}
      ${state === 'paused' ? nothing : button('Back up now', 'Backing up', 'run')}
      ${rewrites.waiting > 0 ? button('Send changed photos now', 'Sending', 'run', { rewrites: true }) : nothing}
      ${button('Check', 'Comparing', 'verify')}
      ${state === 'target_missing' && type === 'directory' ? button('This is the right disk', 'Marking', 'mark') : nothing}
    </div>`;
  }

  private told(answer: JsonObject): string {
    const { uploaded, checked } = (answer['targets'] as Record<string, JsonObject> | undefined)?.[this.name] ?? {};
    if (uploaded !== undefined) return uploaded === 0 ? 'Everything was there already.' : `${uploaded} files sent.`;
    return checked === undefined ? 'Done.' : `${checked} files are there as they were sent.`;
  }
}
customElements.define('backup-target', TargetCard);

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e5) / 10} MB`;

const duration = (seconds: number): string =>
  seconds >= 5400 ? `${Math.round(seconds / 3600)} h` : `${Math.max(1, Math.round(seconds / 60))} min`;

const cost = ({ cost_now, after_days }: TargetState['rewrites']): string => {
  if (after_days === 0) return '';
  const price = cost_now === null ? '' : `; now it would cost ${cost_now.toFixed(2)} extra`;
  return `, sent again ${after_days} days after the first time${price}`;
};

/** Each state in words of the family, and how good it is. */
const STATES: Readonly<Record<string, readonly ['good' | 'info' | 'warn' | 'bad', string]>> = {
  ok: ['good', 'all safe'],
  pending: ['info', 'about to send'],
  uploading: ['info', 'sending'],
  verifying: ['info', 'checking'],
  waiting_window: ['info', 'waits for the night'],
  rewrites_waiting: ['good', 'safe, newer captions wait'],
  simulated: ['info', 'simulated'],
  paused: ['warn', 'paused'],
  unreachable: ['warn', 'not reachable'],
  target_missing: ['warn', 'disk not there'],
  archive_missing: ['warn', 'archive not there'],
  failing: ['warn', 'some files fail'],
  cannot_replace: ['warn', 'keeps old versions'],
  changed_remotely: ['warn', 'changed by others'],
  clock_skew: ['bad', 'clock is wrong'],
  disabled: ['warn', 'not set up'],
  misconfigured: ['bad', 'settings are wrong'],
  bad_credential: ['bad', 'key not accepted'],
  full: ['bad', 'full'],
};
