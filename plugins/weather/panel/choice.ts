import { html, type TemplateResult } from 'lit';

/** One of a few, side by side. */
export function choice<T extends string>(
  label: string,
  names: readonly T[],
  chosen: T,
  text: (name: T) => string,
  onChoose: (name: T) => void,
): TemplateResult {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${names.map(
      (
        name,
      ) => html`<button type="button" aria-pressed=${name === chosen ? 'true' : 'false'} @click=${() => onChoose(name)}>
        ${text(name)}
      </button>`,
    )}
  </div>`;
}
