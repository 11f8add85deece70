import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { ImageStatus } from '../view.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { type Mood, momentOf, sizeOf, spanOf, watchOf } from './words.ts';

type State = ImageStatus['state'] | 'uploading';
const MOODS: Readonly<Record<State, Mood>> = {
  missing: 'warn',
  building: 'info',
  testing: 'info',
  uploading: 'info',
  ready: 'good',
  failed: 'bad',
  waiting: 'warn',
};

/** The images that nodes are made from: what is in use, what is being built, and what was wrong. */
@customElement('ci-images')
export class ImagesPart extends Part {
  protected override render(): TemplateResult {
    const images = [...this.ci.images.values()].sort((a, b) => a.name.localeCompare(b.name));
    if (images.length === 0)
      return html`<div class="empty"><h2>No images</h2><p class="soft">Name one in the settings, such as <code>images: {bookworm: {suite: bookworm}}</code>: nodes are made from it.</p></div>`;
    return html`<ul class="plain images">${images.map((image) => this.#image(image))}</ul>`;
  }

  #image(image: ImageStatus): TemplateResult {
    const { ci } = this;
    const build = () => ci.command('build-image', { image: image.name }, `${image.name} is being built.`);
    const isBuilding = image.state === 'building' || image.state === 'testing';
    return html`<li class="card stack tight">
      <div class="row apart"><h2>${image.name}</h2>
        <span class="row">${stateChip(image.state)}</span></div>
      ${image.reason ? html`<p class="note ${MOODS[image.state] || 'info'}">${icons.warning}<span>${image.reason}${image.advice ? html`<br />${image.advice}` : nothing}</span></p>` : nothing}
      ${
        image.builds.length === 0
          ? html`<p class="soft">It was not built yet.</p>`
          : html`<div class="wide" tabindex="0" role="group" aria-label="Builds of ${image.name}"><table class="table"><tbody>${image.builds.map(
              (
                each,
              ) => html`<tr><th scope="row"><a href=${hashOf({ at: 'image', id: each.id })}>${momentOf(each.started, ci.api.hub.timezone)}</a>${each.reason ? html`<br /><span class="soft small">${each.reason}</span>` : nothing}</th>
                <td>${stateChip(each.state)}</td><td class="number">${each.duration === null ? '' : watchOf(each.duration)}</td><td class="number">${each.bytes === undefined ? '' : sizeOf(each.bytes)}</td></tr>`,
            )}</tbody></table></div>`
      }
      ${image.uploads?.map(({ target, state, reason }) => html`<p class="row small"><span class="grow">to ${target}${reason ? html` <span class="soft">${reason}</span>` : nothing}</span>${stateChip(state)}</p>`)}
      <div class="row apart">
        <span class="soft small">${image.next === undefined ? '' : image.next > Date.now() ? `next in ${spanOf(image.next - Date.now())}` : 'next build is due'}</span>
        ${ci.api.admin ? html`<button class="button" type="button" ?disabled=${ci.isBusy || isBuilding} @click=${build}>Build now</button>` : nothing}
      </div>
    </li>`;
  }
}

const stateChip = (state: State): TemplateResult => html`<span class="chip ${MOODS[state]}">${state}</span>`;
