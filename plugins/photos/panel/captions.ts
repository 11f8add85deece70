import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { Shot } from '../gallery/contract.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { media, pathOf } from './shot-media.ts';
import { momentOf } from './words.ts';

/**
 * One picture after the other with a line to type: Enter goes on, an empty line says the same as the one before. What
 * was typed is written while the next picture is looked at.
 */
@customElement('photos-captions')
export class CaptionsPart extends Part {
  @property({ attribute: false }) shots: readonly Shot[] = [];
  @property() folder = '';
  @state() private index = -1;
  @state() private waiting = 0;
  @state() private problems: readonly string[] = [];
  /** Captions by shot as they will be: those read, and over them those typed here. */
  #captions = new Map<number, string>();
  #writing: Promise<void> = Promise.resolve();
  @query('input') private input!: HTMLInputElement | null;

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('shots') || this.index >= 0) return;
    this.#captions = new Map(this.shots.map(({ id, caption }) => [id, caption ?? '']));
    const first = this.shots.findIndex(({ caption }) => !caption);
    this.index = Math.max(0, first);
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('index')) return;
    this.input?.focus();
    this.querySelector('.captions')?.scrollIntoView({ block: 'nearest' });
  }

  protected override render(): TemplateResult {
    const shot = this.shots[this.index];
    return html`<div class="captions stack tight">
      ${this.problems.map((problem) => html`<p class="note bad" role="alert">${problem}</p>`)}
      ${shot ? this.#step(shot) : this.#end()}
      <p class="soft small" role="status">${this.waiting > 0 ? `Writing ${this.waiting} into the files …` : nothing}</p>
    </div>`;
  }

  #step(shot: Shot): TemplateResult {
    const before = this.#before();
    const next = this.shots[this.index + 1];
    const own = this.#captions.get(shot.id) ?? '';
    return html`
      <div class="stage">${keyed(shot.id, media(this.album, shot))}</div>
      ${next && next.kind !== 'video' ? html`<link rel="prefetch" as="image" href=${this.album.picture(next, 'screen')} />` : nothing}
      <p class="row apart soft small">
        <span>${shot.captured ? momentOf(shot.captured) : shot.name}</span><span>${this.index + 1} of ${this.shots.length}</span>
      </p>
      <form class="row" @submit=${this.#submit}>
        <button class="button" type="button" aria-label="Previous picture" ?disabled=${this.index === 0} @click=${() => this.#go(-1)}>${icons.previous}</button>
        <div class="grow">
          <label class="visually-hidden" for="caption">Caption</label>
          <input id="caption" maxlength="2000" autocomplete="off" autocapitalize="sentences" enterkeyhint="next"
            placeholder=${before ? `same as before: ${before}` : 'What is to be seen?'} .value=${own} />
        </div>
        <button class="button primary">${this.index + 1 < this.shots.length ? 'Next' : 'Done'}</button>
        <button class="button quiet" type="button" @click=${() => this.#go(1)}>Skip</button>
      </form>`;
  }

  #end(): TemplateResult {
    const done = [...this.#captions.values()].filter(Boolean).length;
    return html`<div class="empty">
      <div class="empty-icon">${icons.check}</div>
      <h2>That was the week</h2>
      <p class="soft">${done} of ${this.shots.length} have a caption.</p>
      <div class="row center">
        <button class="button" type="button" @click=${() => this.#go(-1)}>Back to the last one</button>
        <a class="button primary" href=${hashOf({ at: 'week', folder: this.folder, view: 'photos' })}>Show the week</a>
      </div>
    </div>`;
  }

  /** The caption that an empty line repeats. */
  #before(): string {
    const shot = this.shots[this.index - 1];
    return (shot && this.#captions.get(shot.id)) ?? '';
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const shot = this.shots[this.index];
    if (!shot || !this.input) return;
    const caption = this.input.value.trim() || this.#before();
    if (caption !== '' && caption !== this.#captions.get(shot.id)) this.#write(shot, caption);
    this.#go(1);
  };

  #go(by: number): void {
    this.index = Math.min(Math.max(0, this.index + by), this.shots.length);
  }

  /** One after the other, for each writes into a file; whoever types does not wait. */
  #write(shot: Shot, caption: string): void {
    const previous = this.#captions.get(shot.id) ?? '';
    this.#captions.set(shot.id, caption);
    this.waiting += 1;
    this.#writing = this.#writing.then(async () => {
      try {
        await this.album.command('caption', { files: [pathOf(shot)], caption });
      } catch (error) {
        this.#captions.set(shot.id, previous);
        this.problems = [...this.problems, `“${caption}” was not written to ${shot.name}: ${(error as Error).message}`];
      }
      this.waiting -= 1;
      if (this.waiting === 0) this.dispatchEvent(new Event('changed'));
    });
  }
}
