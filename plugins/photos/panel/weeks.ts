import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Week } from '../gallery/contract.ts';
import { groupBy } from '../gallery/group-by.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { thumb } from './thumb.ts';
import { countOf, folderName, type Mark, marksOf, rangeOf, yearOf } from './words.ts';

/** All weeks, newest first, a shelf a year. */
@customElement('photos-weeks')
export class WeeksPart extends Part {
  protected override render(): TemplateResult {
    const { weeks, problem } = this.album;
    if (problem) return html`<p class="note bad" role="alert">${problem}</p>`;
    if (!weeks)
      return html`<p class="row soft" role="status"><span class="spinner"></span>Looking through the archive …</p>`;
    if (weeks.length === 0) return this.#empty();
    const years = groupBy(weeks, yearOf);
    return html`<div class="stack loose">
      ${years.size > 1 ? this.#yearLinks([...years.keys()]) : nothing}
      ${repeat(
        years,
        ([year]) => year,
        ([year, of]) => this.#year(year, of),
      )}
    </div>`;
  }

  #empty(): TemplateResult {
    return html`<div class="empty">
      <div class="empty-icon">${icons.card}</div>
      <h2>No photos yet</h2>
      <p class="soft">
        Put the card of a camera into the reader: its photos appear here by week. Photos that lie in the archive already
        are taken in under <a href=${hashOf({ at: 'cards' })}>Cards and import</a>.
      </p>
    </div>`;
  }

  #yearLinks(years: readonly string[]): TemplateResult {
    return html`<nav class="row years" aria-label="Years">
      ${years.map((year) => html`<button type="button" class="chip" @click=${() => this.#goTo(year)}>${year}</button>`)}
    </nav>`;
  }

  #goTo(year: string): void {
    const heading = this.querySelector<HTMLElement>(`[data-year="${CSS.escape(year)}"]`);
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  }

  #year(year: string, weeks: readonly Week[]): TemplateResult {
    const photos = weeks.reduce((sum, week) => sum + week.photos, 0);
    return html`<section class="year stack" aria-label=${year}>
      <div class="row apart">
        <h2 tabindex="-1" data-year=${year}>${year}</h2>
        <span class="soft small">${countOf(weeks.length, 'week')}, ${countOf(photos, 'photo')}</span>
      </div>
      <div class="week-grid">
        ${repeat(
          weeks,
          ({ folder }) => folder,
          (week) => this.#card(week),
        )}
      </div>
    </section>`;
  }

  #card(week: Week): TemplateResult {
    const { folder, title, covers, photos, videos, first, last } = week;
    const name = folderName(folder);
    return html`<article class="card week">
      <div class="mosaic" data-count=${covers.length} aria-hidden="true">
        ${covers.length === 0 ? html`<span class="thumb">${icons.film}</span>` : covers.map((cover) => thumb(this.album, cover))}
      </div>
      <div class="week-text">
        <h3><a class="stretched" href=${hashOf({ at: 'week', folder, view: 'photos' })}>${title || name}</a></h3>
        <p class="soft small">${title ? `${name} · ` : ''}${first && last ? rangeOf(first, last) : ''}</p>
        <p class="row small facts">
          <span>${countOf(photos, 'photo')}${videos > 0 ? `, ${countOf(videos, 'video')}` : ''}</span>
          ${marksOf(week, this.album.backup).map(markChip)}
        </p>
      </div>
    </article>`;
  }
}

export const markChip = ({ mood, text, detail }: Mark): TemplateResult =>
  html`<span class="chip ${mood}" title=${detail}>${text === 'off site' ? icons.cloud : mood === 'good' ? icons.check : nothing}${text}</span>`;
