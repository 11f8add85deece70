import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { Health, Plugin } from '../hub/api.ts';
import { panelPath, pluginPath } from '../shell/routes.ts';
import { deviceCard } from '../ui/device-card.ts';
import { icons } from '../ui/icons.ts';
import { Load } from '../ui/load.ts';
import { emptyBox, loadingBox, noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';
import { isAlive, stateChip, stateFace } from '../ui/states.ts';

const REDRAW_MS = 5000;
const HEALTH_MS = 30_000;

/** The cupboard with its doors open: a shelf for every plugin, its devices standing on it. */
@customElement('overview-page')
export class OverviewPage extends PageElement {
  readonly #health = new Load<Health>(this);
  #timers: ReturnType<typeof setInterval>[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.hub.house.beat.attach(this);
    const askHealth = () => void this.#health.run(() => this.hub.api.health());
    askHealth();
    // Ages and staleness change without any message.
    this.#timers = [setInterval(() => this.requestUpdate(), REDRAW_MS), setInterval(askHealth, HEALTH_MS)];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const timer of this.#timers) clearInterval(timer);
  }

  protected override render(): TemplateResult {
    const { plugins } = this.hub.house;
    if (!plugins) return loadingBox();
    const shelves = plugins.filter(({ state }) => state !== 'unconfigured' && state !== 'disabled');
    return html`<div class="stack loose">
      <header class="stack tight">
        <h1 tabindex="-1">${this.hub.settings.name}</h1>
        ${shelves.length > 0 ? this.#renderHealth(shelves) : nothing}
      </header>
      ${this.#health.value?.problems.map((problem) => noteBox('bad', problem))}
      ${this.hub.settings.location ? nothing : this.#renderLocationHint()}
      ${shelves.length === 0 ? this.#renderEmpty() : this.#renderShelves(shelves)}
    </div>`;
  }

  #renderHealth(plugins: readonly Plugin[]): TemplateResult {
    const troubled = plugins.filter(({ state }) => stateFace(state).mood === 'bad');
    const waiting = plugins.filter(({ state }) => state === 'waiting');
    const running = plugins.filter(({ state }) => state === 'running');
    const parts = [`${running.length} running`];
    if (waiting.length > 0) parts.push(`${waiting.length} waiting`);
    if (troubled.length > 0) parts.push(`${troubled.length} in trouble`);
    const mood = troubled.length > 0 ? 'bad' : waiting.length > 0 ? 'warn' : 'good';
    const word = { good: 'All is well', warn: 'Almost all is well', bad: 'Something needs you' }[mood];
    return html`<p class="health row" role="status"><span class="chip ${mood}"><span class="dot"></span>${word}</span>
      <span class="soft">${parts.join(' · ')}</span></p>`;
  }

  #renderLocationHint(): TemplateResult {
    return noteBox(
      'info',
      'The hub does not know where the house is. Weather and times of day depend on it.',
      html`<a class="button" href="/settings">Set the location</a>`,
    );
  }

  #renderEmpty(): TemplateResult {
    return html`<div class="stack">
      ${emptyBox(
        'overview',
        'The shelves are empty',
        'A plugin brings a device or a chore into the house. Nothing runs until you say so.',
        html`<a class="button primary" href="/plugins">${icons.plus} Add a plugin</a>`,
      )}
      <section class="card row apart" aria-label="Demo">
        <div class="grow"><h2>See the demo</h2>
          <p class="soft">Every plugin on its simulator, beside your hub and without touching it.</p></div>
        <code class="command">npx cupboard start --demo</code>
      </section>
    </div>`;
  }

  #renderShelves(plugins: readonly Plugin[]): TemplateResult {
    const withDevices = plugins
      .filter(({ id }) => this.hub.house.devices(id).length > 0)
      .sort((a, b) => Number(b.panel !== undefined) - Number(a.panel !== undefined));
    const others = plugins.filter((plugin) => !withDevices.includes(plugin));
    return html`${withDevices.map((plugin) => this.#renderShelf(plugin))}
      ${others.length > 0 ? this.#renderOthers(others) : nothing}`;
  }

  #renderShelf(plugin: Plugin): TemplateResult {
    const devices = this.hub.house.devices(plugin.id);
    return html`<section class="shelf" aria-label=${plugin.name}>
      <div class="plate">
        <h2><a href=${pluginPath(plugin.id)}>${plugin.name}</a></h2>
        ${stateChip(plugin.state)} ${plugin.panel ? html`<a class="small" href=${panelPath(plugin.id)}>Open</a>` : nothing}
      </div>
      ${!isAlive(plugin.state) || plugin.reason ? html`<div class="shelf-note">${this.#renderWords(plugin)}</div>` : nothing}
      <div class="shelf-items">${devices.map((device) => deviceCard(this.hub, device))}</div>
      <div class="board"></div>
    </section>`;
  }

  /** Plugins that bring no device share a shelf. */
  #renderOthers(plugins: readonly Plugin[]): TemplateResult {
    return html`<section class="shelf" aria-label="Chores">
      <div class="plate"><h2>Chores</h2></div>
      <div class="shelf-items">
        ${plugins.map(
          (plugin) => html`<article class="card chore ${stateFace(plugin.state).mood}">
            <header class="row apart"><h3><a class="stretched" href=${pluginPath(plugin.id)}>${plugin.name}</a></h3>${stateChip(plugin.state)}</header>
            ${this.#renderWords(plugin)}
          </article>`,
        )}
      </div>
      <div class="board"></div>
    </section>`;
  }

  #renderWords(plugin: Plugin): TemplateResult {
    const advice = plugin.advice ?? stateFace(plugin.state).advice;
    const isQuiet = plugin.state === 'running' && !plugin.reason;
    return html`${isQuiet && plugin.description ? html`<p class="small soft">${plugin.description}</p>` : nothing}
      ${plugin.reason ? html`<p class="small wrap"><b>${plugin.reason}</b></p>` : nothing}
      ${advice ? html`<p class="small soft wrap">${advice}</p>` : nothing}`;
  }
}
