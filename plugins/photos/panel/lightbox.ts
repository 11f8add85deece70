import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { Shot } from '../gallery/contract.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { hashOf, type Place } from './place.ts';
import { media } from './shot-media.ts';
import { folderName, momentOf, sizeOf } from './words.ts';

/** CSS pixels that a finger must travel for the next picture. */
const SWIPE = 48;

/** A picture over everything else: arrow keys and swipes turn over, Escape and the back button close. */
@customElement('photos-lightbox')
export class LightboxPart extends Part {
  @property({ attribute: false }) shots: readonly Shot[] = [];
  @property({ attribute: false }) place!: Extract<Place, { photo?: number }>;
  @state() private hasFacts = false;
  @query('dialog') private dialog!: HTMLDialogElement | null;
  /** The picture was opened from the page below it, so that "back" leads there. */
  #isOpenedHere = false;
  #from: { readonly x: number; readonly y: number } | undefined;

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('place');
    if (before && before.photo === undefined) this.#isOpenedHere = this.place.photo !== undefined;
  }

  protected override updated(_changed: PropertyValues): void {
    const { dialog } = this;
    if (!dialog) return;
    if (this.#shot && !dialog.open) dialog.showModal();
    if (!this.#shot && dialog.open) dialog.close();
  }

  get #shot(): Shot | undefined {
    return this.shots.find(({ id }) => id === this.place.photo);
  }

  protected override render(): TemplateResult {
    const shot = this.#shot;
    return html`<dialog class="lightbox" aria-label="Picture" @keydown=${this.#key} @close=${this.#closed}>
      ${shot ? this.#content(shot) : nothing}
    </dialog>`;
  }

  #content(shot: Shot): TemplateResult {
    const index = this.shots.indexOf(shot);
    const toggle = () => {
      this.hasFacts = !this.hasFacts;
    };
    return html`
      <header class="row apart">
        <span>${index + 1} / ${this.shots.length}</span>
        <span class="row">
          <a class="icon-button" href="${this.album.original(shot.id)}?download" download=${shot.name} aria-label="Download the original" title="Download the original">${icons.download}</a>
          <button class="icon-button" type="button" aria-label="Details" title="Details" aria-expanded=${this.hasFacts ? 'true' : 'false'} @click=${toggle}>${icons.info}</button>
          <button class="icon-button" type="button" aria-label="Close" title="Close" autofocus @click=${() => this.dialog?.close()}>${icons.close}</button>
        </span>
      </header>
      <div class="stage" @pointerdown=${this.#press} @pointerup=${this.#release}>
        ${keyed(shot.id, media(this.album, shot))}
        ${this.#turn(index, -1, 'previous', 'Previous picture')} ${this.#turn(index, 1, 'next', 'Next picture')}
      </div>
      <footer>
        ${shot.caption ? html`<p class="caption">${shot.caption}</p>` : nothing}
        <p class="small">${shot.captured ? momentOf(shot.captured) : 'Without a date'}</p>
        ${this.hasFacts ? this.#facts(shot) : nothing}
      </footer>
    `;
  }

  #turn(index: number, by: number, side: 'previous' | 'next', label: string): unknown {
    if (!this.shots[index + by]) return nothing;
    return html`<button class="turn ${side}" type="button" aria-label=${label} @click=${() => this.#go(by)}>${icons[side]}</button>`;
  }

  #facts({ folder, title, camera, latitude, longitude, altitude, keywords, files }: Shot): TemplateResult {
    const position =
      latitude !== null && longitude !== null
        ? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}${altitude === null ? '' : `, ${Math.round(altitude)} m`}`
        : undefined;
    const rows = {
      Title: title,
      Week: folderName(folder),
      Camera: camera,
      Position: position,
      Keywords: keywords.join(', '),
    };
    return html`<dl class="facts">
      ${Object.entries(rows).map(([name, value]) => (value ? html`<div><dt>${name}</dt><dd>${value}</dd></div>` : nothing))}
      ${files.map(
        ({ id, name, size, state: condition }) => html`<div>
          <dt>File, ${condition}</dt>
          <dd><a href="${this.album.original(id)}?download" download=${name}>${name}</a>, ${sizeOf(size)}</dd>
        </div>`,
      )}
    </dl>`;
  }

  #go(by: number): void {
    const shot = this.#shot;
    const next = shot && this.shots[this.shots.indexOf(shot) + by];
    // One step back leaves the pictures, however many were turned over.
    if (next) location.replace(hashOf({ ...this.place, photo: next.id }));
  }

  readonly #key = (event: KeyboardEvent): void => {
    // The arrows of a film wind it.
    if (event.target instanceof HTMLVideoElement) return;
    if (event.key === 'ArrowRight') this.#go(1);
    if (event.key === 'ArrowLeft') this.#go(-1);
  };

  readonly #press = ({ clientX: x, clientY: y, isPrimary }: PointerEvent): void => {
    this.#from = isPrimary ? { x, y } : undefined; // a second finger zooms
  };

  readonly #release = ({ clientX, clientY }: PointerEvent): void => {
    const [dx, dy] = [clientX - (this.#from?.x ?? clientX), clientY - (this.#from?.y ?? clientY)];
    this.#from = undefined;
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) this.#go(dx < 0 ? 1 : -1);
  };

  /** Closed by Escape or its button: the address follows, and the thumbnail it came from has the focus. */
  readonly #closed = (): void => {
    const { photo, ...place } = this.place;
    if (photo === undefined) return;
    if (this.#isOpenedHere) history.back();
    else location.replace(hashOf(place as Place));
    document.querySelector<HTMLElement>(`[data-id="${photo}"]`)?.focus();
  };
}
