import { html, nothing } from 'lit';
import type { DrillResult } from '../drill.ts';
import { Part } from './part.ts';

interface Drills {
  readonly state: 'never' | 'ok' | 'failed';
  readonly drills: readonly DrillResult[];
}

/** Whether a week fetched back was whole, and which files were not. */
class DrillCard extends Part {
  private drills: Drills | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.hear<Drills>('drill', (drills) => {
      this.drills = drills;
    });
  }

  override render() {
    const { state, drills } = this.drills ?? { state: 'never', drills: [] };
    const [look, text] = CHIPS[state];
    return html`<article class="card stack">
      <div class="row apart"><h2>Restore drill</h2><span class="chip ${look}">${text}</span></div>
      <p class="soft">Once a month a random week is fetched back, with a key that may only read, and every file is checked.</p>
      ${drills.map((drill) => this.drill(drill))}
      ${this.result(() => 'Every file of the week was whole.')}
      ${
        this.api.admin
          ? html`<div><button class="button" ?disabled=${this.busy !== undefined} @click=${() => this.ask('Fetching a week', 'drill')}>Run a drill now</button></div>`
          : nothing
      }
    </article>`;
  }

  private drill({ target, time, ok, week, files, bytes, reader, failed, failed_count }: DrillResult) {
    const megabytes = (bytes / 1e6).toFixed(1);
    return html`<div class="note ${ok ? 'good' : 'bad'}" role=${ok ? nothing : 'alert'}>
      <div class="stack tight grow">
        <p><b>${target}</b>, ${this.at(time)}${week === null ? nothing : html`: ${week}`}</p>
        ${
          ok
            ? html`<p>${files} files, ${megabytes} MB, all whole.</p>`
            : html`<p><b>${failed_count} could not be restored.</b> Do not rely on this copy until this is mended: run verify with read_back.</p>
                <ul class="wrap">${failed.map(({ path, reason }) => html`<li><b>${path}</b>: ${reason}</li>`)}</ul>`
        }
        ${reader !== false ? nothing : html`<p class="small soft">Done with the key that writes; set a reader key to prove that a reader gets in.</p>`}
      </div>
    </div>`;
  }
}

const CHIPS = { never: ['', 'not yet'], ok: ['good', 'passed'], failed: ['bad', 'failed'] } as const;
customElements.define('backup-drill', DrillCard);
