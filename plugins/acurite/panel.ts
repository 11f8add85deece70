import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement, nothing } from 'lit';
import { LINK_REASONS, type LinkState } from './link.ts';

interface Link {
  readonly time: number;
  readonly state: LinkState;
  readonly advice: string;
  readonly transport: string;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly simulated?: boolean;
}

interface RawReport {
  readonly time: number;
  readonly hex: string;
  readonly status: string;
  readonly reason?: string;
}

/** The way from sensor to hub: how it is doing, what was not used and why, the last reports as they came. */
class AcuritePanel extends LitElement {
  api!: PanelApi;
  private link: Link | undefined;
  private reports: readonly RawReport[] = [];
  private problem: string | undefined;
  private unsubscribe: (() => void) | undefined;

  /** In the page itself, so that its style sheet applies. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.unsubscribe = this.api.subscribe(`${this.api.plugin}/link`, (_topic, payload) => {
      this.link = payload === '' ? undefined : (JSON.parse(payload) as Link);
      this.requestUpdate();
      void this.loadReports();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
  }

  /** The link is published after every report: each time there may be a new one. */
  private async loadReports(): Promise<void> {
    try {
      const response = await this.api.fetch('reports');
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.reports = (await response.json()) as RawReport[];
      this.problem = undefined;
    } catch (error) {
      this.problem = `The last reports could not be read: ${String(error)}`;
    }
    this.requestUpdate();
  }

  override render() {
    const { link } = this;
    if (!link) return html`<p>The plugin has said nothing about the console yet.</p>`;
    const kind = link.state === 'ok' ? 'good' : link.state === 'starting' ? 'info' : 'bad';
    return html`<div class="stack loose">
      <article class="card stack">
        <div class="row apart"><h2>${headline(link.state)}</h2><span class="chip ${kind}">${link.state}</span></div>
        ${link.advice === '' ? nothing : html`<pre class="advice">${link.advice}</pre>`}
        <table class="table"><tbody>
          <tr><th scope="row">Transport</th><td>${link.transport}${link.simulated ? ' (simulated)' : nothing}</td></tr>
          <tr><th scope="row">Last contact</th><td>${this.at(link.time)}</td></tr>
          <tr><th scope="row">Reports used</th><td>${link.accepted}</td></tr>
          ${Object.entries(link.rejected).map(
            ([reason, count]) => html`<tr><th scope="row">Not used: ${reason}</th><td>${count}</td></tr>`,
          )}
        </tbody></table>
      </article>
      ${this.problem === undefined ? nothing : html`<p class="note bad">${this.problem}</p>`}
      <section class="stack">
        <div class="row apart">
          <h2>Last reports</h2>
          <a class="button" href="/plugins/${this.api.plugin}/capture.txt" download>Download the raw reports</a>
        </div>
        <div class="table-frame"><table class="table">
          <thead><tr><th scope="col">Time</th><th scope="col">Bytes</th><th scope="col">Status</th></tr></thead>
          <tbody>${this.reports.map(
            (report) => html`<tr>
              <td>${this.at(report.time)}</td>
              <td><code>${report.hex}</code></td>
              <td>${report.reason ?? report.status}</td>
            </tr>`,
          )}</tbody>
        </table></div>
      </section>
    </div>`;
  }

  private at(time: number): string {
    return new Date(time).toLocaleString(undefined, { timeZone: this.api.hub.timezone, hourCycle: 'h23' });
  }
}
function headline(state: LinkState): string {
  return LINK_REASONS[state] || (state === 'ok' ? 'Receiving' : 'Waiting for the outdoor sensor');
}

customElements.define('acurite-panel', AcuritePanel);

const mount: MountPanel = (element, api) => {
  const panel = new AcuritePanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
