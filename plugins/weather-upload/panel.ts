import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { css, html, LitElement, nothing } from 'lit';

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
  static override styles = css`
    :host { display: block; }
    ul { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); list-style: none; margin: 0; padding: 0; }
    li { border: 1px solid var(--line, #8884); border-radius: 0.75rem; padding: 1rem; }
    h2 { font-size: 1rem; margin: 0 0 0.5rem; }
    .state { font-weight: 600; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 0.75rem; margin: 0.5rem 0; }
    dt { opacity: 0.75; }
    dd { margin: 0; overflow-wrap: anywhere; }
    pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.8rem; }
    button { font: inherit; padding: 0.4rem 0.8rem; min-height: 2.5rem; }
  `;

  api!: PanelApi;
  private states = new Map<string, ServiceState>();
  private results = new Map<string, string>();
  private unsubscribe: (() => void) | undefined;

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
    if (this.states.size === 0) return html`<p>No service yet. Add one under <em>services</em> in the settings.</p>`;
    return html`<ul>${[...this.states].map(([name, state]) => this.row(name, state))}</ul>`;
  }

  private row(name: string, state: ServiceState) {
    const at = (time: number | null) =>
      time === null
        ? 'never'
        : new Date(time).toLocaleString(undefined, { timeZone: this.api.hub.timezone, hourCycle: 'h23' });
    const result = this.results.get(name);
    return html`<li>
      <h2>${name}</h2>
      <div class="state">${state.state}</div>
      ${state.advice === null ? nothing : html`<div>${state.advice}</div>`}
      <dl>
        <dt>Last success</dt><dd>${at(state.last_success)}</dd>
        <dt>Waiting</dt><dd>${state.queued}</dd>
        ${state.last_error === null ? nothing : html`<dt>Last error</dt><dd>${state.last_error}</dd>`}
      </dl>
      <button @click=${() => this.test(name)}>Post once</button>
      ${result === undefined ? nothing : html`<pre>${result}</pre>`}
    </li>`;
  }
}
customElements.define('weather-upload-panel', WeatherUploadPanel);

const mount: MountPanel = (element, api) => {
  const panel = new WeatherUploadPanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
