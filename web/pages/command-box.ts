import type { CommandResult, JsonObject } from 'cupboard/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '../forms/schema-form.ts';
import { problemsByPath, type Schema } from '../forms/schema.ts';
import type { SchemaForm } from '../forms/schema-form.ts';
import { ApiError, type CommandDeclaration, type Plugin } from '../hub/api.ts';
import { icons } from '../ui/icons.ts';
import { noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

/** One command with its arguments and its last answer. */
@customElement('command-box')
export class CommandBox extends PageElement {
  @property({ attribute: false }) plugin!: Plugin;
  @property({ attribute: false }) name!: string;
  @property({ attribute: false }) command!: CommandDeclaration;
  @state() private answer: CommandResult | undefined;
  @state() private failure = '';
  @state() private problems: ReadonlyMap<string, string> = new Map();
  @state() private busy = false;

  protected override render(): TemplateResult {
    const schema = (this.command.args ?? {}) as Schema;
    const isAllowed = this.hub.isAdmin || !this.command.admin;
    return html`<details class="card">
      <summary><span class="mono">${this.name}</span> <span class="soft small">${this.command.description}</span></summary>
      <form class="stack" @submit=${this.#send}>
        ${isAllowed ? nothing : noteBox('info', 'Only an admin may send this command.')}
        <schema-form .schema=${schema} .problems=${this.problems} ?disabled=${!isAllowed}></schema-form>
        <div><button class="button" ?disabled=${this.busy || !isAllowed}>${icons.play} ${this.busy ? 'Waiting for the answer …' : 'Send'}</button></div>
        ${this.failure ? noteBox('bad', this.failure) : nothing}
        ${this.answer ? html`<pre class="answer ${this.answer.ok ? 'good' : 'bad'}" tabindex="0" aria-label="Answer">${JSON.stringify(this.answer, null, 2)}</pre>` : nothing}
      </form>
    </details>`;
  }

  readonly #send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = (event.target as HTMLFormElement).querySelector('schema-form') as SchemaForm;
    if (!form.isValid) return;
    this.busy = true;
    this.failure = '';
    this.problems = new Map();
    try {
      this.answer = await this.hub.api.command(this.plugin.id, this.name, form.value as JsonObject);
    } catch (error) {
      if (error instanceof ApiError && error.problems.length > 0)
        this.problems = problemsByPath(error.problems, 'body');
      else this.failure = (error as Error).message;
    }
    this.busy = false;
  };
}
