import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Shot } from '../gallery/contract.ts';
import { exiftoolCommand, exiv2Command } from '../metadata/shell.ts';
import { icons } from './icons.ts';
import type { OpenMap, Point } from './leaflet-map.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { pathOf } from './shot-media.ts';
import { labelOf, thumb } from './thumb.ts';
import { countOf } from './words.ts';

/** Where the pictures of a week were taken, and the way to say it: a click sets a place or moves one. */
@customElement('photos-map')
export class MapPart extends Part {
  @property({ attribute: false }) shots: readonly Shot[] = [];
  /** Those that were selected before the map was opened; none = all without a position. */
  @property({ attribute: false }) chosen: readonly Shot[] = [];
  @property() folder = '';
  @state() private point: Point | undefined;
  @state() private nearby: readonly Shot[] = [];
  @state() private result: { readonly mood: 'good' | 'bad'; readonly text: string } | undefined;
  @state() private isBusy = false;
  @query('.map') private frame!: HTMLElement;
  @query('#place-name') private nameField!: HTMLInputElement;
  #map: OpenMap | undefined;

  protected override async firstUpdated(): Promise<void> {
    const { openMap } = await import('./leaflet-map.ts');
    if (!this.isConnected) return;
    const { abilities, api } = this.album;
    this.#map = openMap({
      element: this.frame,
      tiles: abilities?.tiles ? { url: `/plugins/${api.plugin}/map/{z}/{x}/{y}`, ...abilities.tiles } : undefined,
      home: api.hub.location,
      onPoint: (point, name) => this.#choose(point, name),
      onShots: (shots) => {
        this.nearby = shots;
      },
    });
    this.#map.show(this.shots, this.album.places);
    this.#map.fit();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#map?.close();
  }

  protected override updated(_changed: PropertyValues): void {
    this.#map?.show(this.shots, this.album.places);
  }

  protected override render(): TemplateResult {
    const located = this.shots.filter(({ latitude }) => latitude !== null).length;
    return html`<div class="stack">
      <div class="map" role="region" aria-label="Map of the week"></div>
      <p class="soft small">
        ${located} of ${countOf(this.shots.length, 'picture')} know where they were taken.
        ${this.album.api.admin ? 'Click into the map to choose a point, or on a place to use it.' : ''}
      </p>
      ${this.result ? html`<p class="note ${this.result.mood}" role="status">${this.result.text}</p>` : nothing}
      ${this.nearby.length > 0 ? this.#pictures() : nothing} ${this.album.api.admin ? this.#tools() : nothing}
    </div>`;
  }

  #pictures(): TemplateResult {
    return html`<section class="card stack tight" aria-label="Pictures taken here">
      <h3>${countOf(this.nearby.length, 'picture')} taken here</h3>
      <ul class="shots">
        ${this.nearby.map(
          (shot) =>
            html`<li><a class="tile" href=${hashOf({ at: 'week', folder: this.folder, view: 'map', photo: shot.id })} data-id=${shot.id} aria-label=${labelOf(shot)}>${thumb(this.album, shot, shot.kind)}</a></li>`,
        )}
      </ul>
    </section>`;
  }

  #tools(): TemplateResult {
    const { point } = this;
    const typed = () => {
      const [latitude, longitude] = [...this.querySelectorAll<HTMLInputElement>('input[type="number"]')];
      if (!latitude?.checkValidity() || !longitude?.checkValidity()) return;
      this.#choose({ latitude: latitude.valueAsNumber, longitude: longitude.valueAsNumber });
    };
    const degrees = (name: 'latitude' | 'longitude', label: string, limit: number) => html`<div class="field">
      <label for=${name}>${label}</label>
      <input id=${name} name=${name} type="number" step="any" min=${-limit} max=${limit} required .value=${point ? String(point[name]) : ''} @change=${typed} />
    </div>`;
    return html`<section class="card stack" aria-label="The chosen point">
      <h3>The chosen point</h3>
      <form class="row end" @submit=${this.#savePlace}>
        ${degrees('latitude', 'Latitude, ° north', 90)} ${degrees('longitude', 'Longitude, ° east', 180)}
        <div class="field grow">
          <label for="place-name">Name of the place</label>
          <input id="place-name" name="name" list="place-names" required maxlength="80" autocomplete="off" placeholder="grandparents" />
          <datalist id="place-names">${Object.keys(this.album.places).map((name) => html`<option value=${name}></option>`)}</datalist>
        </div>
        <button class="button" ?disabled=${this.isBusy}>${icons.pin} Save the place</button>
      </form>
      ${point ? this.#use(point) : nothing}
    </section>`;
  }

  #use(point: Point): TemplateResult {
    const isChosen = this.chosen.length > 0;
    const shots = isChosen ? this.chosen : this.shots.filter(({ latitude }) => latitude === null);
    const paths = shots.map(pathOf);
    const put = () =>
      this.#act(
        () => this.album.command('geotag', { files: paths, ...point, overwrite: isChosen }),
        `${countOf(shots.length, 'picture')}: the position is in the files.`,
      );
    const copy = (command: typeof exiv2Command) => () =>
      this.#act(
        async () => copyText(command({ position: point }, paths)),
        'Copied. Run it in the folder of the archive.',
      );
    return html`<div class="row">
      <button class="button primary" type="button" ?disabled=${this.isBusy || shots.length === 0} @click=${put}>
        Put ${isChosen ? `the ${countOf(shots.length, 'chosen picture')}` : `the ${countOf(shots.length, 'picture')} without a position`} here
      </button>
      <button class="button quiet" type="button" @click=${copy(exiv2Command)}>Copy as exiv2 command</button>
      <button class="button quiet" type="button" @click=${copy(exiftoolCommand)}>Copy as ExifTool command</button>
    </div>`;
  }

  readonly #savePlace = (event: SubmitEvent): void => {
    event.preventDefault();
    const { point } = this;
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim();
    if (!point || name === '') return;
    void this.#act(async () => {
      await this.album.command('set_place', { name, latitude: point.latitude, longitude: point.longitude });
      await this.album.loadPlaces();
    }, `${name} is a place now.`);
  };

  #choose(point: Point, name = ''): void {
    if (name) this.nameField.value = name;
    this.point = { latitude: point.latitude, longitude: point.longitude };
    this.#map?.mark(this.point);
  }

  async #act(work: () => Promise<unknown>, done: string): Promise<void> {
    this.isBusy = true;
    try {
      await work();
      this.result = { mood: 'good', text: done };
    } catch (error) {
      this.result = { mood: 'bad', text: (error as Error).message };
    }
    this.isBusy = false;
    this.dispatchEvent(new Event('changed'));
  }
}

/** The clipboard proper needs a secure address, which a house seldom has; the older way works everywhere. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (!isCopied) throw new Error('The browser does not let this page copy.');
}
