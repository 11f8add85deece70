import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { RegisteredCard } from '../cards/register.ts';
import type { CardStatus } from '../cards/status.ts';
import type { ImportReport } from '../ingest/report.ts';
import type { Album, Progress } from './album.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { cardWords, countOf, dateOf, rangeOf, sizeOf } from './words.ts';

const IN_SLOT: ReadonlySet<string> = new Set(['inserted', 'scanning', 'importing', 'verified', 'failed']);

/** Cards in the reader, the register of all cards, and imports from elsewhere. */
@customElement('photos-cards')
export class CardsPart extends Part {
  @state() private register: readonly RegisteredCard[] | undefined;
  @state() private result: { readonly mood: 'good' | 'bad'; readonly text: string } | undefined;
  @state() private isBusy = false;
  /** What the register was asked for last, to ask again only when a card changed. */
  #known: unknown;

  protected override willUpdate(): void {
    if (this.#known === this.album.cards) return;
    this.#known = this.album.cards;
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.register = await this.album.cardRegister();
    } catch (error) {
      this.result = { mood: 'bad', text: (error as Error).message };
    }
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">
      ${this.result ? html`<p class="note ${this.result.mood}" role="status">${this.result.text}</p>` : nothing}
      ${cardsInSlot(this.album.cards, this.album.jobs)} ${this.#register()} ${this.album.api.admin ? this.#import() : nothing}
    </div>`;
  }

  #register(): TemplateResult {
    const cards = this.register ?? [];
    return html`<section class="stack tight">
      <h2>All cards</h2>
      ${
        cards.length === 0
          ? html`<p class="soft">${this.register ? 'No card was read yet. Every card that is will be listed here, with what is on it.' : 'Looking …'}</p>`
          : html`<ul class="plain grid">${cards.map((card) => html`<li>${this.#card(card)}</li>`)}</ul>`
      }
    </section>`;
  }

  #card(card: RegisteredCard): TemplateResult {
    const { timezone } = this.album.api.hub;
    const rename = (event: Event) =>
      this.#act(
        'label_card',
        { card: card.id, label: (event.currentTarget as HTMLInputElement).value.trim() },
        'The label is noted.',
      );
    const putAway = () =>
      this.#act(
        'label_card',
        { card: card.id, in_safe: card.in_safe === null },
        card.in_safe === null ? 'Noted: it lies in the safe.' : 'Noted: it is in use.',
      );
    return html`<article class="card stack tight">
      <div class="row apart">
        ${
          this.album.api.admin
            ? html`<input class="label" aria-label="Label of card ${card.id}" .value=${card.label} placeholder=${card.id} maxlength="80" @change=${rename} />`
            : html`<h3>${card.label || card.id}</h3>`
        }
        <span class="chip ${card.all_safe ? 'good' : 'warn'}">${card.all_safe ? html`${icons.check}all safe` : `${card.files - card.safe} not safe`}</span>
      </div>
      <p class="soft small">
        ${countOf(card.files, 'file')}${card.size ? ` on ${sizeOf(card.size)}` : ''}${card.first && card.last ? `, ${rangeOf(card.first, card.last)}` : ''}<br />
        Last in a reader on ${dateOf(card.last_seen, timezone)}
      </p>
      <p class="row apart small">
        <span>${card.in_safe === null ? 'In use' : `In the safe since ${dateOf(card.in_safe, timezone)}`}</span>
        ${this.album.api.admin ? html`<button class="button quiet" type="button" @click=${putAway}>${card.in_safe === null ? 'Put into the safe' : 'Took it out'}</button>` : nothing}
      </p>
    </article>`;
  }

  #import(): TemplateResult {
    const run = async (event: SubmitEvent) => {
      event.preventDefault();
      const isTrial = (event.submitter as HTMLButtonElement | null)?.value === 'trial';
      const path = String(new FormData(event.currentTarget as HTMLFormElement).get('path')).trim();
      const report = await this.#act<ImportReport>('import', { path, dry_run: isTrial });
      if (report) this.result = { mood: report.failed > 0 ? 'bad' : 'good', text: reportWords(report, isTrial) };
    };
    const adopt = () => this.#act('adopt', {}, 'The archive is in the catalogue as it lies.');
    return html`<section class="card stack">
      <h2>Import from elsewhere</h2>
      <form class="row end" @submit=${run}>
        <div class="field grow">
          <label for="import-path">Folder on the hub’s machine</label>
          <input id="import-path" name="path" required placeholder="/media/stick/DCIM" autocomplete="off" />
        </div>
        <button class="button" name="way" value="trial" ?disabled=${this.isBusy}>Only look</button>
        <button class="button primary" ?disabled=${this.isBusy}>${this.isBusy ? html`<span class="spinner"></span>` : nothing}Import</button>
      </form>
      <p class="row apart small">
        <span class="soft grow">Photos that lie in the archive already need no import: they are taken in where they are.</span>
        <button class="button quiet" type="button" ?disabled=${this.isBusy} @click=${adopt}>Take in the archive</button>
      </p>
    </section>`;
  }

  async #act<Answer>(name: string, args: Parameters<Album['command']>[1], done?: string): Promise<Answer | undefined> {
    this.isBusy = true;
    try {
      const answer = await this.album.command<Answer>(name, args);
      if (done) this.result = { mood: 'good', text: done };
      await this.#load();
      return answer;
    } catch (error) {
      this.result = { mood: 'bad', text: (error as Error).message };
      return undefined;
    } finally {
      this.isBusy = false;
    }
  }
}

function reportWords(report: ImportReport, isTrial: boolean): string {
  const { new: fresh, known, failed, undated, files } = report;
  const parts = [
    `${countOf(fresh, 'file')} ${isTrial ? 'would be new' : 'new and verified'}`,
    `${countOf(known, 'file')} known`,
    undated > 0 ? `${undated} without a date` : '',
    failed > 0 ? `${failed} failed` : '',
  ];
  const first = files.find(({ outcome }) => outcome === 'failed' || outcome === 'empty');
  return `${parts.filter(Boolean).join(', ')}.${first ? ` ${first.source}: ${first.reason ?? first.outcome}.` : ''}`;
}

/** What goes on in the readers, as one would tell it across the room. */
export function cardsInSlot(cards: ReadonlyMap<string, CardStatus>, jobs: ReadonlyMap<string, Progress>): unknown {
  const here = [...cards].filter(([, { state }]) => IN_SLOT.has(state));
  return here
    .map(([id, card]) => {
      const { mood, text } = cardWords(card);
      const { done = 0, total = 0 } = card;
      return html`<section class="note slot ${mood}" role="status" aria-label="Card ${card.label || id}">
      ${mood === 'good' ? icons.check : mood === 'bad' ? icons.warning : icons.card}
      <div class="grow stack tight">
        <p><b>${card.label || id}</b>${card.simulated ? html` <span class="chip">simulated</span>` : nothing}<br /><span class="tell">${text}</span></p>
        ${card.advice ? html`<p>${card.advice}</p>` : nothing}
        ${card.state === 'importing' && total > 0 ? html`<progress max=${total} value=${done} aria-label="Files copied"></progress>` : nothing}
      </div>
    </section>`;
    })
    .concat(
      // Imports by hand and from watched folders have no card to tell of.
      here.length > 0
        ? []
        : [...jobs].map(
            ([name, { done, total, message }]) => html`<section class="note slot info" role="status">
        <span class="spinner"></span>
        <div class="grow stack tight"><p>${message ?? name}</p><progress max=${total} value=${done} aria-label=${name}></progress></div>
      </section>`,
          ),
    );
}
