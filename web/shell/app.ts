import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { Hub } from '../hub/hub.ts';
import { type IconName, icons } from '../ui/icons.ts';
import { LightElement } from '../ui/light-element.ts';
import { emptyBox, loadingBox } from '../ui/notices.ts';
import { navigate, onMove } from './navigation.ts';
import { PAGES } from './pages.ts';
import { type Place, panelPath, placeOf, type RouteName } from './routes.ts';
import { applyTheme, nextTheme, type ThemeChoice, themeChoice } from './theme.ts';

/** Open to everyone; all other pages lead here first. */
const PUBLIC: ReadonlySet<RouteName> = new Set(['login', 'setup']);

/** What is typed here, passwords too, can be read on the way between two machines. */
const isExposed = () =>
  location.protocol === 'http:' && !/^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(location.hostname);
const EXPOSED = html`<div class="banner" role="status">
  <span>This connection is not encrypted: others in the network can read along. <code>cupboard tls init</code> mends it.</span>
</div>`;

const MAIN_ENTRIES: readonly { path: string; route: RouteName; icon: IconName }[] = [
  { path: '/plugins', route: 'plugins', icon: 'plugins' },
  { path: '/topics', route: 'topics', icon: 'topics' },
  { path: '/history', route: 'history', icon: 'history' },
  { path: '/events', route: 'events', icon: 'events' },
  { path: '/logs', route: 'logs', icon: 'logs' },
];

/** Where the browser keeps which panel was opened last. */
const LAST_PANEL = 'cupboard-panel';

const THEME_NAMES: Readonly<Record<ThemeChoice, string>> = { system: 'as the system', light: 'light', dark: 'dark' };

/** The frame around every page: navigation, connection, theme, login. */
@customElement('cupboard-app')
export class CupboardApp extends LightElement {
  readonly hub = new Hub();
  @state() private place: Place | undefined = placeOf(location.pathname);
  /** Routes whose code is here. Imports may end in another order than they began. */
  readonly #loaded = new Set<RouteName>();
  @state() private failed = false;
  @state() private theme = themeChoice();
  @query('dialog') private menu!: HTMLDialogElement | null;
  #stop: (() => void) | undefined;
  #watchesHouse = false;

  constructor() {
    super();
    this.hub.beat.attach(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = onMove(() => this.#move());
    void this.hub.open();
    void this.#loadPage();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  protected override willUpdate(): void {
    if (this.hub.phase === 'ready' && !this.#watchesHouse) {
      this.hub.house.beat.attach(this);
      this.#watchesHouse = true;
    }
    if (this.hub.phase === 'signed-out') this.#watchesHouse = false;
    this.#redirect();
    document.title = this.#title();
  }

  protected override render(): TemplateResult {
    if (this.hub.phase === 'loading') return html`<main class="alone">${loadingBox()}</main>`;
    if (this.hub.phase === 'unreachable') return this.#renderUnreachable();
    if (this.hub.phase === 'signed-out' || this.#isPublic())
      return html`<main class="alone" id="main">${this.#renderPage()}</main>`;
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>Skip to the page</a>
      ${this.#renderRail()} ${this.#renderTopBar()}
      <div class="content">
        ${this.#renderBanner()}
        <main id="main" tabindex="-1">${this.#renderPage()}</main>
      </div>
      ${this.#renderTabs()} ${this.#renderMenu()}
    `;
  }

  #renderUnreachable(): TemplateResult {
    const again = html`<button class="button primary" @click=${() => this.hub.open()}>Try again</button>`;
    const advice = html`Start it with <code>npx cupboard start</code>, or see <code>journalctl -u cupboard</code> when it runs as a service.`;
    return html`<main class="alone">${emptyBox('cupboard', 'The hub does not answer', advice, again)}</main>`;
  }

  #renderPage(): TemplateResult {
    const { place } = this;
    if (!place) {
      return emptyBox(
        'cupboard',
        'Nothing on this shelf',
        'There is no page at this address.',
        html`<a class="button" href="/">To the overview</a>`,
      );
    }
    if (this.failed) {
      const reload = html`<button class="button" @click=${() => location.reload()}>Reload</button>`;
      return emptyBox('cupboard', 'This page could not be loaded', 'The hub may have been upgraded meanwhile.', reload);
    }
    if (!this.#loaded.has(place.route)) return loadingBox();
    return PAGES[place.route].draw(this.hub, place.id ?? '');
  }

  #renderRail(): TemplateResult {
    return html`<aside class="rail">
      <a class="brand" href="/"><span class="brand-mark">${icons.cupboard}</span><span class="brand-name">${this.hub.settings.name}</span></a>
      <nav aria-label="Main">${this.#renderEntries()}</nav>
      <div class="rail-foot">${this.#renderConnection()} ${this.#renderAccount()}</div>
    </aside>`;
  }

  #renderEntries(): TemplateResult {
    const panels = this.#panels();
    return html`<ul>
      <li>${this.#entry('/', 'Overview', 'overview')}</li>
      ${panels.map(({ id, name }) => html`<li>${this.#entry(panelPath(id), name, 'panel')}</li>`)}
      ${MAIN_ENTRIES.map(({ path, route, icon }, index) => html`<li class=${index === 0 ? 'apart' : ''}>${this.#entry(path, PAGES[route].title, icon)}</li>`)}
      <li class="apart">${this.#entry('/settings', 'Settings', 'settings')}</li>
    </ul>`;
  }

  #entry(path: string, label: string, icon: IconName): TemplateResult {
    const here = location.pathname === path || (path === '/plugins' && this.place?.route === 'plugin');
    return html`<a href=${path} aria-current=${here ? 'page' : nothing} @click=${() => this.menu?.close()}>${icons[icon]}<span>${label}</span></a>`;
  }

  #renderConnection(): TemplateResult {
    const { connection } = this.hub;
    const label = connection === 'online' ? 'Live' : 'Reconnecting';
    return html`<span class="connection ${connection}"><span class="dot"></span>${label}</span>`;
  }

  #renderAccount(): TemplateResult {
    const { user, role } = this.hub.session;
    return html`<div class="account">
      <span class="account-name">${user}${role === 'viewer' ? html` <span class="soft">(viewer)</span>` : nothing}</span>
      ${this.#renderThemeButton()}
      <button class="icon-button" title="Sign out" aria-label="Sign out" @click=${() => this.hub.signOut()}>${icons.signOut}</button>
    </div>`;
  }

  #renderThemeButton(): TemplateResult {
    const label = `Theme: ${THEME_NAMES[this.theme]}. Change`;
    const change = () => {
      this.theme = nextTheme(this.theme);
      applyTheme(this.theme);
    };
    return html`<button class="icon-button" title=${label} aria-label=${label} @click=${change}>${icons[this.theme]}</button>`;
  }

  #renderTopBar(): TemplateResult {
    return html`<header class="top-bar">
      <a class="brand" href="/"><span class="brand-mark">${icons.cupboard}</span><span class="brand-name">${this.hub.settings.name}</span></a>
      ${this.#renderConnection()}
    </header>`;
  }

  /** What a thumb reaches on a phone: the overview, the panel opened last, plugins, history, and the rest. */
  #renderTabs(): TemplateResult {
    const panels = this.#panels();
    const panel = panels.find(({ id }) => id === localStorage.getItem(LAST_PANEL)) ?? panels[0];
    return html`<nav class="tabs" aria-label="Quick">
      ${this.#entry('/', 'Overview', 'overview')}
      ${panel ? this.#entry(panelPath(panel.id), panel.name, 'panel') : this.#entry('/topics', 'Topics', 'topics')}
      ${this.#entry('/plugins', 'Plugins', 'plugins')} ${this.#entry('/history', 'History', 'history')}
      <button aria-haspopup="dialog" @click=${() => this.menu?.showModal()}>${icons.more}<span>More</span></button>
    </nav>`;
  }

  #renderMenu(): TemplateResult {
    return html`<dialog class="menu" aria-label="Menu">
      <button class="icon-button close" aria-label="Close" @click=${() => this.menu?.close()}>${icons.close}</button>
      <nav aria-label="All pages">${this.#renderEntries()}</nav>
      ${this.#renderAccount()}
    </dialog>`;
  }

  #renderBanner(): TemplateResult | typeof nothing {
    if (this.hub.connection !== 'offline') return isExposed() ? EXPOSED : nothing;
    return html`<div class="banner" role="status"><span class="spinner"></span>
      <span>The connection to the hub is lost; what you see may be old. Reconnecting …</span></div>`;
  }

  #panels(): readonly { id: string; name: string }[] {
    return (this.hub.house.plugins ?? []).filter(
      (plugin) => plugin.panel && plugin.state !== 'unconfigured' && plugin.state !== 'disabled',
    );
  }

  #isPublic(): boolean {
    return this.place !== undefined && PUBLIC.has(this.place.route);
  }

  #redirect(): void {
    if (this.hub.phase === 'signed-out' && !this.#isPublic()) {
      const next = location.pathname + location.search;
      navigate(next === '/' ? '/login' : `/login?${new URLSearchParams({ next })}`, { replace: true });
    }
  }

  #title(): string {
    const name = this.hub.phase === 'ready' ? this.hub.settings.name : 'Cupboard';
    const id = this.place?.id;
    const plugin = id && this.hub.phase === 'ready' ? this.hub.house.plugin(id)?.name : undefined;
    return `${plugin ?? id ?? (this.place ? PAGES[this.place.route].title : 'Not found')} · ${name}`;
  }

  readonly #skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector<HTMLElement>('#main')?.focus();
  };

  #move(): void {
    const before = this.place;
    this.place = placeOf(location.pathname);
    this.requestUpdate();
    if (before?.route === this.place?.route && before?.id === this.place?.id) return;
    void this.#loadPage().then(() => {
      scrollTo(0, 0);
      this.querySelector('h1')?.focus();
    });
  }

  async #loadPage(): Promise<void> {
    const { route, id } = this.place ?? {};
    if (!route) return;
    if (route === 'panel' && id) localStorage.setItem(LAST_PANEL, id);
    try {
      await PAGES[route].load();
      this.#loaded.add(route);
      this.failed = false;
    } catch (error) {
      console.error(error);
      this.failed = true;
    }
    this.requestUpdate();
    await this.updateComplete;
  }
}
