import { html, nothing, svg, type TemplateResult } from 'lit';
import type { ItemStatus, PipelineStatus } from '../view.ts';
import type { Ci } from './ci.ts';
import { icons } from './icons.ts';
import { faceChip, jobRow } from './job-row.ts';
import type { Lane } from './lanes.ts';
import { authorName, changeName, type Face, faceOf, isUnderWay, type Mood, spanOf } from './words.ts';

export interface ShownItem {
  readonly ci: Ci;
  readonly pipeline: PipelineStatus;
  readonly item: ItemStatus;
  /** The item it is tested on top of. */
  readonly ahead: ItemStatus | undefined;
  readonly lane: Lane;
  readonly lanes: number;
  readonly isHead: boolean;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly now: number;
}

const LANE = 18;
const DOT_Y = 27;

/** An item of a queue, beside the line that says what it is tested on top of. */
export function queueItem(shown: ShownItem): TemplateResult {
  const { item, isOpen, ci, now } = shown;
  const { change } = item;
  const face = itemFace(item);
  const name = changeName(change);
  const lastReset = item.resets.at(-1);
  return html`<li class="item ${item.is_active ? '' : 'idle'}">
    ${gutter(shown, face.mood)}
    <article class="item-body" aria-label=${name}>
      <div class="item-head">
        <h4>${change.url ? html`<a href=${change.url} rel="noreferrer">${name}</a>` : name}</h4>
        ${faceChip(face)}
        <span class="item-tools">${ci.api.admin && item.live ? actions(shown) : nothing}
        <button class="disclose" type="button" aria-expanded=${isOpen} aria-label="Jobs of ${name}" @click=${shown.onToggle}>${isOpen ? icons.up : icons.down}</button></span>
      </div>
      <p class="item-subject">${change.subject}</p>
      <p class="soft small">${placeWords(shown)}</p>
      ${item.failing.length > 0 ? html`<p class="small item-note bad">${icons.cross}<span>${item.failing.join('; ')}</span></p>` : nothing}
      ${
        lastReset
          ? html`<p class="small item-note warn">${icons.again}<span>Started over ${spanOf(now - lastReset.time)} ago: ${lastReset.reason}${item.resets.length > 1 ? ` (${item.resets.length} times in all)` : ''}</span></p>`
          : nothing
      }
      ${isOpen ? html`<ul class="jobs">${item.jobs.map((job) => jobRow(job, now))}</ul>` : squares(item)}
    </article>
  </li>`;
}

function itemFace(item: ItemStatus): Face {
  if (item.failing.length > 0) return { mood: 'bad', text: 'failing', icon: icons.cross };
  if (!item.is_active) return { mood: '', text: 'not yet', icon: icons.clock };
  if (!item.live) return { mood: '', text: 'needed by others', icon: icons.branch };
  if (item.jobs.length > 0 && item.jobs.every(({ result }) => result !== null))
    return { mood: 'good', text: 'ready', icon: icons.check };
  return item.jobs.some(({ state }) => isUnderWay(state))
    ? { mood: 'info', text: 'testing', icon: icons.play }
    : { mood: '', text: 'waiting', icon: icons.clock };
}

/** What it is tested on top of, since when it is here, how long it should take. */
function placeWords({ item, ahead, pipeline, now }: ShownItem): string {
  const on =
    pipeline.manager === 'independent' && !ahead ? '' : `on ${ahead ? changeName(ahead.change) : item.change.branch}`;
  const left = item.eta === undefined ? '' : item.eta > now ? `about ${spanOf(item.eta - now)} left` : 'any moment now';
  const window = item.is_active ? '' : 'beyond the window';
  return [authorName(item.change.author), on, window, `here for ${spanOf(now - item.enqueued)}`, left]
    .filter(Boolean)
    .join(' · ');
}

/** The jobs of a closed item, a square each. */
function squares(item: ItemStatus): TemplateResult {
  const words = item.jobs.map((job) => `${job.job} ${faceOf(job).text}`).join(', ');
  return html`<p class="squares" role="img" aria-label=${words}>${item.jobs.map((job) => html`<span class=${faceOf(job).mood || 'none'} title="${job.job}: ${faceOf(job).text}"></span>`)}</p>`;
}

function actions({ ci, item, pipeline, isHead }: ShownItem): TemplateResult {
  const { id } = item.change;
  const target = { pipeline: pipeline.pipeline, change: id };
  const name = changeName(item.change);
  const dequeue = () => ci.command('dequeue', target, `${name} is out of ${pipeline.pipeline}.`);
  const promote = () =>
    ci.command(
      'promote',
      { pipeline: pipeline.pipeline, changes: [id] },
      `${name} is at the head of ${pipeline.pipeline}.`,
    );
  const button = (label: string, icon: unknown, run: () => unknown) =>
    html`<button class="disclose" type="button" aria-label="${label} ${name}" title=${label} ?disabled=${ci.isBusy} @click=${run}>${icon}</button>`;
  return html`${pipeline.manager === 'dependent' && !isHead ? button('Promote', icons.top, promote) : nothing}${button('Dequeue', icons.cross, dequeue)}`;
}

/** The lines of the lanes beside an item, its own bent in from the lane of what is ahead. */
function gutter({ lane, lanes }: ShownItem, mood: Mood): TemplateResult {
  const x = (of: number) => of * LANE + LANE / 2;
  const own = x(lane.lane);
  const from = lane.from === undefined ? undefined : x(lane.from);
  return html`<div class="gutter"><svg width=${lanes * LANE} aria-hidden="true">
    ${lane.passing.map((of) => svg`<line x1=${x(of)} x2=${x(of)} y1="0" y2="100%" />`)}
    ${from === undefined ? nothing : svg`<path d=${from === own ? `M${own} 0V${DOT_Y}` : `M${from} 0C${from} ${DOT_Y * 0.7} ${own} ${DOT_Y * 0.2} ${own} ${DOT_Y}`} />`}
    ${lane.goesOn ? svg`<line x1=${own} x2=${own} y1=${DOT_Y} y2="100%" />` : nothing}
    <circle class=${mood || 'none'} cx=${own} cy=${DOT_Y} r="6" />
  </svg></div>`;
}
