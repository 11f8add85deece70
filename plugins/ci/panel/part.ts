import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { Ci } from './ci.ts';

/** A part of the panel. It draws into the page itself, so that its style sheet applies, and again when anything changes. */
export abstract class Part extends LitElement {
  @property({ attribute: false }) ci!: Ci;
  #end: (() => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#end = this.ci.onChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end?.();
  }
}
