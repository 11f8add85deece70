import { html, nothing, type TemplateResult } from 'lit';
import { icons } from './icons.ts';
import { sizeOf } from './words.ts';

export interface Artifacts {
  readonly artifacts: readonly { readonly path: string; readonly bytes: number }[];
  readonly more: boolean;
}

/** What was kept of the workspace. */
export function artifactList({ artifacts, more }: Artifacts, addressOf: (path: string) => string): TemplateResult {
  const address = (path: string) => addressOf(path.split('/').map(encodeURIComponent).join('/'));
  return html`<section class="card stack tight" aria-label="Artifacts">
    <h3>Artifacts</h3>
    <ul class="plain files">${artifacts.map(
      ({ path, bytes }) =>
        html`<li><a href=${address(path)} target="_blank" rel="noreferrer">${icons.file}<span class="wrap">${path}</span></a><span class="soft small tabular">${sizeOf(bytes)}</span></li>`,
    )}</ul>
    ${more ? html`<p class="soft small">There are more than are listed here.</p>` : nothing}
  </section>`;
}
