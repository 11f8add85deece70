import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icons } from './icons.ts';
import { LineDrawer } from './line-drawer.ts';
import type { FoundLines, LogSource } from './log-source.ts';
import { type LogLine, LogWindow } from './log-window.ts';
import { sizeOf } from './words.ts';

const BLOCK = 96 * 1024;
/** Lines in the page at a time. */
const LINES = 3000;
/** How near an end, in pixels, the next block is fetched. */
const NEAR = 400;
const RETRY_MS = 2000;

/** The console of a build: its newest lines as they come, or any other part of it, however long it is. */
@customElement('ci-console')
export class ConsolePart extends LitElement {
  @property({ attribute: false }) source!: LogSource;
  @property({ attribute: false }) timezone = 'UTC';
  /** Whether more is to come. */
  @property({ type: Boolean }) live = false;
  /** Address to fetch the whole of it from. */
  @property() download = '';
  @state() private isFollowing = true;
  @state() private problem = '';
  @state() private found: FoundLines | undefined;
  @state() private hit = 0;
  @state() private size = 0;
  /** Of the window, for the position in a long log. */
  @state() private top = 0;
  @query('.console-lines') private list!: HTMLElement;
  @query('.console') private frame!: HTMLElement;

  #window = new LogWindow();
  #drawer!: LineDrawer;
  #stream: AbortController | undefined;
  /** One change of the window at a time. */
  #isLoading = false;
  #isEnded = false;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stream?.abort();
  }

  protected override firstUpdated(): void {
    this.#drawer = new LineDrawer(this.list, this.timezone);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('source')) void this.#toEnd();
  }

  protected override render(): TemplateResult {
    const isLong = this.size > BLOCK * 2;
    return html`<section class="console-part" aria-label="Console">
      <div class="row console-bar">
        <form role="search" class="row console-search" @submit=${this.#search}>
          <input type="search" name="words" aria-label="Search the log" placeholder="Search the log …" autocomplete="off" @input=${this.#clearSearch} />
          ${this.found ? this.#hits(this.found) : nothing}
        </form>
        <span class="row">
          ${isLong ? this.#position() : nothing}
          ${this.live || !this.isFollowing ? this.#followButton() : nothing}
          <a class="button" href=${this.download} download>${icons.download}${this.size > 0 ? sizeOf(this.size) : 'Log'}</a>
        </span>
      </div>
      ${this.problem ? html`<p class="note warn" role="status">${icons.warning}${this.problem}</p>` : nothing}
      <div class="console" tabindex="0" role="group" aria-label="Lines of the console" @scroll=${this.#scrolled}><div class="console-lines"></div></div>
    </section>`;
  }

  #hits({ lines, more }: FoundLines): TemplateResult {
    const step = (by: number) => () => void this.#goToHit((this.hit + by + lines.length) % lines.length);
    if (lines.length === 0) return html`<span class="soft small" role="status">not found</span>`;
    return html`<span class="soft small tabular" role="status">${this.hit + 1} of ${lines.length}${more ? '+' : ''}</span>
      <button class="button quiet" type="button" aria-label="Previous find" @click=${step(-1)}>${icons.up}</button>
      <button class="button quiet" type="button" aria-label="Next find" @click=${step(1)}>${icons.down}</button>`;
  }

  #followButton(): TemplateResult {
    const label = this.isFollowing
      ? html`${icons.pause}Pause`
      : html`${icons.down}${this.live ? 'Follow' : 'To the end'}`;
    return html`<button class="button" type="button" aria-pressed=${this.isFollowing} @click=${this.#toggle}>${label}</button>`;
  }

  #position(): TemplateResult {
    const jump = (event: Event) => void this.#goTo(Number((event.currentTarget as HTMLInputElement).value));
    return html`<input class="console-position" type="range" min="0" max=${this.size} step="1024" aria-label="Position in the log"
      .value=${String(this.top)} @change=${jump} />`;
  }

  // Following --------------------------------------------------------------------------------------------------------

  /** Shows the end and stays there. */
  async #toEnd(): Promise<void> {
    await this.#load(async () => {
      const { from, size, bytes } = await this.source.readEnd(BLOCK);
      this.#show(from, bytes, size);
    });
    this.isFollowing = true;
    this.#scrollToEnd();
    this.#follow();
  }

  #follow(): void {
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    void this.#readStream(stream.signal);
  }

  async #readStream(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.isConnected) {
      try {
        for await (const bytes of this.source.follow(this.#window.to, signal)) this.#grow(bytes);
        this.#isEnded = true;
        this.#draw(this.#window.finish());
        this.problem = '';
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.problem = `${(error as Error).message}; trying again.`;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #grow(bytes: Uint8Array): void {
    this.problem = '';
    this.#draw(this.#window.append(bytes));
    this.size = Math.max(this.size, this.#window.to);
    this.#drawer.dropFirst(this.#window.keepLast(LINES));
    if (this.isFollowing) this.#scrollToEnd();
  }

  #draw(lines: readonly LogLine[]): void {
    this.#drawer.append(lines);
  }

  #scrollToEnd(): void {
    this.frame.scrollTop = this.frame.scrollHeight;
  }

  readonly #toggle = (): void => {
    if (!this.isFollowing) void this.#toEnd();
    else this.#pause();
  };

  #pause(): void {
    this.isFollowing = false;
    this.#stream?.abort();
  }

  // Moving -----------------------------------------------------------------------------------------------------------

  readonly #scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.frame;
    const below = scrollHeight - scrollTop - clientHeight;
    // Whoever scrolls up wants to read: the lines shall not run away under his eyes.
    if (this.isFollowing && below > 60 && this.#window.lines.length > 0) this.#pause();
    this.top = this.#window.from;
    if (scrollTop < NEAR && this.#window.from > 0) void this.#load(() => this.#earlier());
    else if (below < NEAR && !this.isFollowing) void this.#load(() => this.#later());
  };

  async #earlier(): Promise<void> {
    const to = this.#window.from;
    const { bytes } = await this.source.read(Math.max(0, to - BLOCK), to);
    const before = this.frame.scrollHeight;
    this.#drawer.prepend(this.#window.prepend(bytes));
    // Browsers that anchor the scroll position do this by themselves, but not at the very top.
    this.frame.scrollTop += this.frame.scrollHeight - before;
    this.#drawer.dropLast(this.#window.keepFirst(LINES));
  }

  async #later(): Promise<void> {
    const { to } = this.#window;
    if (to >= this.size && (this.#isEnded || !this.live)) return;
    const { bytes, size } = await this.source.read(to, to + BLOCK);
    this.size = size;
    if (bytes.length === 0) return;
    this.#draw(this.#window.append(bytes));
    if (this.#window.to >= size && !this.live) this.#draw(this.#window.finish());
    const { scrollHeight } = this.frame;
    this.#drawer.dropFirst(this.#window.keepLast(LINES));
    this.frame.scrollTop -= scrollHeight - this.frame.scrollHeight;
  }

  /** Shows what is at a byte of the log. */
  async #goTo(offset: number): Promise<void> {
    this.#pause();
    await this.#load(async () => {
      const from = Math.max(0, offset - BLOCK / 4);
      const { bytes, size } = await this.source.read(from, from + BLOCK);
      this.#show(from, bytes, size);
      this.#drawer.reveal(offset);
    });
  }

  /** @param from where `bytes` begin, in the middle of a line perhaps, which is then left out */
  #show(from: number, bytes: Uint8Array, size: number): void {
    const start = from === 0 ? 0 : bytes.indexOf(0x0a) + 1;
    this.#window = new LogWindow(from + start);
    this.#isEnded = false;
    this.#drawer.clear();
    this.#draw(this.#window.append(bytes.subarray(start)));
    this.size = size;
    this.top = this.#window.from;
  }

  async #load(work: () => Promise<void>): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      await work();
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    } finally {
      this.#isLoading = false;
    }
  }

  // Searching --------------------------------------------------------------------------------------------------------

  readonly #search = (event: SubmitEvent): void => {
    event.preventDefault();
    const words = String(new FormData(event.currentTarget as HTMLFormElement).get('words')).trim();
    if (words === '') return;
    if (this.found) void this.#goToHit((this.hit + 1) % Math.max(1, this.found.lines.length));
    else
      void this.#load(async () => {
        this.found = await this.source.search(words);
      }).then(() => this.#goToHit(0));
  };

  readonly #clearSearch = (): void => {
    this.found = undefined;
    this.#drawer.mark(undefined);
  };

  async #goToHit(index: number): Promise<void> {
    const line = this.found?.lines[index];
    if (!line) return;
    this.hit = index;
    this.#pause();
    if (!this.#drawer.has(line.offset)) await this.#goTo(line.offset);
    this.#drawer.mark(line.offset);
  }
}
