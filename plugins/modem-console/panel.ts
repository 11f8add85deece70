import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, render, type TemplateResult } from 'lit';
import { bootDetails, type KnownBoot, timeline } from './panel/boots.ts';
import { DumpCard, type Progress } from './panel/dump.ts';
import { flashMap } from './panel/flash-map.ts';
import { LiveTerminal } from './panel/live-terminal.ts';
import { DiffCard, SearchCard } from './panel/past.ts';
import { type Adapter, freePorts, usePort } from './panel/ports.ts';
import { styles } from './panel/style.ts';

/** As `<id>/<console>` says it. */
interface ConsoleState {
  readonly state: string;
  readonly phase?: string;
  readonly boots_today?: number;
  readonly simulated?: boolean;
}

const MOST_BOOTS = 200;
const NOT_CONSOLES = ['status', 'ports'];

let lastShown = '';

/** The consoles: one live, its boots and what they said, the memory, the past. */
class ModemPanel {
  readonly #ends: (() => void)[] = [];
  readonly #consoles = new Map<string, ConsoleState>();
  readonly #dump: DumpCard;
  readonly #search: SearchCard;
  readonly #diff: DiffCard;
  #terminal: LiveTerminal | undefined;
  #boots: readonly KnownBoot[] = [];
  #boot: number | undefined;
  #ports: readonly Adapter[] = [];
  #portProblem = '';
  #acting = '';
  #isDrawing = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly api: PanelApi,
  ) {
    const draw = () => this.#draw();
    this.#dump = new DumpCard(api, () => this.#terminal?.console ?? '', draw);
    this.#search = new SearchCard(api, this.#at, draw);
    this.#diff = new DiffCard(api, this.#at, draw);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...styles];
    const { plugin } = api;
    this.#ends.push(
      api.subscribe(`${plugin}/+`, (topic, payload) => this.#take(topic.slice(plugin.length + 1), payload)),
      api.subscribe(`${plugin}/+/boot`, () => void this.#loadBoots()),
      api.subscribe(`${plugin}/progress/+`, (topic, payload) => {
        if (topic.endsWith(`/dump_${this.#terminal?.console}`)) this.#dump.progress = JSON.parse(payload) as Progress;
        draw();
      }),
    );
    draw();
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#terminal?.close();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !styles.includes(sheet));
    render(html``, this.element);
  }

  readonly #at = (time: number): string =>
    new Date(time).toLocaleString(undefined, {
      timeZone: this.api.hub.timezone,
      dateStyle: 'medium',
      timeStyle: 'medium',
      hourCycle: 'h23',
    });

  #take(name: string, payload: string): void {
    if (name === 'ports') this.#ports = payload === '' ? [] : (JSON.parse(payload) as { ports: Adapter[] }).ports;
    if (!NOT_CONSOLES.includes(name)) {
      if (payload === '') this.#consoles.delete(name);
      else this.#consoles.set(name, JSON.parse(payload) as ConsoleState);
    }
    this.#draw();
  }

  /** The one shown last, also before a change of theme, else the first by name. */
  #firstConsole(): string {
    return this.#consoles.has(lastShown) ? lastShown : ([...this.#consoles.keys()].sort()[0] ?? '');
  }

  #show(console: string): void {
    if (console === '' || this.#terminal?.console === console) return;
    lastShown = console;
    this.#terminal?.close();
    const terminal = new LiveTerminal(this.api, console, () => this.#draw());
    this.#terminal = terminal;
    this.#boot = undefined;
    this.#boots = [];
    this.#dump.progress = undefined;
    this.#draw();
    // Drawn by then: the emulator measures its font in the page.
    requestAnimationFrame(() => requestAnimationFrame(() => this.#terminal === terminal && terminal.open()));
    void this.#loadBoots();
  }

  async #loadBoots(): Promise<void> {
    const console = this.#terminal?.console;
    if (console === undefined) return;
    const answer = await this.api.command('boots', { console, limit: MOST_BOOTS }).catch(() => undefined);
    if (answer?.ok && this.#terminal?.console === console)
      this.#boots = answer['boots'] as unknown as readonly KnownBoot[];
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      // Not before: the retained topics come in a burst, in any order.
      if (!this.#terminal) this.#show(this.#firstConsole());
      render(this.#render(), this.element);
    });
  }

  #render(): TemplateResult {
    const { api } = this;
    const isLinux = this.#boots[0]?.boot.role === 'linux';
    return html`<div class="modem-panel stack loose">
      ${this.#consoles.size === 0 ? html`<p class="note">No console is configured yet. Plug an adapter in and choose it below.</p>` : this.#renderLive()}
      ${this.#terminal ? this.#renderBoots() : ''}
      ${this.#terminal && api.admin && !isLinux ? html`<section class="stack"><h2>Memory</h2>${this.#dump.render()}</section>` : ''}
      <section class="stack"><h2>Search</h2>${this.#search.render()}</section>
      <section class="stack"><h2>Compare two boots</h2>${this.#diff.render(this.#boots)}</section>
      <section class="stack"><h2>Free adapters</h2>${freePorts(this.#ports, api, this.#portProblem, (adapter) => void this.#use(adapter))}</section>
    </div>`;
  }

  #renderLive(): TemplateResult {
    const shown = this.#terminal?.console ?? '';
    const state = this.#consoles.get(shown);
    return html`<section class="card stack">
      <div class="row apart">
        <div class="choice" role="group" aria-label="Console">${[...this.#consoles.keys()]
          .sort()
          .map(
            (name) =>
              html`<button type="button" aria-pressed=${name === shown} @click=${() => this.#show(name)}>${name}</button>`,
          )}</div>
        <div class="row">
          ${state?.simulated ? html`<span class="chip info">simulated</span>` : ''}
          ${state ? html`<span class="chip ${state.state === 'open' ? 'good' : 'warn'}">port ${state.state}</span>` : ''}
          ${state?.phase ? html`<span class="chip">${state.phase}</span>` : ''}
        </div>
      </div>
      ${this.#terminal?.render() ?? ''}
      <div class="row">
        ${
          this.api.admin && this.#boots[0]?.boot.role !== 'linux'
            ? html`<button class="button" @click=${() => void this.#act('enter_menu', 'Waiting for the next boot: switch the modem off and on.')}>Enter the boot menu</button>
                <button class="button" @click=${() => void this.#act('partition_map', 'Asking for the map …')}>Partition map</button>`
            : ''
        }
        ${
          this.api.admin && state?.simulated
            ? html`<button class="button" @click=${() => void this.#simulate()}>Switch the simulated modem off and on</button>`
            : ''
        }
        <a class="button quiet" href="/plugins/${this.api.plugin}/record/${shown}.txt?times=1" download>All as text</a>
        <a class="button quiet" href="/plugins/${this.api.plugin}/record/${shown}.raw" download>All raw</a>
      </div>
      ${this.#acting === '' ? '' : html`<p class="note" role="status">${this.#acting}</p>`}
    </section>`;
  }

  #renderBoots(): TemplateResult {
    const boots = this.#boots;
    const selected = boots.find(({ id }) => id === this.#boot) ?? boots[0];
    if (!selected)
      return html`<section class="stack"><h2>Boots</h2><p class="note">No boot was seen yet: switch the modem off and on.</p></section>`;
    const { images, flash_bytes } = selected.boot;
    // The map is printed only when the menu is asked for it: the newest one known holds for the others too.
    const partitions = [selected, ...boots].find(({ boot }) => boot.partitions.length > 0)?.boot.partitions ?? [];
    const flash = partitions.length > 0 && images.length > 0 ? flashMap(partitions, images, flash_bytes) : '';
    const onSelect = (id: number) => {
      this.#boot = id;
      this.#draw();
    };
    return html`<section class="stack"><h2>Boots</h2>
      ${timeline(boots, selected.id, this.#at, onSelect)} ${bootDetails(selected, this.api, this.#at, flash)}
    </section>`;
  }

  async #act(command: string, meanwhile: string): Promise<void> {
    const console = this.#terminal?.console ?? '';
    this.#acting = meanwhile;
    this.#draw();
    const answer = await this.api
      .command(command, { console, wait: true })
      .catch((error: unknown) => ({ ok: false, error: String(error) }));
    this.#acting = answer.ok ? '' : String(answer['error']);
    this.#draw();
  }

  /** Without a word of its own: a command may be waiting for this very boot. */
  async #simulate(): Promise<void> {
    await this.api.command('simulate', { action: 'power_cycle' }).catch(() => undefined);
  }

  async #use(adapter: Adapter): Promise<void> {
    try {
      await usePort(this.api, adapter);
      this.#portProblem = '';
    } catch (error) {
      this.#portProblem = `The settings could not be written: ${(error as Error).message}`;
    }
    this.#draw();
  }
}

const mount: MountPanel = (element, api) => {
  const panel = new ModemPanel(element, api);
  return () => panel.close();
};
export default mount;
