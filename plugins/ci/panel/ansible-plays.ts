import { html, nothing, type TemplateResult } from 'lit';
import type { AnsiblePlay } from '../view.ts';
import { watchOf } from './words.ts';

const MOODS = { ok: 'good', changed: 'info', failed: 'bad', unreachable: 'bad', skipped: '' } as const;

/** What Ansible did on which host, and how long it took. */
export function ansiblePlays(plays: readonly AnsiblePlay[]): TemplateResult {
  return html`<section class="card stack" aria-label="Ansible">
    <h3>Plays and tasks</h3>
    ${plays.map(
      ({ name, playbook, tasks }) => html`<div>
        <h4>${name} <span class="soft small">${playbook}</span></h4>
        <ul class="plain steps">${tasks.map((task) =>
          Object.entries(task.hosts).map(
            ([host, { result, duration, message }]) => html`<li>
              <span class="wrap">${task.name} <span class="soft small">on ${host}</span></span>
              <span class="chip ${MOODS[result]}">${result}</span>
              <span class="took small tabular">${watchOf(duration)}</span>
              ${message ? html`<pre class="said" tabindex="0" role="group" aria-label="What ${task.name} said">${message}</pre>` : nothing}
            </li>`,
          ),
        )}</ul>
      </div>`,
    )}
  </section>`;
}
