import { html, nothing, type TemplateResult } from 'lit';
import type { FileKind } from '../catalogue.ts';
import type { Picture, Shot } from '../gallery/contract.ts';
import type { Album } from './album.ts';
import { icons } from './icons.ts';
import { momentOf } from './words.ts';

/** A small picture; where there is none to show, the sign of its kind. */
export function thumb(album: Album, picture: Picture, kind: FileKind = 'photo'): TemplateResult {
  return html`<span class="thumb">
    ${kind === 'video' ? icons.film : icons.photo}
    <img src=${album.picture(picture, 'tile')} alt="" loading="lazy" decoding="async" width="400" height="400" @load=${show} @error=${hide} />
  </span>`;
}

const show = (event: Event) => (event.currentTarget as HTMLElement).removeAttribute('hidden');
const hide = (event: Event) => (event.currentTarget as HTMLElement).setAttribute('hidden', '');

/** What the corners of a thumbnail say: film, RAW beside it, no copy to trust. */
export function badges({ kind, files, latitude, caption }: Shot): TemplateResult {
  const isDoubtful = files.some(({ state }) => state === 'rot' || state === 'missing');
  const hasRaw = files.some((file) => file.kind === 'raw');
  return html`<span class="badges" aria-hidden="true">
      ${kind === 'video' ? html`<span>${icons.play}</span>` : nothing} ${hasRaw ? html`<span>RAW</span>` : nothing}
      ${isDoubtful ? html`<span class="bad">${icons.warning}</span>` : nothing}
    </span>
    <span class="badges low" aria-hidden="true">
      ${caption ? html`<span>${icons.text}</span>` : nothing} ${latitude === null ? nothing : html`<span>${icons.pin}</span>`}
    </span>`;
}

/** For who listens: what the thumbnail shows at a glance. */
export function labelOf({ kind, captured, caption, name, files }: Shot): string {
  const what = kind === 'video' ? 'Video' : 'Photo';
  const doubt = files.find(({ state }) => state === 'rot' || state === 'missing')?.state;
  return [caption || name, what, captured ? momentOf(captured) : 'without a date', doubt].filter(Boolean).join(', ');
}
