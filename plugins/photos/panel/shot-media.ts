import { html, type TemplateResult } from 'lit';
import type { Shot } from '../gallery/contract.ts';
import type { Album } from './album.ts';
import { icons } from './icons.ts';

/** The picture of a shot as commands name it; what is said of it is said of all files of the shot. */
export const pathOf = ({ folder, name }: Shot): string => `${folder}/${name}`;

/** A shot as large as there is room: the picture for a screen, or the film itself. */
export function media(album: Album, shot: Shot): TemplateResult {
  const name = shot.caption || shot.name;
  if (shot.kind === 'video')
    return html`<video src=${album.original(shot.id)} poster=${album.picture(shot, 'screen')} controls preload="metadata" aria-label=${name}></video>`;
  return html`<img class="large" src=${album.picture(shot, 'screen')} alt=${name} draggable="false" @error=${toOriginal(album, shot)} @load=${clear} />
    <p class="large-none soft">${icons.photo} This file holds no picture that can be shown here. <a href="${album.original(shot.id)}?download" download>Download it</a></p>`;
}

/** Without the hub's own picture the browser may still know the file's format, unless it is one of a camera maker. */
const toOriginal =
  (album: Album, { id, kind }: Shot) =>
  (event: Event): void => {
    const image = event.currentTarget as HTMLImageElement;
    const original = album.original(id);
    if (kind === 'photo' && !image.src.endsWith(original)) image.src = original;
    else image.hidden = true;
  };

function clear(event: Event): void {
  (event.currentTarget as HTMLImageElement).hidden = false;
}
