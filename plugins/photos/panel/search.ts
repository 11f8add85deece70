import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Found, Shot } from '../gallery/contract.ts';
import { groupBy } from '../gallery/group-by.ts';
import { icons } from './icons.ts';
import './lightbox.ts';
import { Part } from './part.ts';
import { hashOf, type Place } from './place.ts';
import { badges, labelOf, thumb } from './thumb.ts';
import { countOf, folderName } from './words.ts';

type SearchPlace = Extract<Place, { at: 'search' }>;

/** What was found, by week. */
@customElement('photos-search')
export class SearchPart extends Part {
  @property({ attribute: false }) place!: SearchPlace;
  @state() private found: Found | undefined;
  @state() private problem = '';
  #asked: string | undefined;

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('place') || this.#asked === this.place.query) return;
    this.#asked = this.place.query;
    void this.#ask(this.place.query);
  }

  async #ask(query: string): Promise<void> {
    try {
      const found = await this.album.search(query);
      if (query !== this.place.query) return;
      this.found = found;
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  protected override render(): TemplateResult {
    if (this.problem) return html`<p class="note bad" role="alert">${this.problem}</p>`;
    const { found } = this;
    if (!found) return html`<p class="row soft" role="status"><span class="spinner"></span>Searching …</p>`;
    if (found.shots.length === 0) return this.#nothing();
    return html`<div class="stack loose">
      <p role="status">${countOf(found.shots.length, 'picture')}${found.more ? ', and there are more: say it more closely' : ''}.</p>
      ${[...groupBy(found.shots, ({ folder }) => folder)].map(([folder, shots]) => this.#week(folder, shots, found))}
      <photos-lightbox .album=${this.album} .shots=${found.shots} .place=${this.place}></photos-lightbox>
    </div>`;
  }

  #week(folder: string, shots: readonly Shot[], { titles }: Found): TemplateResult {
    const name = folderName(folder);
    return html`<section class="day stack tight">
      <h2><a href=${hashOf({ at: 'week', folder, view: 'photos' })}>${titles[folder] || folder}</a> ${titles[folder] ? html`<span class="soft small">${name}</span>` : nothing}</h2>
      <ul class="shots">
        ${shots.map(
          (shot) =>
            html`<li><a class="tile" href=${hashOf({ ...this.place, photo: shot.id })} data-id=${shot.id} aria-label=${labelOf(shot)}>${thumb(this.album, shot, shot.kind)} ${badges(shot)}</a></li>`,
        )}
      </ul>
    </section>`;
  }

  #nothing(): TemplateResult {
    return html`<div class="empty">
      <div class="empty-icon">${icons.search}</div>
      <h2>Nothing found</h2>
      <p class="soft">Every word must be in a title, caption, keyword, file name or camera, be a date such as <b>2016</b>,
        <b>2016-05</b>, <b>2016-W05</b> or <b>May</b>, or name a place.</p>
    </div>`;
  }
}
