import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Shot } from '../gallery/contract.ts';
import type { WeekContent } from './album.ts';
import './captions.ts';
import { icons } from './icons.ts';
import './lightbox.ts';
import './map-view.ts';
import { Part } from './part.ts';
import { hashOf, type Place } from './place.ts';
import './selection-bar.ts';
import { shotGrid } from './shot-grid.ts';
import { markChip } from './weeks.ts';
import { countOf, folderName, marksOf, rangeOf, sizeOf } from './words.ts';

type WeekPlace = Extract<Place, { at: 'week' }>;

/** One week: its shots by day, and what is said about all of them together. */
@customElement('photos-week')
export class WeekPart extends Part {
  @property({ attribute: false }) place!: WeekPlace;
  @state() private content: WeekContent | undefined;
  @state() private problem = '';
  /** Ids of the shots to act on; undefined while nothing is being selected. */
  @state() private selected: ReadonlySet<number> | undefined;
  @state() private isNaming = false;
  #loaded = '';

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('place') || this.#loaded === this.place.folder) return;
    this.#loaded = this.place.folder;
    this.content = undefined;
    this.selected = undefined;
    this.isNaming = false;
    void this.load();
  }

  /** Asks for the shots again, as after a command that changed some. */
  async load(): Promise<void> {
    const { folder } = this.place;
    try {
      const content = await this.album.week(folder);
      if (folder !== this.place.folder) return;
      this.content = content;
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  protected override render(): TemplateResult {
    const { content, place } = this;
    return html`<div class="stack">
      <a class="back" href=${hashOf(place.view === 'photos' ? { at: 'weeks' } : { at: 'week', folder: place.folder, view: 'photos' })}
        >${icons.back} ${place.view === 'photos' ? 'All weeks' : content?.title || folderName(place.folder)}</a
      >
      ${place.view === 'captions' ? nothing : this.#head()}
      ${this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
      ${content ? this.#body(content.shots) : html`<p class="row soft" role="status"><span class="spinner"></span>Opening the week …</p>`}
    </div>`;
  }

  #head(): TemplateResult {
    const { folder } = this.place;
    const week = this.album.weeks?.find((each) => each.folder === folder);
    const title = this.content?.title || '';
    const name = folderName(folder);
    return html`<header class="stack tight">
      ${this.isNaming ? this.#titleForm(title) : this.#title(title || name)}
      ${
        week
          ? html`<p class="row soft">
              <span>${[title && name, week.first && week.last && rangeOf(week.first, week.last)].filter(Boolean).join(' · ')}</span>
              <span>${countOf(week.photos, 'photo')}${week.videos > 0 ? `, ${countOf(week.videos, 'video')}` : ''}, ${sizeOf(week.bytes)}</span>
              ${marksOf(week, this.album.backup).map(markChip)}
            </p>`
          : nothing
      }
    </header>`;
  }

  #title(text: string): TemplateResult {
    const rename = () => {
      this.isNaming = true;
    };
    return html`<div class="row">
      <h2 class="week-title" tabindex="-1">${text}</h2>
      ${
        this.album.api.admin
          ? html`<button class="button quiet" type="button" aria-label="Change the title of the week" @click=${rename}>${icons.pencil}</button>`
          : nothing
      }
    </div>`;
  }

  #titleForm(title: string): TemplateResult {
    const save = async (event: SubmitEvent) => {
      event.preventDefault();
      const input = (event.currentTarget as HTMLFormElement).elements.namedItem('title') as HTMLInputElement;
      await this.#act(() => this.album.command('title', { week: this.place.folder, title: input.value.trim() }));
      this.isNaming = false;
    };
    const cancel = () => {
      this.isNaming = false;
    };
    return html`<form class="row end" @submit=${save}>
      <div class="field grow">
        <label for="week-title">Title of the week</label>
        <input id="week-title" name="title" maxlength="200" .value=${title} autocomplete="off" autofocus />
      </div>
      <button class="button primary">Save</button>
      <button class="button quiet" type="button" @click=${cancel}>Cancel</button>
    </form>`;
  }

  #body(shots: readonly Shot[]): unknown {
    const { place, album } = this;
    const chosen = shots.filter(({ id }) => this.selected?.has(id));
    if (place.view === 'captions')
      return html`<photos-captions .album=${album} .shots=${shots} .folder=${place.folder} @changed=${this.load}></photos-captions>`;
    return html`
      ${place.view === 'map' ? nothing : this.#tools(shots)}
      ${
        place.view === 'map'
          ? html`<photos-map .album=${album} .shots=${shots} .chosen=${chosen} .folder=${place.folder} @changed=${this.load}></photos-map>`
          : shotGrid({
              album,
              shots,
              selected: this.selected,
              open: (shot) => hashOf({ ...place, photo: shot.id }),
              onSelect: (selected) => {
                this.selected = selected;
              },
            })
      }
      ${
        this.selected && place.view === 'photos'
          ? html`<photos-selection-bar .album=${album} .shots=${shots} .selected=${this.selected} .folder=${place.folder}
              @changed=${this.load} @select=${this.#select}></photos-selection-bar>`
          : nothing
      }
      <photos-lightbox .album=${album} .shots=${shots} .place=${place} @changed=${this.load}></photos-lightbox>
    `;
  }

  #tools(shots: readonly Shot[]): TemplateResult {
    const { place, album } = this;
    const missing = shots.filter(({ caption }) => !caption).length;
    const start = () => {
      this.selected = new Set();
    };
    return html`<div class="row week-tools">
      ${
        album.api.admin
          ? html`<a class="button primary" href=${hashOf({ ...place, view: 'captions' })}>${icons.text} Captions${missing > 0 && missing < shots.length ? ` (${missing} to go)` : ''}</a>`
          : nothing
      }
      <a class="button" href=${hashOf({ ...place, view: 'map' })}>${icons.map} Map</a>
      ${album.api.admin && !this.selected ? html`<button class="button" type="button" @click=${start}>${icons.select} Select</button>` : nothing}
    </div>`;
  }

  readonly #select = (event: CustomEvent<ReadonlySet<number> | undefined>): void => {
    this.selected = event.detail;
  };

  async #act(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      await this.load();
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}
