import type { JsonObject } from 'cupboard/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Shot } from '../gallery/contract.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { pathOf } from './shot-media.ts';
import { countOf, type EditAnswer, editWords } from './words.ts';

type Tool = 'place' | 'caption' | 'keywords' | 'discard';

/** What can be done with the chosen shots. It stays in reach at the lower edge of the window. */
@customElement('photos-selection-bar')
export class SelectionBarPart extends Part {
  @property({ attribute: false }) shots: readonly Shot[] = [];
  @property({ attribute: false }) selected: ReadonlySet<number> = new Set();
  @property() folder = '';
  @state() private tool: Tool | undefined;
  @state() private isBusy = false;
  @state() private result: { readonly mood: 'good' | 'bad'; readonly text: string } | undefined;

  protected override render(): TemplateResult {
    const { selected, shots } = this;
    const hasAll = selected.size === shots.length;
    const all = () => this.#select(hasAll ? new Set() : new Set(shots.map(({ id }) => id)));
    return html`<section class="selection card stack tight" aria-label="Chosen pictures">
      ${this.result ? html`<p class="note ${this.result.mood}" role="status">${this.result.text}</p>` : nothing}
      <div class="row apart">
        <b aria-live="polite">${selected.size === 0 ? 'Choose pictures; Shift takes all in between' : countOf(selected.size, 'picture')}</b>
        <span class="row">
          <button class="button quiet" type="button" @click=${all}>${hasAll ? 'None' : 'All'}</button>
          <button class="button quiet" type="button" @click=${() => this.#select(undefined)}>Done</button>
        </span>
      </div>
      ${selected.size === 0 ? nothing : html`<div class="row tools">${this.#tools()}</div>`} ${this.tool && selected.size > 0 ? this.#form(this.tool) : nothing}
    </section>`;
  }

  #tools(): unknown {
    const tools: readonly [Tool, unknown, string][] = [
      ['place', icons.pin, 'Place'],
      ['caption', icons.text, 'Caption'],
      ['keywords', icons.tag, 'Keywords'],
      ['discard', icons.bin, 'Discard'],
    ];
    return tools.map(([tool, icon, label]) => {
      const open = () => {
        this.tool = this.tool === tool ? undefined : tool;
        this.result = undefined;
      };
      return html`<button class="button" type="button" aria-expanded=${this.tool === tool ? 'true' : 'false'} @click=${open}>${icon} ${label}</button>`;
    });
  }

  #form(tool: Tool): TemplateResult {
    const count = countOf(this.selected.size, 'picture');
    switch (tool) {
      case 'place':
        if (Object.keys(this.album.places).length === 0) return this.#noPlaces();
        return this.#line('place', 'Put them at', 'Write the place', this.#placeChoice());
      case 'caption':
        return this.#line(
          'caption',
          'Caption of all of them',
          'Write the caption',
          html`<input id="tool" name="value" required maxlength="2000" autocomplete="off" />`,
        );
      case 'keywords':
        return this.#line(
          'keywords',
          'Keywords to add, with commas between',
          'Add',
          html`<input id="tool" name="value" required autocomplete="off" placeholder="garden, Emma" />`,
        );
      case 'discard':
        return html`<form class="stack tight" @submit=${this.#submit}>
          <p>Remove ${count} from the archive for good? No card brings them back.</p>
          <div class="row">
            <button class="button danger" ?disabled=${this.isBusy}>${icons.bin} Discard ${count}</button>
            <button class="button quiet" type="button" @click=${() => this.#close()}>Keep them</button>
          </div>
        </form>`;
    }
  }

  #noPlaces(): TemplateResult {
    const map = hashOf({ at: 'week', folder: this.folder, view: 'map' });
    return html`<p>No place has a name yet. <a href=${map}>Choose a point on the map.</a></p>`;
  }

  #placeChoice(): TemplateResult {
    const names = Object.keys(this.album.places).sort((a, b) => a.localeCompare(b));
    return html`<select id="tool" name="value">${names.map((name) => html`<option>${name}</option>`)}</select>
      <label class="row small"><input type="checkbox" name="overwrite" /> also where a position is already there</label>`;
  }

  #line(tool: Tool, label: string, action: string, input: TemplateResult): TemplateResult {
    return html`<form class="row end" data-tool=${tool} @submit=${this.#submit}>
      <div class="field grow"><label for="tool">${label}</label>${input}</div>
      <button class="button primary" ?disabled=${this.isBusy}>${this.isBusy ? html`<span class="spinner"></span>` : nothing}${action}</button>
    </form>`;
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const value = String(form.get('value') ?? '').trim();
    const chosen = this.shots.filter(({ id }) => this.selected.has(id));
    const { tool } = this;
    if (!tool) return;
    const files = chosen.map(pathOf);
    const work: Readonly<Record<Tool, readonly [string, JsonObject]>> = {
      place: ['geotag', { files, place: value, overwrite: form.has('overwrite') }],
      caption: ['caption', { files, caption: value }],
      keywords: [
        'keywords',
        {
          files,
          add: value
            .split(',')
            .map((word) => word.trim())
            .filter(Boolean),
        },
      ],
      discard: ['discard', { files: chosen.flatMap((shot) => shot.files.map(({ name }) => `${shot.folder}/${name}`)) }],
    };
    const [command, args] = work[tool];
    this.isBusy = true;
    try {
      const answer = await this.album.command<EditAnswer>(command, args);
      this.result = { mood: 'good', text: editWords(answer) };
      this.#close();
      if (tool === 'discard') this.#select(new Set());
    } catch (error) {
      this.result = { mood: 'bad', text: (error as Error).message };
    }
    this.isBusy = false;
    this.dispatchEvent(new Event('changed'));
  };

  #close(): void {
    this.tool = undefined;
  }

  #select(selected: ReadonlySet<number> | undefined): void {
    this.dispatchEvent(new CustomEvent('select', { detail: selected }));
  }
}
