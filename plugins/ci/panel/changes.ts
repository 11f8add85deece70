import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Change } from '../contract.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { authorName, changeName } from './words.ts';

/** Open changes: where each stands, and, for admins, what to do with it. */
@customElement('ci-changes')
export class ChangesPart extends Part {
  @state() private changes: readonly Change[] | undefined;
  @state() private problem = '';
  #asked = -1;

  protected override willUpdate(): void {
    if (this.#asked === this.ci.revision) return;
    this.#asked = this.ci.revision;
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.changes = await this.ci.changes();
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  protected override render(): TemplateResult {
    const { changes } = this;
    if (this.problem) return html`<p class="note bad" role="alert">${icons.warning}${this.problem}</p>`;
    if (!changes) return html`<p class="row soft" role="status"><span class="spinner"></span>Looking …</p>`;
    if (changes.length === 0)
      return html`<div class="empty"><div class="empty-icon">${icons.branch}</div><h2>No open changes</h2>
        <p class="soft">Propose one with <code>git push hub HEAD:refs/for/main</code>: it is checked at once, and merged when it is approved and passes.</p></div>`;
    return html`<ul class="plain stack tight">${repeat(
      changes,
      ({ key }) => key,
      (change) => this.#change(change),
    )}</ul>`;
  }

  #change(change: Change): TemplateResult {
    const [subject = ''] = change.message.split('\n');
    const name = changeName({ ...change, subject });
    const places = [...this.ci.pipelines.values()].filter(({ queues }) =>
      queues.some(({ items }) => items.some((item) => item.change.id === change.id)),
    );
    return html`<li class="card change">
      <div class="row apart">
        <h2>${change.url ? html`<a href=${change.url} rel="noreferrer">${name}</a>` : name} <span class="subject">${subject}</span></h2>
        <span class="row">${places.map(({ pipeline }) => html`<a class="chip info" href="#status">in ${pipeline}</a>`)} ${Object.entries(change.approvals).map(vote)}</span>
      </div>
      <p class="soft small">${[authorName(change.author), `for ${change.branch}`, change.dependsOn.length > 0 ? `needs ${change.dependsOn.join(', ')}` : ''].filter(Boolean).join(' · ')}
        · <a href=${hashOf({ at: 'builds', filter: { change: change.id } })}>builds</a></p>
      ${
        this.ci.api.admin
          ? this.#actions(
              change,
              name,
              places.map(({ pipeline }) => pipeline),
            )
          : nothing
      }
    </li>`;
  }

  #actions({ id }: Change, name: string, places: readonly string[]): TemplateResult {
    const { ci } = this;
    const button = (label: string, run: () => unknown, classes = '') =>
      html`<button class="button ${classes}" type="button" ?disabled=${ci.isBusy} @click=${run} aria-label="${label} ${name}">${label}</button>`;
    const free = [...ci.pipelines.values()].filter(({ pipeline }) => !places.includes(pipeline));
    const check = free.find(({ manager }) => manager === 'independent' && ci.pipelines.has('check'))?.pipeline;
    const gate = free.find(({ manager }) => manager === 'dependent')?.pipeline;
    return html`<div class="row">
      ${button('Approve', () => ci.command('approve', { change: id }, `${name} is approved.`), 'primary')}
      ${check === undefined ? nothing : button('Recheck', () => ci.command('enqueue', { pipeline: 'check', change: id }, `${name} is checked again.`))}
      ${gate === undefined ? nothing : button('Enqueue', () => ci.command('enqueue', { pipeline: gate, change: id }, `${name} is in ${gate}.`), 'quiet')}
      ${places.map((pipeline) => button(`Dequeue from ${pipeline}`, () => ci.command('dequeue', { pipeline, change: id }, `${name} is out of ${pipeline}.`), 'quiet'))}
    </div>`;
  }
}

function vote([label, values]: readonly [string, readonly number[]]): unknown {
  const deciding = values.find((value) => value < 0) ?? Math.max(0, ...values);
  if (deciding === 0) return nothing;
  return html`<span class="chip ${deciding < 0 ? 'bad' : 'good'}">${label} ${deciding > 0 ? '+' : '−'}${Math.abs(deciding)}</span>`;
}
