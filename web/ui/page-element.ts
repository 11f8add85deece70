import { property } from 'lit/decorators.js';
import type { Hub } from '../hub/hub.ts';
import { LightElement } from './light-element.ts';

/** One page of the shell. */
export abstract class PageElement extends LightElement {
  @property({ attribute: false }) hub!: Hub;
  /** From the path, for pages about one plugin. */
  @property({ attribute: false }) itemId = '';
}
