import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { NodeStatus } from '../view.ts';
import { icons } from './icons.ts';
import { Part } from './part.ts';
import { buildHash } from './place.ts';
import { type Mood, spanOf } from './words.ts';

const MOODS: Readonly<Record<NodeStatus['state'], Mood>> = {
  building: 'info',
  ready: 'good',
  'in-use': 'info',
  hold: 'warn',
  deleting: '',
  failed: 'bad',
};

/** Nodes: which build each is for, and the way into those that are held. */
@customElement('ci-nodes')
export class NodesPart extends Part {
  protected override render(): TemplateResult {
    const nodes = [...this.ci.nodes.values()].sort((a, b) => a.since - b.since);
    const held = nodes.filter(({ state }) => state === 'hold');
    return html`<div class="stack">
      ${held.map((node) => this.#held(node))}
      ${
        nodes.length === 0
          ? html`<div class="empty"><h2>No nodes</h2><p class="soft">A node is made when a build needs one, and is gone when the build is done.</p></div>`
          : html`<div class="table-frame" tabindex="0" role="group" aria-label="Nodes"><table class="table">
              <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Build</th><th scope="col">Made of</th><th scope="col">For</th></tr></thead>
              <tbody>${nodes.map((node) => this.#row(node))}</tbody></table></div>`
      }
      ${this.ci.api.admin ? this.#autohold() : nothing}
    </div>`;
  }

  #row({ node, state, label, image, mode, since, build, job, reason }: NodeStatus): TemplateResult {
    return html`<tr><th scope="row"><code>${node}</code></th>
      <td><span class="chip ${MOODS[state]}">${state === 'in-use' ? 'in use' : state}</span>${reason ? html`<br /><span class="soft small">${reason}</span>` : nothing}</td>
      <td>${build ? html`<a href=${buildHash(build)}>${job ?? build.slice(0, 7)}</a>` : nothing}</td>
      <td>${image ?? label} ${mode === 'process' ? html`<span class="chip warn">not isolated</span>` : html`<span class="soft small">${mode}</span>`}</td>
      <td class="tabular">${spanOf(Date.now() - since)}</td></tr>`;
  }

  #held({ node, job, reason }: NodeStatus): TemplateResult {
    const command = `cupboard run ci shell ${node}`;
    const copy = async (event: Event) => {
      const button = event.currentTarget as HTMLButtonElement;
      await copyText(command, button.previousElementSibling!);
      button.classList.add('copied');
    };
    return html`<section class="card stack tight" aria-label="Held node ${node}">
      <h2>${node} is held${job ? ` with what ${job} left` : ''}</h2>
      ${reason ? html`<p class="soft">${reason}</p>` : nothing}
      <div class="row"><code class="command grow">${command}</code><button class="button" type="button" @click=${copy}>${icons.copy}Copy</button></div>
    </section>`;
  }

  #autohold(): TemplateResult {
    const hold = (event: SubmitEvent) => {
      event.preventDefault();
      const job = String(new FormData(event.currentTarget as HTMLFormElement).get('job')).trim();
      void this.ci.command('autohold', { job }, `The node of the next ${job} that fails is kept.`);
    };
    return html`<form class="card row end" @submit=${hold}>
      <div class="field grow"><label for="ci-autohold">Keep the node when this job fails next</label>
        <input id="ci-autohold" name="job" required placeholder="unit" autocomplete="off" /></div>
      <button class="button" ?disabled=${this.ci.isBusy}>Keep it</button>
    </form>`;
  }
}

/** Without TLS a page may not write to the clipboard: then the text is selected, to be copied by hand. */
async function copyText(text: string, shown: Element): Promise<void> {
  if (isSecureContext) return navigator.clipboard.writeText(text);
  getSelection()?.selectAllChildren(shown);
  document.execCommand('copy');
}
