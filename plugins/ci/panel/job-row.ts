import { html, nothing, type TemplateResult } from 'lit';
import type { JobStatus } from '../view.ts';
import { buildHash } from './place.ts';
import { type Face, faceOf, isUnderWay, spanOf, watchOf } from './words.ts';

export const faceChip = ({ mood, icon, text }: Face): TemplateResult =>
  html`<span class="chip ${mood}">${icon}${text}</span>`;

/** A job of an item: what it is called, how far it is or what came of it, and why it waits. */
export function jobRow(job: JobStatus, now: number): TemplateResult {
  const name = html`<span class="job-name">${job.job}</span>`;
  const asides = [!job.voting && 'not voting', (job.attempt ?? 1) > 1 && `attempt ${job.attempt}`].filter(Boolean);
  return html`<li class="job">
    <span class="job-head">${job.build ? html`<a href=${buildHash(job.build)}>${name}</a>` : name}
      ${asides.length > 0 ? html`<span class="soft small">${asides.join(', ')}</span>` : nothing}</span>
    ${isUnderWay(job.state) && job.result === null ? progress(job, now) : stateOf(job)}
    ${job.reason && job.result !== 'SUCCESS' ? html`<span class="job-reason soft small">${job.reason}</span>` : nothing}
  </li>`;
}

function stateOf(job: JobStatus): TemplateResult {
  const took = job.started !== undefined && job.ended !== undefined ? watchOf(job.ended - job.started) : undefined;
  return html`<span class="job-state">${took && job.result !== 'SKIPPED' ? html`<span class="soft small">${took}</span>` : nothing}${faceChip(faceOf(job))}</span>`;
}

/** The bar is a guess from earlier runs and never full before the job is. */
function progress(job: JobStatus, now: number): TemplateResult {
  const elapsed = Math.max(0, now - (job.started ?? now));
  const { estimate } = job;
  const left = estimate === undefined ? undefined : estimate - elapsed;
  const text =
    job.state === 'publishing'
      ? 'publishing'
      : left === undefined
        ? watchOf(elapsed)
        : left > 0
          ? `${watchOf(left)} left`
          : `${spanOf(-left)} over`;
  return html`<span class="job-state"><span class="small tabular">${text}</span>${
    estimate === undefined
      ? html`<progress aria-label=${`${job.job}, running`}></progress>`
      : html`<progress max="100" value=${Math.min(96, (100 * elapsed) / estimate)} aria-label=${`${job.job}, part done`}></progress>`
  }</span>`;
}
