import { html, nothing } from 'lit';
import { fieldOf, Part } from './part.ts';

interface Weeks {
  /** Per week and target, how many files are there. */
  readonly weeks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
interface Progress {
  readonly done: number;
  readonly total: number;
  readonly message?: string;
}

/** Fetches a week, or everything, into a folder of this machine. */
class RestoreCard extends Part {
  private weeks: Weeks['weeks'] = {};
  private progress: Progress | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.hear<Weeks>('weeks', (state) => {
      this.weeks = state?.weeks ?? {};
    });
    this.hear<Progress>('progress/restore', (progress) => {
      this.progress = progress;
    });
  }

  private readonly restore = (event: Event): void => {
    event.preventDefault();
    const [week, target] = [fieldOf(event, 'week'), fieldOf(event, 'target')];
    this.progress = undefined;
    void this.ask('Restoring', 'restore', {
      to: fieldOf(event, 'to'),
      ...(week === '' ? { all: true } : { week }),
      ...(target !== '' && { target }),
    });
  };

  override render() {
    if (!this.api.admin) return nothing;
    const weeks = Object.keys(this.weeks).toSorted().reverse();
    const targets = [...new Set(Object.values(this.weeks).flatMap((week) => Object.keys(week)))].toSorted();
    const { progress } = this;
    return html`<article class="card stack">
      <h2>Restore</h2>
      <p class="soft">Nothing that lies in the folder is overwritten. After an interruption the same request goes on.</p>
      <form class="stack" @submit=${this.restore}>
        <div class="field"><label for="restore-week">Week</label>
          <select id="restore-week" name="week"><option value="">all</option>${weeks.map((week) => html`<option>${week}</option>`)}</select></div>
        <div class="field"><label for="restore-target">From</label>
          <select id="restore-target" name="target"><option value="">the first that has it</option>${targets.map((target) => html`<option>${target}</option>`)}</select></div>
        <div class="field"><label for="restore-to">Into the folder</label>
          <input id="restore-to" name="to" required pattern="/.*" placeholder="/mnt/disk/photos" autocomplete="off" /></div>
        <div><button class="button" ?disabled=${this.busy !== undefined}>Restore</button></div>
      </form>
      ${this.busy !== undefined && progress !== undefined ? html`<progress aria-label="Restored" class="grow" max=${progress.total} value=${progress.done}></progress><p class="small wrap">${progress.done} of ${progress.total} ${progress.message ?? ''}</p>` : nothing}
      ${this.result(({ restored, present }) => html`${restored} files restored, ${present} were there already.`)}
      ${this.failures()}
    </article>`;
  }

  private failures() {
    const failed = (this.answer?.['failed'] ?? []) as readonly { path: string; reason: string }[];
    return failed.length === 0
      ? nothing
      : html`<ul class="wrap">${failed.map(({ path, reason }) => html`<li><b>${path}</b>: ${reason}</li>`)}</ul>`;
  }
}
customElements.define('backup-restore', RestoreCard);
