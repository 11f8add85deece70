import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { BuildDetail } from '../view.ts';
import './console.ts';
import { ansiblePlays } from './ansible-plays.ts';
import { type Artifacts, artifactList } from './artifact-list.ts';
import { icons } from './icons.ts';
import { faceChip } from './job-row.ts';
import { type LogSource, logSource } from './log-source.ts';
import { Part } from './part.ts';
import { hashOf } from './place.ts';
import { testList } from './test-list.ts';
import { faceOf, keyName, momentOf, spanOf, watchOf } from './words.ts';

/** One build: what came of it and why, its console as it runs, its tests, and what it left behind. */
@customElement('ci-build')
export class BuildPart extends Part {
  @property() build = '';
  @state() private detail: BuildDetail | undefined;
  @state() private artifacts: Artifacts | undefined;
  @state() private problem = '';
  #source: LogSource | undefined;
  /** What was asked for, to ask again when the build has moved on. */
  #asked = '';

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('build')) {
      this.detail = undefined;
      this.artifacts = undefined;
      this.#source = logSource((path, init) => this.ci.api.fetch(path, init), `builds/${this.build}/log`);
    }
    const known = this.ci.builds.get(this.build);
    const asked = `${this.build} ${known?.state} ${known?.result}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    void this.#load();
  }

  async #load(): Promise<void> {
    const { build } = this;
    try {
      const detail = await this.ci.build(build);
      const artifacts = detail.state === 'done' ? await this.ci.get<Artifacts>(`builds/${build}/artifacts`) : undefined;
      if (build !== this.build) return;
      this.detail = detail;
      this.artifacts = artifacts;
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  protected override render(): TemplateResult {
    if (this.problem) return html`<p class="note bad" role="alert">${icons.warning}${this.problem}</p>`;
    const { detail } = this;
    if (!detail) return html`<p class="row soft" role="status"><span class="spinner"></span>Looking …</p>`;
    // The topic knows first how it stands, the route knows all of it.
    const build = { ...detail, ...this.ci.builds.get(detail.build) };
    const hasLog = build.started !== null;
    return html`<div class="stack">
      ${this.#head(build)}
      ${
        hasLog
          ? html`<ci-console .source=${this.#source} .timezone=${this.ci.api.hub.timezone} ?live=${build.state !== 'done'}
        .download=${this.ci.address(`builds/${build.build}/log?download`)}></ci-console>`
          : nothing
      }
      ${detail.cases && detail.cases.length > 0 ? testList(detail.cases) : nothing}
      ${this.artifacts && this.artifacts.artifacts.length > 0 ? artifactList(this.artifacts, (path) => this.ci.address(`builds/${build.build}/artifacts/${path}`)) : nothing}
      ${detail.plays && detail.plays.length > 0 ? ansiblePlays(detail.plays) : nothing}
      ${parameters(detail)}
    </div>`;
  }

  #head(build: BuildDetail): TemplateResult {
    const { timezone } = this.ci.api.hub;
    const name = build.change === null ? undefined : keyName(build.change);
    const face = faceOf(build);
    const { tests } = build;
    return html`<section class="card stack tight build-head" aria-label="Build">
      <div class="row apart">
        <h2>${build.job}</h2>
        <span class="row">${faceChip(face)}</span>
      </div>
      ${build.subject || name ? html`<p>${name ? html`<b>${build.change_url ? html`<a href=${build.change_url} rel="noreferrer">${name}</a>` : name}</b> ` : nothing}${build.subject ?? ''}</p>` : nothing}
      ${build.reason ? html`<p class="note ${face.mood || 'info'}">${face.icon}${build.reason}</p>` : nothing}
      <dl class="facts">
        ${fact('Pipeline', build.pipeline)} ${fact('Branch', build.branch)}
        ${fact('Started', build.started === null ? null : momentOf(build.started, timezone))}
        ${fact('Waited', build.started === null ? spanOf(Date.now() - build.queued) : watchOf(build.started - build.queued))}
        ${fact('Took', tookWords(build))}
        ${fact('Node', build.node)} ${fact('Image', build.image)}
        ${fact('Attempt', build.attempt > 1 ? build.attempt : null)}
        ${fact('Tests', tests ? [`${tests.passed} passed`, tests.failed > 0 && `${tests.failed} failed`, tests.skipped > 0 && `${tests.skipped} skipped`].filter(Boolean).join(', ') : null)}
      </dl>
      <div class="row">
        <a class="button quiet" href=${hashOf({ at: 'builds', filter: { job: build.job } })}>Builds of ${build.job}</a>
        ${this.ci.api.admin ? this.#actions(build) : nothing}
      </div>
    </section>`;
  }

  #actions({ build, state, job }: BuildDetail): TemplateResult {
    const { ci } = this;
    if (state !== 'done') {
      const cancel = () => ci.command('cancel', { build }, `${job} is being stopped.`);
      return html`<button class="button danger" type="button" ?disabled=${ci.isBusy} @click=${cancel}>${icons.stop}Stop</button>`;
    }
    const retry = async () => {
      const answer = await ci.command('retry', { build }, `${job} runs again.`);
      if (typeof answer['build'] === 'string') location.hash = hashOf({ at: 'build', id: answer['build'] });
    };
    return html`<button class="button" type="button" ?disabled=${ci.isBusy} @click=${retry}>${icons.again}Run again</button>`;
  }
}

function tookWords({ started, duration, eta, state }: BuildDetail): string | null {
  if (duration !== null) return watchOf(duration);
  if (started === null) return null;
  const left =
    eta === null || state === 'done'
      ? ''
      : eta > Date.now()
        ? `, about ${spanOf(eta - Date.now())} left`
        : ', any moment now';
  return `${watchOf(Date.now() - started)} so far${left}`;
}

const fact = (label: string, value: string | number | null): unknown =>
  value === null ? nothing : html`<div><dt>${label}</dt><dd>${value}</dd></div>`;

function parameters({ parameters: given }: BuildDetail): unknown {
  const entries = Object.entries(given);
  if (entries.length === 0) return nothing;
  return html`<details class="card"><summary><b>Parameters</b> <span class="soft small">${entries.length}</span></summary>
    <div class="wide" tabindex="0" role="group" aria-label="Parameters"><table class="table"><tbody>${entries.map(
      ([name, value]) =>
        html`<tr><th scope="row"><code>${name}</code></th><td class="wrap"><code>${value}</code></td></tr>`,
    )}</tbody></table></div></details>`;
}
