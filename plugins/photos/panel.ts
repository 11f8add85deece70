import type { MountPanel } from 'cupboard/sdk/panel';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { Album } from './panel/album.ts';
import './panel/cards.ts';
import { cardsInSlot } from './panel/cards.ts';
import { icons } from './panel/icons.ts';
import { Part } from './panel/part.ts';
import { hashOf, type Place, parsePlace } from './panel/place.ts';
import './panel/search.ts';
import { style } from './panel/style.ts';
import './panel/week.ts';
import './panel/weeks.ts';

/** How long a pause in typing starts a search. */
const TYPING = 250;

/** The photo archive: weeks, one week, cards, search. Which of them is shown stands in the address after the `#`. */
@customElement('photos-panel')
export class PhotosPanel extends Part {
  @state() private place: Place = parsePlace(location.hash);
  #typing: ReturnType<typeof setTimeout> | undefined;
  /** How far down each view was read, to come back to it. */
  readonly #scrolled = new Map<string, number>();

  override connectedCallback(): void {
    super.connectedCallback();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
    addEventListener('hashchange', this.#move);
    addEventListener('scroll', this.#remember, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== style);
    removeEventListener('hashchange', this.#move);
    removeEventListener('scroll', this.#remember);
    clearTimeout(this.#typing);
    this.album.close();
  }

  protected override render(): TemplateResult {
    const { abilities } = this.album;
    // Whoever types captions on a phone has room for the picture and the line, and for nothing else.
    const isCaptioning = this.place.at === 'week' && this.place.view === 'captions';
    return html`<div class="photos stack">
      ${isCaptioning ? nothing : this.#bar()}
      ${abilities?.thumbnails ? html`<p class="note warn">There are no thumbnails: ${abilities.thumbnails} The originals are here all the same.</p>` : nothing}
      ${this.place.at === 'cards' || isCaptioning ? nothing : cardsInSlot(this.album.cards, this.album.jobs)} ${this.#view()}
    </div>`;
  }

  #bar(): TemplateResult {
    const { at } = this.place;
    const current = (here: boolean) => (here ? 'page' : nothing);
    return html`<div class="row apart">
      <nav class="segments" aria-label="Photos">
        <a href=${hashOf({ at: 'weeks' })} aria-current=${current(at === 'weeks' || at === 'week')}>Weeks</a>
        <a href=${hashOf({ at: 'cards' })} aria-current=${current(at === 'cards')}>Cards and import</a>
      </nav>
      <form class="search" role="search" @submit=${this.#search}>
        ${icons.search}
        <input type="search" name="query" aria-label="Search the photos" placeholder="Title, place, caption, date …" enterkeyhint="search" autocomplete="off"
          .value=${this.place.at === 'search' ? this.place.query : ''} @input=${this.#type} />
      </form>
    </div>`;
  }

  #view(): TemplateResult {
    const { album, place } = this;
    switch (place.at) {
      case 'weeks':
        return html`<photos-weeks .album=${album}></photos-weeks>`;
      case 'week':
        return html`<photos-week .album=${album} .place=${place}></photos-week>`;
      case 'search':
        return html`<photos-search .album=${album} .place=${place}></photos-search>`;
      case 'cards':
        return html`<photos-cards .album=${album}></photos-cards>`;
    }
  }

  readonly #move = (): void => {
    const before = viewOf(this.place);
    this.place = parsePlace(location.hash);
    if (viewOf(this.place) === before) return;
    // Content that is known already is drawn at once, so that there is something to scroll in.
    void this.updateComplete.then(() => scrollTo(0, this.#scrolled.get(viewOf(this.place)) ?? 0));
  };

  readonly #remember = (): void => {
    this.#scrolled.set(viewOf(this.place), scrollY);
  };

  readonly #type = (event: Event): void => {
    const { value } = event.currentTarget as HTMLInputElement;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#goTo(value), TYPING);
  };

  readonly #search = (event: SubmitEvent): void => {
    event.preventDefault();
    clearTimeout(this.#typing);
    this.#goTo(String(new FormData(event.currentTarget as HTMLFormElement).get('query')));
  };

  /** A search that is being typed is one place: "back" leads to where it began. */
  #goTo(query: string): void {
    const hash = hashOf(query.trim() === '' ? { at: 'weeks' } : { at: 'search', query: query.trim() });
    if (this.place.at === 'search') location.replace(hash);
    else location.hash = hash;
  }
}

/** An open picture lies over a view and is none of its own. */
const viewOf = ({ ...place }: Place): string => {
  if ('photo' in place) delete (place as { photo?: number }).photo;
  return hashOf(place);
};

const mount: MountPanel = (element, api) => {
  const panel = new PhotosPanel();
  panel.album = new Album(api);
  element.append(panel);
  return () => panel.remove();
};
export default mount;
