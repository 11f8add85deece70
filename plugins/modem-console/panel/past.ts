import type { PanelApi } from 'cupboard/sdk/panel';
import { html, type TemplateResult } from 'lit';
import type { KnownBoot } from './boots.ts';

interface FoundLine {
  readonly console: string;
  readonly time: number;
  readonly text: string;
}

interface Difference {
  readonly changed: readonly { readonly field: string; readonly a: unknown; readonly b: unknown }[];
  readonly only_a: readonly string[];
  readonly only_b: readonly string[];
  readonly left_out: number;
}

/** Search over everything that was recorded. */
export class SearchCard {
  #text = '';
  #asked = '';
  #lines: readonly FoundLine[] | undefined;
  #problem = '';

  constructor(
    private readonly api: PanelApi,
    private readonly at: (time: number) => string,
    private readonly draw: () => void,
  ) {}

  render(): TemplateResult {
    return html`<form class="row" role="search" aria-label="All recordings" @submit=${(event: Event) => {
      event.preventDefault();
      void this.#search();
    }}>
        <input class="grow" type="search" required placeholder='Words, "a phrase", or begin* of a word' aria-label="Search the recordings"
          .value=${this.#text} @input=${(event: InputEvent) => {
            this.#text = (event.target as HTMLInputElement).value;
          }} />
        <button class="button primary" type="submit">Search</button>
      </form>
      ${this.#problem === '' ? '' : html`<p class="note warn">${this.#problem}</p>`}
      ${this.#lines ? this.#renderLines(this.#lines) : ''}`;
  }

  #renderLines(lines: readonly FoundLine[]): TemplateResult {
    if (lines.length === 0) return html`<p class="note" role="status">No line says “${this.#asked}”.</p>`;
    return html`<div class="table-frame tall" tabindex="0"><table class="table">
      <thead><tr><th scope="col">Time</th><th scope="col">Console</th><th scope="col">Line</th></tr></thead>
      <tbody>${lines.map(
        ({ time, console, text }) =>
          html`<tr><td class="nowrap">${this.at(time)}</td><td>${console}</td><td class="wrap"><code>${text}</code></td></tr>`,
      )}</tbody></table></div>`;
  }

  async #search(): Promise<void> {
    this.#asked = this.#text;
    try {
      const answer = await this.api.command('search', { text: this.#text });
      this.#problem = answer.ok ? '' : String(answer['error']);
      this.#lines = answer.ok ? (answer['lines'] as unknown as readonly FoundLine[]) : undefined;
    } catch (error) {
      this.#problem = String(error);
    }
    this.draw();
  }
}

/** What changed between two boots. */
export class DiffCard {
  #a: number | undefined;
  #b: number | undefined;
  #difference: Difference | undefined;
  #problem = '';

  constructor(
    private readonly api: PanelApi,
    private readonly at: (time: number) => string,
    private readonly draw: () => void,
  ) {}

  /** @param boots of one console, newest first */
  render(boots: readonly KnownBoot[]): TemplateResult {
    const b = this.#b ?? boots[0]?.id;
    const a = this.#a ?? boots[1]?.id;
    if (a === undefined || b === undefined) return html`<p class="note">Two boots are needed to compare them.</p>`;
    return html`<form class="row end" @submit=${(event: Event) => {
      event.preventDefault();
      void this.#compare(a, b);
    }}>
        ${this.#choose('Earlier', boots, a, (id) => {
          this.#a = id;
        })}
        ${this.#choose('Later', boots, b, (id) => {
          this.#b = id;
        })}
        <button class="button primary" type="submit">Compare</button>
      </form>
      ${this.#problem === '' ? '' : html`<p class="note warn">${this.#problem}</p>`}
      ${this.#difference ? differenceView(this.#difference) : ''}`;
  }

  #choose(label: string, boots: readonly KnownBoot[], chosen: number, onChoose: (id: number) => void): TemplateResult {
    return html`<label class="field grow"><span>${label}</span><select @change=${(event: Event) => {
      onChoose(Number((event.target as HTMLSelectElement).value));
      this.draw();
    }}>${boots.map(
      ({ id, time }) => html`<option value=${id} ?selected=${id === chosen}>Boot ${id} · ${this.at(time)}</option>`,
    )}</select></label>`;
  }

  async #compare(a: number, b: number): Promise<void> {
    try {
      const answer = await this.api.command('diff', { a, b });
      this.#problem = answer.ok ? '' : String(answer['error']);
      this.#difference = answer.ok ? (answer as unknown as Difference) : undefined;
    } catch (error) {
      this.#problem = String(error);
    }
    this.draw();
  }
}

function differenceView({ changed, only_a, only_b, left_out }: Difference): TemplateResult {
  if (changed.length + only_a.length + only_b.length === 0)
    return html`<p class="note good" role="status">The same, but for the times.</p>`;
  return html`${
    changed.length === 0
      ? ''
      : html`<div class="table-frame" tabindex="0"><table class="table">
          <thead><tr><th scope="col">Field</th><th scope="col">Earlier</th><th scope="col">Later</th></tr></thead>
          <tbody>${changed.map(
            ({ field, a, b }) =>
              html`<tr><th scope="row">${field}</th><td class="wrap">${shown(a)}</td><td class="wrap">${shown(b)}</td></tr>`,
          )}</tbody></table></div>`
  }
    <pre class="difference" tabindex="0" aria-label="Lines that differ">${only_a.map((line) => html`<span class="gone">- ${line}\n</span>`)}${only_b.map(
      (line) => html`<span class="new">+ ${line}\n</span>`,
    )}</pre>
    ${left_out > 0 ? html`<p class="small soft">${left_out} more lines are not shown.</p>` : ''}`;
}

const shown = (value: unknown) => (value === null ? '–' : String(value));
