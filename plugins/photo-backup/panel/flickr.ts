import type { JsonObject } from 'cupboard/sdk';
import { html, nothing } from 'lit';
import type { AlbumSummary } from '../flickr/shares.ts';
import { fieldOf, Part } from './part.ts';

interface FlickrTopic {
  readonly state: string;
  readonly user?: string | null;
  readonly waiting?: number;
  readonly last_error?: string | null;
  readonly advice?: string | null;
}
type Album = AlbumSummary & { readonly url: string | null };
type KeywordCommand = JsonObject & { readonly files: readonly string[]; readonly add: readonly string[] };

/** Sharing on Flickr: connecting, weeks and months into albums, guest passes, tags back. */
class FlickrCard extends Part {
  private flickr: FlickrTopic | undefined;
  private albums: readonly Album[] = [];
  private tags: readonly KeywordCommand[] = [];
  /** Where the user allows writing, while a code is awaited. */
  private authorize: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.hear<FlickrTopic>('flickr', (flickr) => {
      this.flickr = flickr;
      if (flickr?.state !== 'not_set_up') void this.loadAlbums();
    });
  }

  private async loadAlbums(): Promise<void> {
    const response = await this.api.fetch('flickr/albums').catch(() => undefined);
    if (response?.ok !== true) return;
    this.albums = (await response.json()) as Album[];
    this.requestUpdate();
  }

  private async connect(): Promise<void> {
    const answer = await this.ask('Asking Flickr', 'flickr_login');
    if (!answer.ok) return;
    this.authorize = String(answer['url']);
    this.answer = undefined;
    this.requestUpdate();
  }

  private readonly finish = async (event: Event): Promise<void> => {
    event.preventDefault();
    const answer = await this.ask('Connecting', 'flickr_login', { verifier: fieldOf(event, 'verifier') });
    if (answer.ok) this.authorize = undefined;
    this.requestUpdate();
  };

  private readonly share = (event: Event): void => {
    event.preventDefault();
    const [time, album] = [fieldOf(event, 'time'), fieldOf(event, 'album')];
    const what = /^\d{4}-\d{2}$/.test(time) ? { month: time } : { week: time };
    void this.ask('Sharing', 'share', { ...what, ...(album !== '' && { album }) });
  };

  private async pull(): Promise<void> {
    const answer = await this.ask('Reading tags', 'pull_tags');
    this.tags = answer.ok ? (answer['keywords'] as unknown as readonly KeywordCommand[]) : [];
    this.requestUpdate();
  }

  /** In the user's own name: photos takes keywords from admins only. */
  private async writeTags(): Promise<void> {
    for (const keywords of this.tags) await this.api.publish('photos/command/keywords', keywords);
    const count = this.tags.reduce((sum, { files }) => sum + files.length, 0);
    this.tags = [];
    this.answer = { ok: true, written: count };
    this.requestUpdate();
  }

  override render() {
    if (this.flickr === undefined) return nothing;
    const { state, user, waiting = 0, last_error, advice } = this.flickr;
    const isConnected = typeof user === 'string';
    return html`<article class="card stack">
      <div class="row apart"><h2>Flickr</h2><span class="chip ${CHIPS[state] ?? 'bad'}">${state.replaceAll('_', ' ')}</span></div>
      ${last_error ? html`<p>${last_error}</p>` : nothing}
      ${advice ? html`<p class="wrap">${advice}</p>` : nothing}
      ${isConnected ? html`<p class="soft">Connected as ${user}; ${waiting} waiting.</p>` : nothing}
      ${this.api.admin && state !== 'not_set_up' ? this.actions(isConnected) : nothing}
      ${this.result((answer) => this.told(answer))}
      ${this.tags.length > 0 ? html`<div><button class="button primary" @click=${this.writeTags}>Write these tags into the photos</button></div>` : nothing}
      ${this.albums.map((album) => this.album(album))}
    </article>`;
  }

  private actions(isConnected: boolean) {
    const rests = this.busy !== undefined;
    return html`
      ${this.authorize === undefined ? nothing : this.codeForm(this.authorize)}
      ${
        isConnected
          ? html`<form class="stack" @submit=${this.share}>
                <div class="field"><label for="flickr-time">Week or month</label>
                  <input id="flickr-time" name="time" required placeholder="2016-W05 or 2016-05" autocomplete="off" /></div>
                <div class="field"><label for="flickr-album">Album</label>
                  <input id="flickr-album" name="album" placeholder="named like the week" autocomplete="off" /></div>
                <div class="row"><button class="button" ?disabled=${rests}>Share</button></div>
              </form>
              <div class="row"><button class="button" ?disabled=${rests} @click=${this.pull}>Read tags back</button></div>`
          : nothing
      }
      <div><button class="button" ?disabled=${rests} @click=${this.connect}>${isConnected ? 'Connect anew' : 'Connect with Flickr'}</button></div>`;
  }

  private codeForm(url: string) {
    return html`<form class="stack" @submit=${this.finish}>
      <p><a href=${url} target="_blank" rel="noopener noreferrer">Allow writing on Flickr</a>, then enter the code it shows.</p>
      <div class="field"><label for="flickr-code">Code</label><input id="flickr-code" name="verifier" required autocomplete="off" /></div>
      <div><button class="button primary" ?disabled=${this.busy !== undefined}>Finish</button></div>
    </form>`;
  }

  private told(answer: JsonObject) {
    if ('name' in answer) return html`Connected as ${answer['name']}.`;
    if ('written' in answer) return html`The keywords go into ${answer['written']} photos.`;
    if ('keywords' in answer) {
      const found = this.tags.flatMap(({ add }) => add);
      return found.length === 0 ? 'There are no tags.' : html`Found ${[...new Set(found)].join(', ')}.`;
    }
    if ('shared' in answer) return html`${answer['shared']} in the album ${answer['album']}.`;
    return 'Kept.';
  }

  private album({ title, url, guest_pass, shared, waiting, refused }: Album) {
    const save = (event: Event): void => {
      event.preventDefault();
      void this.ask('Keeping', 'guest_pass', { album: title, link: fieldOf(event, 'link') });
    };
    return html`<div class="stack tight">
      <p class="wrap">${url === null ? html`<b>${title}</b>` : html`<a href=${url} target="_blank" rel="noopener noreferrer">${title}</a>`}
        <span class="soft">${shared} shared${waiting > 0 ? `, ${waiting} waiting` : ''}${refused > 0 ? `, ${refused} refused` : ''}</span></p>
      ${
        this.api.admin
          ? html`<form class="row" @submit=${save}>
              <input class="grow" name="link" type="url" .value=${guest_pass ?? ''} placeholder="guest-pass link, made on Flickr's page" aria-label="Guest pass of ${title}" />
              <button class="button" ?disabled=${this.busy !== undefined}>Keep</button>
            </form>`
          : guest_pass === null
            ? nothing
            : html`<p class="wrap"><a href=${guest_pass}>Guest pass</a></p>`
      }
    </div>`;
  }
}

/** How good each state is, as the page colours it; all others need somebody. */
const CHIPS: Readonly<Record<string, string>> = {
  idle: 'good',
  sharing: 'info',
  not_set_up: '',
  not_connected: '',
  limit: 'warn',
  flickr_down: 'warn',
  unreachable: 'warn',
  unclear: 'warn',
};
customElements.define('backup-flickr', FlickrCard);
