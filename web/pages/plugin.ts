import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import './command-box.ts';
import '../forms/schema-form.ts';
import { problemsByPath, type Schema } from '../forms/schema.ts';
import type { SchemaForm } from '../forms/schema-form.ts';
import { ApiError, type Plugin, type PluginAction, type PluginConfig, type PluginDetails } from '../hub/api.ts';
import { logsPath, panelPath, topicsPath } from '../shell/routes.ts';
import { deviceCard } from '../ui/device-card.ts';
import { formatBytes, formatTime } from '../ui/format.ts';
import { icons } from '../ui/icons.ts';
import { Load } from '../ui/load.ts';
import { loadingBox, noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';
import { isAlive, stateChip, stateFace } from '../ui/states.ts';

/** One plugin: its state, devices, settings, commands and what it may do. */
@customElement('plugin-page')
export class PluginPage extends PageElement {
  readonly #details = new Load<PluginDetails>(this);
  readonly #config = new Load<PluginConfig>(this);
  @state() private busy = false;
  @state() private failure = '';
  @state() private asksConsent = false;
  @state() private saved = false;
  @state() private problems: ReadonlyMap<string, string> = new Map();

  override connectedCallback(): void {
    super.connectedCallback();
    this.hub.house.beat.attach(this);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('itemId')) return;
    void this.#details.run(() => this.hub.api.plugin(this.itemId));
    if (this.hub.isAdmin) void this.#config.run(() => this.hub.api.config(this.itemId));
  }

  protected override render(): TemplateResult {
    const plugin = this.hub.house.plugin(this.itemId) ?? this.#details.value;
    return html`<div class="stack loose">
      <header class="stack tight">
        <a class="small back" href="/plugins">${icons.back} Plugins</a>
        <div class="row"><h1 tabindex="-1">${plugin?.name ?? this.itemId}</h1>${plugin ? stateChip(plugin.state) : nothing}</div>
        ${plugin?.description ? html`<p class="soft">${plugin.description}</p>` : nothing}
      </header>
      ${plugin ? this.#renderPlugin(plugin) : loadingBox()}
    </div>`;
  }

  #renderPlugin(plugin: Plugin): TemplateResult {
    const devices = this.hub.house.devices(plugin.id);
    return html`
      ${this.#renderTrouble(plugin)} ${this.failure ? noteBox('bad', this.failure) : nothing}
      ${this.#renderActions(plugin)} ${this.asksConsent ? this.#renderConsent(plugin) : nothing}
      ${
        devices.length > 0
          ? html`<section class="stack" aria-labelledby="devices"><h2 id="devices">Devices</h2>
        <div class="grid top">${devices.map((device) => deviceCard(this.hub, device))}</div></section>`
          : nothing
      }
      ${this.hub.isAdmin ? this.#renderSettings() : nothing} ${this.#details.render((details) => this.#renderCommands(plugin, details))}
      ${this.#renderFacts(plugin)}
    `;
  }

  #renderTrouble(plugin: Plugin): TemplateResult | typeof nothing {
    const { mood, advice } = stateFace(plugin.state);
    const line = plugin.advice ?? advice;
    if (!plugin.reason && (!line || plugin.state === 'running')) return nothing;
    return noteBox(mood || 'info', html`${plugin.reason ? html`<b>${plugin.reason}</b><br />` : nothing}${line}`);
  }

  #renderActions(plugin: Plugin): TemplateResult {
    const isOff = plugin.state === 'unconfigured' || plugin.state === 'disabled';
    const actions: [PluginAction, string, boolean][] = [
      ['start', 'Start', !isOff && !isAlive(plugin.state)],
      ['restart', 'Restart', isAlive(plugin.state)],
      ['stop', 'Stop', isAlive(plugin.state) || plugin.state === 'restarting'],
      ['disable', 'Disable', !isOff],
    ];
    const disabled = this.busy || !this.hub.isAdmin;
    return html`<div class="row">
      ${plugin.panel && !isOff ? html`<a class="button primary" href=${panelPath(plugin.id)}>Open its page</a>` : nothing}
      ${isOff ? html`<button class="button primary" ?disabled=${disabled} @click=${() => this.#askEnable(plugin)}>Enable …</button>` : nothing}
      ${actions
        .filter(([, , isOffered]) => isOffered)
        .map(
          ([action, label]) =>
            html`<button class="button" ?disabled=${disabled} @click=${() => this.#act(action)}>${label}</button>`,
        )}
      <a class="button quiet" href=${logsPath(plugin.id)}>Log</a>
      <a class="button quiet" href=${topicsPath(`${plugin.id}/#`)}>Topics</a>
      ${this.hub.isAdmin ? nothing : html`<span class="soft small">Only an admin may change this.</span>`}
    </div>`;
  }

  #askEnable({ permissions }: Plugin): void {
    if (permissions.publishes.length + permissions.subscribes.length === 0) void this.#act('enable');
    else this.asksConsent = true;
  }

  /** Enabling with this list in view is the consent. */
  #renderConsent(plugin: Plugin): TemplateResult {
    return html`<section class="card stack consent" aria-labelledby="consent">
      <h2 id="consent">${plugin.name} asks for more than its own topics</h2>
      ${permissionLists(plugin)}
      <p class="soft small">The hub holds it to this list. It bounds mistakes, not malice: only enable plugins whose author you trust.</p>
      <div class="row">
        <button class="button primary" ?disabled=${this.busy} @click=${() => this.#act('enable')}>Allow and enable</button>
        <button class="button" @click=${() => {
          this.asksConsent = false;
        }}>Not now</button>
      </div>
    </section>`;
  }

  #renderSettings(): TemplateResult {
    const draw = ({ schema, config }: PluginConfig) => {
      const known = (schema ?? {}) as Schema;
      if (Object.keys(known.properties ?? {}).length === 0) return html`<p class="soft">It has nothing to set.</p>`;
      return html`<form class="stack" @submit=${this.#save}>
        ${this.saved ? noteBox('good', 'Saved to cupboard.yaml.') : nothing}
        <schema-form .schema=${known} .value=${config} .problems=${this.problems}></schema-form>
        <div><button class="button primary" ?disabled=${this.busy}>Save</button></div>
      </form>`;
    };
    return html`<section class="card stack" aria-labelledby="settings"><h2 id="settings">Settings</h2>${this.#config.render(draw)}</section>`;
  }

  readonly #save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = (event.target as HTMLFormElement).querySelector('schema-form') as SchemaForm;
    this.saved = false;
    if (!form.isValid) return;
    this.busy = true;
    this.problems = new Map();
    try {
      this.#config.value = await this.hub.api.saveConfig(this.itemId, form.value);
      this.saved = true;
    } catch (error) {
      const problems =
        error instanceof ApiError && error.problems.length > 0
          ? error.problems
          : [{ path: '', message: (error as Error).message }];
      this.problems = problemsByPath(problems, `plugins.${this.itemId}`);
    }
    this.busy = false;
  };

  #renderCommands(plugin: Plugin, { commands }: PluginDetails): TemplateResult {
    const entries = Object.entries(commands);
    if (entries.length === 0) return html``;
    return html`<section class="stack" aria-labelledby="commands"><h2 id="commands">Commands</h2>
      ${entries.map(([name, command]) => html`<command-box .hub=${this.hub} .plugin=${plugin} .name=${name} .command=${command}></command-box>`)}
    </section>`;
  }

  #renderFacts(plugin: Plugin): TemplateResult {
    const { timezone } = this.hub.settings;
    const facts: [string, unknown][] = [
      ['Id', html`<span class="mono">${plugin.id}</span>`],
      ['Version', plugin.version],
      ['Licence', plugin.license],
      [stateFace(plugin.state).label, `since ${formatTime(plugin.since, timezone)}`],
      ['Restarts', plugin.restarts],
      ['Memory', plugin.rssBytes ? formatBytes(plugin.rssBytes) : undefined],
    ];
    return html`<section class="card stack" aria-labelledby="facts"><h2 id="facts">About it</h2>
      <dl class="facts-list">${facts.filter(([, value]) => value !== undefined).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <h3>What it may do</h3>${permissionLists(plugin)}
    </section>`;
  }

  async #act(action: PluginAction): Promise<void> {
    this.busy = true;
    this.failure = '';
    try {
      await this.hub.api.act(this.itemId, action);
      this.asksConsent = false;
      this.hub.house.refresh();
    } catch (error) {
      this.failure = (error as Error).message;
    }
    this.busy = false;
  }
}

function permissionLists({ id, permissions }: Plugin): TemplateResult {
  const list = (title: string, filters: readonly string[]) =>
    html`<li>${title} ${filters.map((filter, index) => html`${index > 0 ? ', ' : ''}<code>${filter}</code>`)}</li>`;
  return html`<ul class="permissions">
    ${list('publishes', [`${id}/#`, ...permissions.publishes])} ${list('reads', [`${id}/#`, ...permissions.subscribes])}
  </ul>`;
}
