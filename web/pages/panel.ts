import { html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import '../chart.ts';
import type { MountPanel } from 'cupboard/sdk/panel';
import type { Plugin } from '../hub/api.ts';
import { panelApi } from '../panels/api.ts';
import { hostFrame } from '../panels/frame-host.ts';
import { panelRights } from '../panels/rights.ts';
import { pluginPath } from '../shell/routes.ts';
import { onThemeChange } from '../shell/theme.ts';
import { loadingBox, noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';
import { isAlive, stateChip, stateFace } from '../ui/states.ts';

/** The page a plugin brings: inside ours when it came with the hub, in a sandboxed frame when not. */
@customElement('panel-page')
export class PanelPage extends PageElement {
  @state() private failure = '';
  @query('.panel-root') private root!: HTMLElement | null;
  #mounted = '';
  #unmount: (() => void) | undefined;
  #stopTheme: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.hub.house.beat.attach(this);
    this.#stopTheme = onThemeChange(() => this.#mountAgain());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopTheme?.();
    this.#end();
  }

  protected override render(): TemplateResult {
    const plugin = this.hub.house.plugin(this.itemId);
    if (!plugin) return this.hub.house.plugins ? noteBox('bad', `There is no plugin ${this.itemId}.`) : loadingBox();
    return html`<div class="stack">
      <header class="row apart">
        <h1 tabindex="-1">${plugin.name}</h1>
        <div class="row">${stateChip(plugin.state)}<a class="button quiet" href=${pluginPath(plugin.id)}>Settings</a></div>
      </header>
      ${this.#renderState(plugin)} ${this.failure ? noteBox('bad', this.failure) : ''}
      <div class="panel-root"></div>
    </div>`;
  }

  #renderState(plugin: Plugin): unknown {
    if (isAlive(plugin.state) && !plugin.reason) return '';
    const { mood, advice } = stateFace(plugin.state);
    return noteBox(
      mood || 'info',
      html`<b>${plugin.reason ?? stateFace(plugin.state).label}</b><br />${plugin.advice ?? advice}`,
    );
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('itemId')) this.#end();
    const plugin = this.hub.house.plugin(this.itemId);
    if (!plugin?.panel || !this.root || this.#mounted === plugin.id) return;
    this.#mounted = plugin.id;
    if (plugin.panel === 'frame') this.#mountFrame(this.root, plugin);
    else void this.#mountModule(this.root, plugin);
  }

  async #mountModule(root: HTMLElement, { id, version }: Plugin): Promise<void> {
    this.failure = '';
    const element = document.createElement('div');
    root.replaceChildren(element);
    try {
      const path = `/plugins/${encodeURIComponent(id)}/panel.js?${new URLSearchParams({ version: version ?? '' })}`;
      const { default: mount } = (await import(/* @vite-ignore */ path)) as { default: MountPanel };
      if (this.#mounted === id && element.isConnected) this.#unmount = mount(element, panelApi(this.hub, id));
    } catch (error) {
      this.failure = `This panel could not be loaded: ${(error as Error).message}`;
    }
  }

  #mountFrame(root: HTMLElement, plugin: Plugin): void {
    const frame = document.createElement('iframe');
    frame.className = 'panel-frame';
    frame.title = plugin.name;
    frame.sandbox.add('allow-scripts', 'allow-forms');
    frame.src = `/plugins/${encodeURIComponent(plugin.id)}/frame`;
    this.#unmount = hostFrame(frame, panelApi(this.hub, plugin.id), panelRights(plugin.id, plugin.permissions));
    root.replaceChildren(frame);
  }

  /** A panel reads the theme once; a frame is told by message. */
  #mountAgain(): void {
    if (this.hub.house.plugin(this.itemId)?.panel !== 'page') return;
    this.#end();
    this.requestUpdate();
  }

  #end(): void {
    this.#unmount?.();
    this.#unmount = undefined;
    this.#mounted = '';
    this.root?.replaceChildren();
  }
}
