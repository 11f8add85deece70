import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { css, html, LitElement, nothing } from 'lit';
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
  static override styles = css`
    :host { display: block; }
    .state { font-size: 1.25rem; font-weight: 600; }
    .state::first-letter { text-transform: uppercase; }
    a { color: var(--accent, inherit); }
    .good { color: var(--good, green); }
    .bad { color: var(--bad, firebrick); }
    .advice { white-space: pre-wrap; overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; }
    caption { font-weight: 600; padding: 1rem 0 0.25rem; text-align: start; }
    th, td { border-bottom: 1px solid var(--line, #8884); padding: 0.25rem 0.75rem 0.25rem 0; text-align: start; }
    code { font-size: 0.85em; white-space: nowrap; }
    dl { display: grid; gap: 0.25rem 0.75rem; grid-template-columns: max-content 1fr; }
    dt { color: var(--ink-soft, inherit); }
    dd { margin: 0; }
  `;

  api!: PanelApi;
  private link: Link | undefined;
  private reports: readonly RawReport[] = [];
  private problem: string | undefined;
  private unsubscribe: (() => void) | undefined;

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
    return html`
      <div class="state ${link.state === 'ok' ? 'good' : link.state === 'starting' ? nothing : 'bad'}">${headline(link.state)}</div>
      ${link.advice === '' ? nothing : html`<p class="advice">${link.advice}</p>`}
      <dl>
        <dt>Transport</dt><dd>${link.transport}${link.simulated ? ' (simulated)' : nothing}</dd>
        <dt>Last contact</dt><dd>${this.at(link.time)}</dd>
        <dt>Reports used</dt><dd>${link.accepted}</dd>
        ${Object.entries(link.rejected).map(([reason, count]) => html`<dt>Not used: ${reason}</dt><dd>${count}</dd>`)}
      </dl>
      ${this.problem === undefined ? nothing : html`<p class="bad">${this.problem}</p>`}
      <div class="scroll"><table>
        <caption>Last reports</caption>
        <thead><tr><th scope="col">Time</th><th scope="col">Bytes</th><th scope="col">Status</th></tr></thead>
        <tbody>${this.reports.map(
          (report) => html`<tr>
            <td>${this.at(report.time)}</td>
            <td><code>${report.hex}</code></td>
            <td>${report.reason ?? report.status}</td>
          </tr>`,
        )}</tbody>
      </table></div>
      <p><a href="/plugins/${this.api.plugin}/capture.txt" download>Download the raw reports</a></p>
    `;
  }

  private at(time: number): string {
    return new Date(time).toLocaleString(undefined, { timeZone: this.api.hub.timezone, hourCycle: 'h23' });
  }
}
function headline(state: LinkState): string {
  return LINK_REASONS[state] || (state === 'ok' ? 'receiving' : 'waiting for the outdoor sensor');
}

customElements.define('acurite-panel', AcuritePanel);

const mount: MountPanel = (element, api) => {
  const panel = new AcuritePanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
