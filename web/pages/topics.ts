import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { prettyPayload, type TopicRow, TopicTable } from '../hub/topic-table.ts';
import { filterProblem } from '../mqtt/topics.ts';
import { fromAddress, rememberInAddress } from '../shell/navigation.ts';
import { Beat } from '../ui/beat.ts';
import { formatAge, formatCount } from '../ui/format.ts';
import { emptyBox, noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

const REDRAW_REST_MS = 100;
/** Rows drawn per group; more are counted, and the filter finds them. */
const MOST_ROWS = 200;

/** Everything on the broker as it passes by, and a box to publish. */
@customElement('topics-page')
export class TopicsPage extends PageElement {
  readonly #table = new TopicTable();
  readonly #beat = new Beat(REDRAW_REST_MS);
  @state() private filter = fromAddress('filter') || '#';
  @state() private words = '';
  @state() private selected = '';
  @state() private paused = false;
  @state() private sent: 'no' | 'busy' | 'yes' = 'no';
  @state() private failure = '';
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#beat.attach(this);
    this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  protected override render(): TemplateResult {
    const problem = filterProblem(this.filter);
    const groups = this.#table.groups(this.words);
    return html`<div class="stack loose">
      <header class="stack tight">
        <h1 tabindex="-1">Live topics</h1>
        <p class="soft">What <code>mosquitto_sub</code> would see, as it passes by.</p>
      </header>
      <div class="row end">
        <div class="field grow"><label for="filter">Filter</label>
          <input id="filter" class="mono" spellcheck="false" autocapitalize="off" .value=${this.filter} aria-invalid=${problem ? 'true' : 'false'}
            aria-describedby="filter-problem" @change=${this.#setFilter} /></div>
        <div class="field grow"><label for="words">Contains</label>
          <input id="words" type="search" .value=${this.words} @input=${this.#setWords} /></div>
        <button class="button" aria-pressed=${this.paused} @click=${this.#togglePause}>${this.paused ? 'Follow again' : 'Pause'}</button>
      </div>
      ${problem ? html`<p class="problem" id="filter-problem">${problem}</p>` : nothing}
      ${groups.length === 0 ? this.#renderEmpty() : groups.map(([root, rows]) => this.#renderGroup(root, rows))}
      ${this.#table.dropped > 0 ? noteBox('warn', `${formatCount(this.#table.dropped, 'message')} of further topics not shown: use a narrower filter.`) : nothing}
      <p class="small soft">${formatCount(this.#table.size, 'topic')}, ${formatCount(this.#table.received, 'message')} since this page was opened</p>
      ${this.#renderPublish()}
    </div>`;
  }

  #renderEmpty(): TemplateResult {
    const text = this.words
      ? 'No topic seen so far contains these words.'
      : 'Nothing was published here yet. Publish below, or start a plugin.';
    return emptyBox('topics', 'Silence', text);
  }

  #renderGroup(root: string, rows: readonly TopicRow[]): TemplateResult {
    const shown = rows.slice(0, MOST_ROWS);
    return html`<details class="topic-group" open>
      <summary><span class="mono">${root}</span> <span class="soft small">${rows.length}</span></summary>
      <ul class="topics">${repeat(
        shown,
        (row) => row.topic,
        (row) => this.#renderRow(row),
      )}</ul>
      ${rows.length > shown.length ? html`<p class="soft small">${rows.length - shown.length} more: use a narrower filter.</p>` : nothing}
    </details>`;
  }

  #renderRow(row: TopicRow): TemplateResult {
    const isOpen = this.selected === row.topic;
    const toggle = () => {
      this.selected = isOpen ? '' : row.topic;
    };
    return html`<li class="topic">
      <button class="topic-row" aria-expanded=${isOpen} @click=${toggle}>
        <span class="topic-name mono">${row.topic}</span>
        <span class="topic-text mono">${row.text}</span>
        <span class="chip ${row.retained ? '' : 'good'}">${row.retained ? 'retained' : 'live'}</span>
      </button>
      ${
        isOpen
          ? html`<div class="topic-detail stack tight">
        <p class="small soft">${formatAge(row.time, Date.now())} · ${formatCount(row.count, 'message')} · ${formatCount(row.bytes, 'byte')}</p>
        <pre tabindex="0" aria-label="Payload">${prettyPayload(row.text)}</pre>
      </div>`
          : nothing
      }
    </li>`;
  }

  #renderPublish(): TemplateResult {
    return html`<form class="card stack" aria-labelledby="publish" @submit=${this.#publish}>
      <h2 id="publish">Publish</h2>
      ${this.failure ? noteBox('bad', this.failure) : nothing}
      ${this.hub.isAdmin ? nothing : noteBox('info', 'You may look; only an admin may publish.')}
      <div class="field"><label for="topic">Topic</label><input id="topic" name="topic" class="mono" spellcheck="false" autocapitalize="off" required /></div>
      <div class="field"><label for="payload">Payload</label><textarea id="payload" name="payload" spellcheck="false"></textarea></div>
      <div class="row">
        <button class="button primary" ?disabled=${this.sent === 'busy' || !this.hub.isAdmin}>Publish</button>
        <label class="row"><input type="checkbox" name="retain" /> Retain</label>
        <span role="status" class="soft">${this.sent === 'yes' ? 'The broker has it.' : ''}</span>
      </div>
    </form>`;
  }

  readonly #setFilter = (event: Event): void => {
    this.filter = (event.target as HTMLInputElement).value.trim();
    rememberInAddress({ filter: this.filter === '#' ? undefined : this.filter });
    this.#follow();
  };

  readonly #setWords = (event: Event): void => {
    this.words = (event.target as HTMLInputElement).value;
  };

  readonly #togglePause = (): void => {
    this.paused = !this.paused;
  };

  readonly #publish = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.sent = 'busy';
    this.failure = '';
    try {
      await this.hub.mqtt.publish(String(form.get('topic')), String(form.get('payload')), form.get('retain') !== null);
      this.sent = 'yes';
    } catch (error) {
      this.sent = 'no';
      this.failure = (error as Error).message;
    }
  };

  #follow(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#table.clear();
    if (filterProblem(this.filter)) return;
    this.#stop = this.hub.mqtt.subscribe(this.filter, (message) => {
      if (this.paused) return;
      this.#table.take(message, Date.now());
      this.#beat.changed();
    });
  }
}
