import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { Hub } from '../hub/hub.ts';

/** Draws into the document itself, so that labels, landmarks and the style sheets reach across elements. */
export abstract class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** One page of the shell. */
export abstract class PageElement extends LightElement {
  @property({ attribute: false }) hub!: Hub;
  /** From the path, for pages about one plugin. */
  @property({ attribute: false }) itemId = '';
}
