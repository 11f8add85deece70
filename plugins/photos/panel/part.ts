import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { Album } from './album.ts';

/** A part of the panel. It draws into the page itself, so that its style sheet applies, and again when the album changes. */
export abstract class Part extends LitElement {
  @property({ attribute: false }) album!: Album;
  #end: (() => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#end = this.album.onChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end?.();
  }
}
