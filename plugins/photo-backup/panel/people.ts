import type { JsonObject } from 'cupboard/sdk';
import { html, nothing } from 'lit';
import { Part } from './part.ts';

/** For the people who will look for the photos one day: the letter, and who may look at the copy. */
class PeopleCard extends Part {
  private commands: readonly { readonly target: string; readonly commands: readonly string[] }[] = [];

  private async letter(): Promise<void> {
    await this.ask('Writing the letter', 'letter');
  }

  private async readers(): Promise<void> {
    const answer = await this.ask('Looking', 'readers');
    this.commands = answer.ok ? (answer['targets'] as unknown as typeof this.commands) : [];
    this.requestUpdate();
  }

  override render() {
    const link = (name: string, text: string) =>
      html`<a href="/plugins/${this.api.plugin}/letter.${name}" target="_blank" rel="noopener">${text}</a>`;
    return html`<article class="card stack">
      <h2>If you are not there</h2>
      <p class="soft">Each copy holds README.txt, index.html, photos.csv and MANIFEST.sha256: whoever finds it needs no key and no program.
        Print the letter and keep it where important papers are.</p>
      ${
        this.api.admin
          ? html`<div class="row">
              <button class="button" ?disabled=${this.busy !== undefined} @click=${this.letter}>Write the letter</button>
              <button class="button" ?disabled=${this.busy !== undefined} @click=${this.readers}>How readers get in</button>
            </div>`
          : nothing
      }
      ${this.result((answer) => ('html' in answer ? this.written(answer, link) : 'Run these where you are signed in as the owner:'))}
      ${this.commands.map(({ target, commands }) => html`<h3>${target}</h3><pre class="wrap">${commands.join('\n')}</pre>`)}
    </article>`;
  }

  private written({ pdf, advice }: JsonObject, link: (name: string, text: string) => unknown) {
    return html`The letter is written: ${link('html', 'look at it')}${pdf === null ? html`. ${advice}` : html` or ${link('pdf', 'print the PDF')}.`}`;
  }
}
customElements.define('backup-people', PeopleCard);
