import type { CommandResult } from 'cupboard/sdk';
import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import './panel/tools.ts';
import { moodOf, spansOf, stateBand } from './panel/band.ts';
import { style } from './panel/style.ts';

type State = Readonly<Record<string, string | number | boolean | null | undefined>>;
interface Verdict {
  readonly time: number;
  readonly verdict: string;
  readonly advice: string;
}
interface Cost {
  readonly recommendation: string | null;
  readonly cost_ms: number | null;
  readonly rounds: number;
  readonly rounds_needed: number;
  readonly destinations: readonly {
    readonly host: string;
    readonly weight: number;
    readonly address_v4?: string;
    readonly address_v6?: string;
    readonly v4_ms?: number;
    readonly v6_ms?: number;
    readonly cost_ms?: number;
  }[];
}

const DAY = 86_400_000;
const REFRESH_MS = 60_000;
const SHOWN_VERDICTS = 12;

/** The tunnels: what is wrong, since when, what it costs, and the tools to look closer. */
class WatchdogPanel extends LitElement {
  api!: PanelApi;
  private readonly states = new Map<string, State>();
  private readonly verdicts = new Map<string, readonly Verdict[]>();
  private cost: Cost | undefined;
  private message = '';
  private now = Date.now();
  private unsubscribe: (() => void) | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.unsubscribe = this.api.subscribe(`${this.api.plugin}/+`, (topic, payload) => this.take(topic, payload));
    this.timer = setInterval(() => this.refresh(), REFRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
    clearInterval(this.timer);
  }

  private take(topic: string, payload: string): void {
    const name = topic.slice(this.api.plugin.length + 1);
    if (name === 'status') return;
    if (name === 'cost') this.cost = payload === '' ? undefined : (JSON.parse(payload) as Cost);
    else if (payload === '') this.states.delete(name);
    else this.takeState(name, JSON.parse(payload) as State);
    this.requestUpdate();
  }

  private takeState(name: string, state: State): void {
    const before = this.states.get(name);
    this.states.set(name, state);
    if (before?.['verdict'] !== state['verdict']) void this.loadVerdicts(name);
  }

  private refresh(): void {
    this.now = Date.now();
    this.requestUpdate();
  }

  private async loadVerdicts(tunnel: string): Promise<void> {
    const answer = await this.api.command('verdicts', { tunnel, limit: 500 }).catch(() => undefined);
    if (answer?.ok) this.verdicts.set(tunnel, answer['verdicts'] as unknown as readonly Verdict[]);
    this.refresh();
  }

  private async act(name: string, tunnel: string): Promise<void> {
    this.message = `${name} …`;
    this.requestUpdate();
    const answer = await this.api
      .command(name, { tunnel })
      .catch((error: unknown): CommandResult => ({ ok: false, error: (error as Error).message }));
    this.message = answer.ok
      ? `${name}: ${answer['message'] ?? answer['advice'] ?? 'done'}`
      : `${name}: ${answer['error']}`;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    if (this.states.size === 0) {
      return html`<p class="note">No tunnel yet. <a href="/plugin/${this.api.plugin}">Add one under Tunnels in the settings.</a></p>`;
    }
    return html`<div class="stack">
      ${this.message ? html`<p class="note" role="status">${this.message}</p>` : nothing}
      ${[...this.states].map(([name, state]) => this.renderTunnel(name, state))} ${this.cost ? this.renderCost(this.cost) : nothing}
      ${this.api.admin ? html`<ipv6-watchdog-tools .api=${this.api} .tunnel=${[...this.states.keys()][0] ?? ''}></ipv6-watchdog-tools>` : nothing}
    </div>`;
  }

  private renderTunnel(name: string, state: State): TemplateResult {
    const verdict = String(state['verdict'] ?? 'unknown');
    const verdicts = this.verdicts.get(name) ?? [];
    const range = { from: this.now - DAY, to: this.now };
    const series = (field: string, label: string, unit: string) => ({
      series: `${this.api.plugin}/${name}/${field}`,
      label,
      unit,
    });
    return html`<section class="card stack" aria-label=${`Tunnel ${name}`}>
      <div class="row apart">
        <h2>${name}</h2>
        <span class="row">${state['simulated'] ? html`<span class="chip info">Simulated</span>` : nothing}<span class="chip ${moodOf(verdict)}">${verdict}</span></span>
      </div>
      <p>${state['advice']}${state['held'] ? html` <span class="soft">Nothing is done: ${state['held']}.</span>` : nothing}</p>
      ${state['cannot_check'] ? html`<p class="note warn">Not checked: ${state['cannot_check']}.</p>` : nothing}
      ${state['exposed'] ? html`<p class="note bad">Open: ${state['exposed']}.</p>` : nothing}
      <dl class="numbers">
        ${this.number('Over IPv4', state['latency_v4'], 'ms')} ${this.number('Over IPv6', state['latency_v6'], 'ms')}
        ${this.number('Loss', state['loss'], '%')} ${this.number('MTU', state['mtu'], '')} ${this.number('Restarts', state['restarts'], '')}
        <div><dt>Since</dt><dd>${this.at(state['since'])}</dd></div>
      </dl>
      <div>${stateBand(spansOf(verdicts, range.from, range.to), range.from, range.to, `State of ${name} in the last 24 hours`)}</div>
      <cupboard-chart .api=${this.api} .series=${[series('latency_v4', 'IPv4', 'ms'), series('latency_v6', 'IPv6', 'ms')]} .from=${range.from} .to=${range.to}></cupboard-chart>
      <cupboard-chart .api=${this.api} .series=${[series('loss', 'Loss', '%')]} .from=${range.from} .to=${range.to}></cupboard-chart>
      ${verdicts.length > 0 ? this.renderHistory(verdicts) : nothing}
      ${this.api.admin ? this.renderActions(name, verdict) : nothing}
    </section>`;
  }

  /** Commands are for admins alone. */
  private renderActions(tunnel: string, verdict: string): TemplateResult {
    const commands = ['probe', ...(verdict === 'off' ? ['on'] : ['restart', 'prefer_ipv4', 'off'])];
    return html`<div class="row">${commands.map(
      (command) => html`<button class="button" @click=${() => this.act(command, tunnel)}>${LABELS[command]}</button>`,
    )}</div>`;
  }

  private renderHistory(verdicts: readonly Verdict[]): TemplateResult {
    return html`<details><summary>What was found, and why</summary>
      <div class="wide" tabindex="0" role="group" aria-label="Verdicts"><table class="table"><tbody>${verdicts
        .slice(0, SHOWN_VERDICTS)
        .map(
          ({ time, verdict, advice }) =>
            html`<tr><td>${this.at(time)}</td><td><span class="chip ${moodOf(verdict)}">${verdict}</span></td><td>${advice}</td></tr>`,
        )}</tbody></table></div></details>`;
  }

  private renderCost({ recommendation, cost_ms, rounds, rounds_needed, destinations }: Cost): TemplateResult {
    const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
    const ms = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(1));
    return html`<section class="card stack" aria-label="Cost">
      <h2>What it costs</h2>
      <p>${
        recommendation === null
          ? html`Timed ${rounds} of the ${rounds_needed} rounds that a recommendation needs.`
          : html`A connection takes <b>${cost_ms} ms</b> longer over the tunnel. Recommended: <b>${recommendation}</b>.`
      }</p>
      <div class="wide" tabindex="0" role="group" aria-label="Cost by destination"><table class="table"><thead><tr>
        <th scope="col">Destination</th><th scope="col" class="number">IPv4, ms</th><th scope="col" class="number">IPv6, ms</th>
        <th scope="col" class="number">Cost, ms</th><th scope="col" class="number">Share</th></tr></thead>
        <tbody>${destinations.map(
          (
            each,
          ) => html`<tr><th scope="row">${each.host}<br /><span class="soft small">${each.address_v4 ?? 'no IPv4'} · ${each.address_v6 ?? 'no IPv6'}</span></th>
            <td class="number">${ms(each.v4_ms)}</td><td class="number">${ms(each.v6_ms)}</td><td class="number">${ms(each.cost_ms)}</td>
            <td class="number">${Math.round((each.weight / total) * 100)} %</td></tr>`,
        )}</tbody></table></div>
    </section>`;
  }

  private number(label: string, value: State[string], unit: string): TemplateResult {
    const text = value === undefined ? '–' : value === null ? 'no answer' : `${value}${unit && ` ${unit}`}`;
    return html`<div><dt>${label}</dt><dd>${text}</dd></div>`;
  }

  private at(time: State[string]): string {
    if (typeof time !== 'number') return '–';
    const options = {
      timeZone: this.api.hub.timezone,
      dateStyle: 'short',
      timeStyle: 'short',
      hourCycle: 'h23',
    } as const;
    return new Date(time).toLocaleString(undefined, options);
  }
}

const LABELS: Readonly<Record<string, string>> = {
  probe: 'Probe now',
  restart: 'Restart',
  prefer_ipv4: 'Prefer IPv4',
  off: 'Turn off',
  on: 'Turn on',
};
customElements.define('ipv6-watchdog-panel', WatchdogPanel);

const mount: MountPanel = (element, api) => {
  if (!document.adoptedStyleSheets.includes(style)) document.adoptedStyleSheets.push(style);
  const panel = new WatchdogPanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
