import type { MountPanel } from 'cupboard/sdk/panel';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import './panel/build.ts';
import './panel/builds.ts';
import './panel/changes.ts';
import { Ci } from './panel/ci.ts';
import './panel/image-log.ts';
import './panel/images.ts';
import './panel/nodes.ts';
import { Part } from './panel/part.ts';
import { hashOf, type Place, parsePlace } from './panel/place.ts';
import './panel/status.ts';
import { style } from './panel/style.ts';

const TABS = [
  ['status', 'Status'],
  ['changes', 'Changes'],
  ['builds', 'Builds'],
  ['images', 'Images'],
  ['nodes', 'Nodes'],
] as const;
const TAB_OF: Readonly<Record<string, string>> = { build: 'builds', image: 'images' };

/** The CI: queues, builds, changes, images and nodes. Which of them is shown stands in the address after the `#`. */
@customElement('ci-panel')
export class CiPanel extends Part {
  @state() private place: Place = parsePlace(location.hash);

  override connectedCallback(): void {
    super.connectedCallback();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
    addEventListener('hashchange', this.#move);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== style);
    removeEventListener('hashchange', this.#move);
    this.ci.close();
  }

  protected override render(): TemplateResult {
    const { at } = this.place;
    const { outcome } = this.ci;
    return html`<div class="ci stack">
      <div class="row apart"><nav class="segments" aria-label="CI">
        ${TABS.map(([name, label]) => {
          const href = name === 'builds' ? '#builds' : hashOf({ at: name });
          return html`<a href=${href} aria-current=${name === (TAB_OF[at] ?? at) ? 'page' : nothing}>${label}</a>`;
        })}
      </nav>${this.ci.isSimulated ? html`<span class="chip">simulated</span>` : nothing}</div>
      ${outcome ? html`<p class="note ${outcome.mood}" role="status">${outcome.text}</p>` : nothing} ${this.#view()}
    </div>`;
  }

  #view(): TemplateResult {
    const { ci, place } = this;
    switch (place.at) {
      case 'status':
        return html`<ci-status .ci=${ci}></ci-status>`;
      case 'changes':
        return html`<ci-changes .ci=${ci}></ci-changes>`;
      case 'builds':
        return html`<ci-builds .ci=${ci} .filter=${place.filter}></ci-builds>`;
      case 'build':
        return html`<ci-build .ci=${ci} .build=${place.id}></ci-build>`;
      case 'images':
        return html`<ci-images .ci=${ci}></ci-images>`;
      case 'image':
        return html`<ci-image-log .ci=${ci} .image=${place.id}></ci-image-log>`;
      case 'nodes':
        return html`<ci-nodes .ci=${ci}></ci-nodes>`;
    }
  }

  readonly #move = (): void => {
    this.place = parsePlace(location.hash);
    this.ci.outcome = undefined;
  };
}

const mount: MountPanel = (element, api) => {
  const panel = new CiPanel();
  panel.ci = new Ci(api);
  element.append(panel);
  return () => panel.remove();
};
export default mount;
