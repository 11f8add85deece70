import type { CommandResult, JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement, nothing, type TemplateResult } from 'lit';

/** One card of the page: it subscribes to what it shows, and asks commands one at a time. */
export abstract class Part extends LitElement {
  static override properties = { api: { attribute: false } };
  api!: PanelApi;
  /** What a command is doing right now; buttons rest meanwhile. */
  protected busy: string | undefined;
  protected answer: CommandResult | undefined;
  protected readonly ends: (() => void)[] = [];

  /** In the page itself, so that its style sheet applies. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.ends.splice(0)) end();
  }

  /** Hears a JSON topic below the plugin's own while the card is on the page; `undefined` once it is cleared. */
  protected hear<T>(topic: string, take: (payload: T | undefined) => void): void {
    const end = this.api.subscribe(`${this.api.plugin}/${topic}`, (_topic, payload) => {
      take(payload === '' ? undefined : (JSON.parse(payload) as T));
      this.requestUpdate();
    });
    this.ends.push(end);
  }

  /** Sends a command and keeps its answer for `result`. */
  protected async ask(doing: string, command: string, args: JsonObject = {}): Promise<CommandResult> {
    this.busy = doing;
    this.answer = undefined;
    this.requestUpdate();
    try {
      this.answer = await this.api.command(command, args);
    } catch (error) {
      this.answer = { ok: false, error: String(error) };
    }
    this.busy = undefined;
    this.requestUpdate();
    return this.answer;
  }

  /** What is going on, or what came of it. @param told how to tell a good answer */
  protected result(told: (answer: CommandResult) => unknown): TemplateResult | typeof nothing {
    if (this.busy !== undefined)
      return html`<p class="row" role="status"><span class="spinner"></span>${this.busy} …</p>`;
    const { answer } = this;
    if (answer === undefined) return nothing;
    if (answer.ok) return html`<div class="note good" role="status"><p>${told(answer)}</p></div>`;
    return html`<div class="note bad" role="alert"><p><b>${answer['error']}</b> ${answer['advice'] ?? nothing}</p></div>`;
  }

  /** Date and time on the wall of the house. */
  protected at(time: number): string {
    return new Date(time).toLocaleString(undefined, { timeZone: this.api.hub.timezone, hourCycle: 'h23' });
  }
}

/** The text of a form's field. */
export const fieldOf = (event: Event, name: string): string =>
  String(new FormData(event.currentTarget as HTMLFormElement).get(name) ?? '').trim();
