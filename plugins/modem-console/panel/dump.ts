import type { PanelApi } from 'cupboard/sdk/panel';
import { html, type TemplateResult } from 'lit';

/** As `<id>/progress/dump_<console>` says it. */
export interface Progress {
  readonly time: number;
  readonly done: number;
  readonly total: number;
  readonly message?: string;
  /** Epoch ms. */
  readonly eta?: number;
}

/** The form that starts a dump, and how it goes. */
export class DumpCard {
  progress: Progress | undefined;
  #address = '0x80004000';
  #length = '64k';
  #file = 'memory.bin';
  #isRunning = false;
  #outcome: { readonly ok: boolean; readonly text: string } | undefined;

  constructor(
    private readonly api: PanelApi,
    private readonly console: () => string,
    private readonly draw: () => void,
  ) {}

  render(): TemplateResult {
    return html`<form class="card stack" @submit=${(event: Event) => {
      event.preventDefault();
      void this.#start();
    }}>
      <div class="fields">
        ${this.#field('From address', this.#address, (value) => {
          this.#address = value;
        })}
        ${this.#field('Length', this.#length, (value) => {
          this.#length = value;
        })}
        ${this.#field('File, below the plugin’s folder', this.#file, (value) => {
          this.#file = value;
        })}
      </div>
      <p class="small soft">The bootloader shows a word at a time, about 450 bytes a second: 64 KiB take two and a half minutes.
        A dump that was stopped goes on where it was when it is started again with the same file.</p>
      ${this.#renderProgress()}
      ${this.#outcome ? html`<p class="note ${this.#outcome.ok ? 'good' : 'bad'} wrap" role="status">${this.#outcome.text}</p>` : ''}
      <div class="row">
        <button class="button primary" type="submit" ?disabled=${this.#isRunning}>Dump memory</button>
        ${this.#isRunning ? html`<button class="button" type="button" @click=${() => void this.api.command('stop_dump', { console: this.console() })}>Stop</button>` : ''}
      </div>
    </form>`;
  }

  #renderProgress(): TemplateResult | '' {
    const { progress } = this;
    if (!progress || (!this.#isRunning && progress.done >= progress.total)) return '';
    const { done, total, eta, message } = progress;
    const left = eta === undefined ? '' : `, ${duration(eta - progress.time)} left`;
    return html`<div class="stack tight">
      <progress max=${total} .value=${done} aria-label="Dump"></progress>
      <p class="small">${done.toLocaleString('en')} of ${total.toLocaleString('en')} bytes${left}${message ? ` · ${message}` : ''}</p>
    </div>`;
  }

  #field(label: string, value: string, onInput: (value: string) => void): TemplateResult {
    return html`<label class="field"><span>${label}</span>
      <input required .value=${value} spellcheck="false" autocomplete="off"
        @input=${(event: InputEvent) => onInput((event.target as HTMLInputElement).value)} /></label>`;
  }

  async #start(): Promise<void> {
    this.#isRunning = true;
    this.#outcome = undefined;
    this.draw();
    const args = {
      console: this.console(),
      address: this.#address,
      length: this.#length,
      file: this.#file,
      wait: true,
    };
    try {
      const answer = await this.api.command('dump', args);
      this.#outcome = answer.ok
        ? {
            ok: true,
            text: `Done: ${answer['file']}, SHA-256 ${answer['sha256']}, ${answer['retries']} answers asked for again.`,
          }
        : { ok: false, text: String(answer['error']) };
    } catch (error) {
      this.#outcome = { ok: false, text: String(error) };
    }
    this.#isRunning = false;
    this.draw();
  }
}

/** `2 h 5 min`, `3 min`, `20 s` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
