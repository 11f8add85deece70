import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { Plugin } from '../hub/api.ts';
import { pluginPath } from '../shell/routes.ts';
import { formatBytes, formatCount } from '../ui/format.ts';
import { emptyBox, loadingBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';
import { stateChip, stateFace } from '../ui/states.ts';

/** Those that need somebody first, then those at work, then the rest. */
const RANK = (plugin: Plugin): number => {
  if (stateFace(plugin.state).mood === 'bad') return 0;
  if (plugin.state === 'unconfigured' || plugin.state === 'disabled' || plugin.state === 'stopped') return 2;
  return 1;
};

@customElement('plugins-page')
export class PluginsPage extends PageElement {
  override connectedCallback(): void {
    super.connectedCallback();
    this.hub.house.beat.attach(this);
  }

  protected override render(): TemplateResult {
    const { plugins } = this.hub.house;
    return html`<div class="stack loose">
      <header class="stack tight">
        <h1 tabindex="-1">Plugins</h1>
        <p class="soft">Each runs in a process of its own; what one does cannot hurt the others.</p>
      </header>
      ${plugins ? this.#renderGroups(plugins) : loadingBox()}
      <section class="card stack tight" aria-labelledby="own-plugin">
        <h2 id="own-plugin">Bring your own</h2>
        <p class="soft">A folder in the hub's <code>plugins</code> directory is found, checked and started without a restart. This makes a first one:</p>
        <code class="command">npx cupboard plugins new my-plugin</code>
      </section>
    </div>`;
  }

  #renderGroups(plugins: readonly Plugin[]): TemplateResult {
    if (plugins.length === 0)
      return emptyBox('plugins', 'No plugins yet', 'The hub came without any, and none was dropped in.');
    const group = (rank: number, title: string) => {
      const members = plugins.filter((plugin) => RANK(plugin) === rank).sort((a, b) => a.name.localeCompare(b.name));
      if (members.length === 0) return nothing;
      return html`<section class="stack" aria-label=${title}>
        <h2>${title}</h2>
        <ul class="grid plain wide">${members.map((plugin) => this.#renderPlugin(plugin))}</ul>
      </section>`;
    };
    return html`${group(0, 'Needs you')} ${group(1, 'On the shelves')} ${group(2, 'In the box')}`;
  }

  #renderPlugin(plugin: Plugin): TemplateResult {
    const advice = plugin.advice ?? stateFace(plugin.state).advice;
    return html`<li class="card plugin-card">
      <div class="row apart top"><h3><a class="stretched" href=${pluginPath(plugin.id)}>${plugin.name}</a></h3>${stateChip(plugin.state)}</div>
      ${plugin.description ? html`<p class="small">${plugin.description}</p>` : nothing}
      ${plugin.reason ? html`<p class="small wrap"><b>${plugin.reason}</b></p>` : nothing}
      ${advice ? html`<p class="small soft wrap">${advice}</p>` : nothing}
      <p class="small soft facts">
        <span class="mono">${plugin.id}</span>${plugin.version ? html`<span>${plugin.version}</span>` : nothing}
        ${plugin.rssBytes ? html`<span>${formatBytes(plugin.rssBytes)}</span>` : nothing}
        ${plugin.restarts > 0 ? html`<span>${formatCount(plugin.restarts, 'restart')}</span>` : nothing}
      </p>
    </li>`;
  }
}
