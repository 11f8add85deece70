import { LitElement } from 'lit';

/** Draws into the document itself, so that labels, landmarks and the style sheets reach across elements. */
export abstract class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
