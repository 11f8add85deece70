import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement, nothing } from 'lit';

interface ServiceState {
  readonly time: number;
  readonly state: string;
  readonly queued: number;
  readonly last_success: number | null;
  readonly last_error: string | null;
  readonly advice: string | null;
}

/** A row a service: its state, what waits, when it last worked, and a button that posts once. */
class WeatherUploadPanel extends LitElement {
  api!: PanelApi;
  private states = new Map<string, ServiceState>();
  private results = new Map<string, string>();
  private unsubscribe: (() => void) | undefined;

  /** In the page itself, so that its style sheet applies. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.unsubscribe = this.api.subscribe(`${this.api.plugin}/+`, (topic, payload) => this.take(topic, payload));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
  }

  private take(topic: string, payload: string): void {
    const name = topic.slice(this.api.plugin.length + 1);
    if (name === 'status') return;
    if (payload === '') this.states.delete(name);
    else this.states.set(name, JSON.parse(payload) as ServiceState);
    this.requestUpdate();
  }

  private async test(name: string): Promise<void> {
    this.results.set(name, 'posting …');
    this.requestUpdate();
    const answer = await this.api
      .command('test', { service: name })
      .catch((error: unknown) => ({ ok: false, error: String(error) }));
    this.results.set(name, JSON.stringify(answer, null, 2));
    this.requestUpdate();
  }

  override render() {
    if (this.states.size === 0) {
      return html`<p class="note">No service yet. <a href="/plugin/${this.api.plugin}">Add one under Services in the settings.</a></p>`;
    }
    return html`<div class="grid">${[...this.states].map(([name, state]) => this.card(name, state))}</div>`;
  }

  private card(name: string, state: ServiceState) {
    const { admin, hub } = this.api;
    const at = (time: number | null) =>
      time === null ? 'never' : new Date(time).toLocaleString(undefined, { timeZone: hub.timezone, hourCycle: 'h23' });
    const result = this.results.get(name);
    return html`<article class="card stack">
      <div class="row apart">
        <h2>${name}</h2>
        <span class="chip ${CHIPS[state.state] ?? ''}">${state.state}</span>
      </div>
      ${state.advice === null ? nothing : html`<p>${state.advice}</p>`}
      <table class="table">
        <tbody>
          <tr><th scope="row">Last success</th><td>${at(state.last_success)}</td></tr>
          <tr><th scope="row">Waiting</th><td>${state.queued}</td></tr>
          ${state.last_error === null ? nothing : html`<tr><th scope="row">Last error</th><td>${state.last_error}</td></tr>`}
        </tbody>
      </table>
      ${admin ? html`<div><button class="button" @click=${() => this.test(name)}>Post once</button></div>` : nothing}
      ${result === undefined ? nothing : html`<pre role="status">${result}</pre>`}
    </article>`;
  }
}

/** How good each state is, as the page colours it. */
const CHIPS: Readonly<Record<string, string>> = {
  ok: 'good',
  queued: 'info',
  simulated: 'info',
  retrying: 'warn',
  disabled: 'warn',
  refused: 'bad',
};
customElements.define('weather-upload-panel', WeatherUploadPanel);

const mount: MountPanel = (element, api) => {
  const panel = new WeatherUploadPanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
