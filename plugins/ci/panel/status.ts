import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ItemStatus, PipelineStatus, QueueStatus } from '../view.ts';
import { icons } from './icons.ts';
import { lanesOf } from './lanes.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { queueItem } from './queue-item.ts';

/** Items of one queue that are drawn before one asks for all. */
const SHOWN = 60;
/** With no more items than this in sight, their jobs are in sight too. */
const OPEN_UP_TO = 12;
/** Queues that merge stand beside those that do not, so that none moves when another grows. */
const COLUMNS = ['dependent', 'independent'] as const;
const PRECEDENCE = ['high', 'normal', 'low'];

/** All pipelines with their queues: what is tested, on top of what, how far it is, and why it waits. */
@customElement('ci-status')
export class StatusPart extends Part {
  /** Items that somebody opened or closed, by pipeline and item. */
  @state() private toggled: ReadonlyMap<string, boolean> = new Map();
  @state() private whole: ReadonlySet<string> = new Set();

  protected override render(): TemplateResult {
    const pipelines = [...this.ci.pipelines.values()].sort(
      (a, b) =>
        PRECEDENCE.indexOf(a.precedence) - PRECEDENCE.indexOf(b.precedence) || a.pipeline.localeCompare(b.pipeline),
    );
    if (pipelines.length === 0)
      return html`<p class="row soft" role="status"><span class="spinner"></span>Waiting for the pipelines …</p>`;
    const total = pipelines.reduce((sum, pipeline) => sum + itemsOf(pipeline), 0);
    return html`<div class="stack">
      ${this.#counts(total)}
      <div class="pipelines">${COLUMNS.map((manager) =>
        this.#column(
          pipelines.filter((each) => each.manager === manager),
          total,
        ),
      )}</div>
    </div>`;
  }

  #column(pipelines: readonly PipelineStatus[], total: number): unknown {
    if (pipelines.length === 0) return nothing;
    return html`<div>${repeat(
      pipelines,
      ({ pipeline }) => pipeline,
      (pipeline) => this.#pipeline(pipeline, total),
    )}</div>`;
  }

  #counts(items: number): TemplateResult {
    const nodes = [...this.ci.nodes.values()];
    const used = nodes.filter(({ state }) => state === 'in-use').length;
    const held = nodes.filter(({ state }) => state === 'hold').length;
    const words = [
      items === 0 ? 'Nothing to test' : `${items} ${items === 1 ? 'item' : 'items'} under test`,
      used === 0 ? '' : `${used} ${used === 1 ? 'node' : 'nodes'} in use`,
      held === 0 ? '' : `${held} held`,
    ];
    return html`<p class="soft small">${words.filter(Boolean).join(' · ')}</p>`;
  }

  #pipeline(pipeline: PipelineStatus, total: number): TemplateResult {
    const count = itemsOf(pipeline);
    return html`<section class="card pipeline" aria-label="Pipeline ${pipeline.pipeline}">
      <header>
        <div class="row apart">
          <h2>${pipeline.pipeline}</h2>
          <span class="row"><span class="chip ${count > 0 ? 'info' : ''}">${count}</span></span>
        </div>
        ${pipeline.description ? html`<p class="soft small">${pipeline.description}</p>` : nothing}
      </header>
      ${pipeline.paused ? html`<p class="note warn">${icons.pause}Nothing new is started: ${pipeline.paused}.</p>` : nothing}
      ${count === 0 ? html`<p class="soft small nothing">Nothing here. <a href=${hashOf({ at: 'builds', filter: { pipeline: pipeline.pipeline } })}>Earlier builds</a></p>` : nothing}
      ${pipeline.queues.filter(({ items }) => items.length > 0).map((queue) => this.#queue(pipeline, queue, total))}
      ${pipeline.more ? html`<p class="soft small">And ${pipeline.more} more behind them.</p>` : nothing}
    </section>`;
  }

  #queue(pipeline: PipelineStatus, queue: QueueStatus, total: number): TemplateResult {
    const { items } = queue;
    const lanes = lanesOf(items);
    const width = Math.max(...lanes.map(({ lane }) => lane)) + 1;
    const byId = new Map(items.map((item) => [item.id, item]));
    const key = `${pipeline.pipeline} ${queue.name}`;
    const shown = this.whole.has(key) ? items : items.slice(0, SHOWN);
    const now = Date.now();
    const showAll = () => {
      this.whole = new Set([...this.whole, key]);
    };
    return html`<section class="queue">
      ${
        pipeline.manager === 'dependent'
          ? html`<h3 class="queue-name">${queue.name}${queue.window !== undefined && items.length > 1 ? html`<span class="soft"> · window ${queue.window}</span>` : nothing}</h3>`
          : html`<h3 class="visually-hidden">${queue.name}</h3>`
      }
      <ol class="items">
        ${repeat(
          shown,
          ({ id }) => id,
          (item, row) => {
            const isOpen = this.#isOpen(pipeline, item, total);
            return queueItem({
              ci: this.ci,
              pipeline,
              item,
              ahead: item.ahead === null ? undefined : byId.get(item.ahead),
              lane: lanes[row]!,
              lanes: width,
              isHead: row === 0,
              isOpen,
              onToggle: () => {
                this.toggled = new Map([...this.toggled, [`${pipeline.pipeline} ${item.id}`, !isOpen]]);
              },
              now,
            });
          },
        )}
      </ol>
      ${shown.length < items.length ? html`<button class="button" type="button" @click=${showAll}>Show ${items.length - shown.length} more</button>` : nothing}
    </section>`;
  }

  #isOpen(pipeline: PipelineStatus, item: ItemStatus, total: number): boolean {
    return this.toggled.get(`${pipeline.pipeline} ${item.id}`) ?? (total <= OPEN_UP_TO && item.is_active);
  }
}

const itemsOf = ({ queues, more = 0 }: PipelineStatus) => queues.reduce((sum, { items }) => sum + items.length, more);
