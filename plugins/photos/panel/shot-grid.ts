import { html, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Shot } from '../gallery/contract.ts';
import { groupBy } from '../gallery/group-by.ts';
import type { Album } from './album.ts';
import { icons } from './icons.ts';
import { badges, labelOf, thumb } from './thumb.ts';
import { countOf, dayOf } from './words.ts';

interface GridOptions {
  readonly album: Album;
  readonly shots: readonly Shot[];
  /** Undefined: the pictures open; else they are chosen. */
  readonly selected: ReadonlySet<number> | undefined;
  /** The address of an open picture. */
  readonly open: (shot: Shot) => string;
  readonly onSelect: (selected: ReadonlySet<number>) => void;
}

/** The shots as thumbnails, a heading a day. */
export function shotGrid(options: GridOptions): TemplateResult {
  const days = groupBy(options.shots, ({ captured }) => captured?.slice(0, 10) ?? '');
  return html`<div class="stack loose">
    ${repeat(
      days,
      ([day]) => day,
      ([day, shots]) => html`<section class="day stack tight">
        <h3>${dayOf(day === '' ? null : `${day}T00:00:00`)} <span class="soft small">${countOf(shots.length, 'shot')}</span></h3>
        <ul class="shots">
          ${repeat(
            shots,
            ({ id }) => id,
            (shot) => html`<li>${tile(shot, options)}</li>`,
          )}
        </ul>
      </section>`,
    )}
  </div>`;
}

function tile(shot: Shot, { album, shots, selected, open, onSelect }: GridOptions): TemplateResult {
  const picture = html`${thumb(album, shot, shot.kind)} ${badges(shot)}`;
  if (!selected)
    return html`<a class="tile" href=${open(shot)} data-id=${shot.id} aria-label=${labelOf(shot)}>${picture}</a>`;
  const choose = (event: MouseEvent) =>
    onSelect(event.shiftKey ? range(shots, selected, shot) : toggled(selected, shot.id));
  return html`<button type="button" class="tile" aria-pressed=${selected.has(shot.id) ? 'true' : 'false'} aria-label=${labelOf(shot)} @click=${choose}>
    ${picture}<span class="tick">${icons.check}</span>
  </button>`;
}

function toggled(selected: ReadonlySet<number>, id: number): ReadonlySet<number> {
  const next = new Set(selected);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** All from the one chosen last to this one, as with Shift in a list of files. */
function range(shots: readonly Shot[], selected: ReadonlySet<number>, to: Shot): ReadonlySet<number> {
  const last = [...selected].at(-1) ?? to.id;
  const ends = [shots.findIndex(({ id }) => id === last), shots.indexOf(to)].sort((a, b) => a - b);
  return new Set([...selected, ...shots.slice(ends[0], (ends[1] ?? 0) + 1).map(({ id }) => id)]);
}
