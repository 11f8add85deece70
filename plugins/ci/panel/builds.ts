import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { BuildStatus } from '../view.ts';
import { icons } from './icons.ts';
import { faceChip } from './job-row.ts';
import { Part } from './part.ts';
import { buildHash, FILTERS, hashOf } from './place.ts';
import { faceOf, keyName, momentOf, RESULT_NAMES, watchOf } from './words.ts';

const PAGE = 50;

/** Builds, newest first, narrowed by what the address says. */
@customElement('ci-builds')
export class BuildsPart extends Part {
  @property({ attribute: false }) filter: Readonly<Record<string, string>> = {};
  @state() private builds: readonly BuildStatus[] | undefined;
  @state() private hasMore = false;
  @state() private problem = '';
  #asked = '';

  protected override willUpdate(_changed: PropertyValues): void {
    const asked = `${this.ci.revision} ${hashOf({ at: 'builds', filter: this.filter })}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    void this.#load(Math.max(PAGE, this.builds?.length ?? 0));
  }

  async #load(limit: number): Promise<void> {
    const asked = this.#asked;
    try {
      const builds = await this.ci.listBuilds({ ...this.filter, limit: String(limit + 1) });
      if (asked !== this.#asked) return;
      this.builds = builds.slice(0, limit);
      this.hasMore = builds.length > limit;
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  protected override render(): TemplateResult {
    const more = () => void this.#load((this.builds?.length ?? 0) + PAGE);
    return html`<div class="stack">
      ${this.#filters()} ${this.problem ? html`<p class="note bad" role="alert">${icons.warning}${this.problem}</p>` : nothing}
      ${this.builds === undefined ? html`<p class="row soft" role="status"><span class="spinner"></span>Looking …</p>` : this.#table(this.builds)}
      ${this.hasMore ? html`<div><button class="button" type="button" @click=${more}>Older builds</button></div>` : nothing}
    </div>`;
  }

  #filters(): TemplateResult {
    const change = (event: Event) => {
      const data = new FormData((event.currentTarget as HTMLElement).closest('form')!);
      const filter = Object.fromEntries(
        FILTERS.flatMap((name) => (data.get(name) ? [[name, String(data.get(name)).trim()]] : [])),
      );
      location.replace(hashOf({ at: 'builds', filter }));
    };
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      change(event);
    };
    const known = (name: 'job' | 'project' | 'pipeline') =>
      [...new Set([...this.ci.builds.values()].map((build) => build[name]))].filter((each) => each !== null).sort();
    const text = (name: 'job' | 'project' | 'pipeline', label: string) => html`<div class="field">
      <label for="ci-${name}">${label}</label>
      <input id="ci-${name}" name=${name} list="ci-${name}-list" .value=${this.filter[name] ?? ''} placeholder="any" autocomplete="off" @change=${change} />
      <datalist id="ci-${name}-list">${known(name).map((value) => html`<option value=${value}></option>`)}</datalist>
    </div>`;
    return html`<form class="filters" role="search" aria-label="Filter the builds" @submit=${submit}>
      ${text('project', 'Project')} ${text('job', 'Job')} ${text('pipeline', 'Pipeline')}
      <div class="field"><label for="ci-result">Result</label>
        <select id="ci-result" name="result" @change=${change}>
          <option value="">any</option>
          ${RESULT_NAMES.map((name) => html`<option value=${name} ?selected=${this.filter['result'] === name}>${faceOf({ state: 'done', result: name }).text}</option>`)}
        </select></div>
      ${this.filter['change'] ? html`<input type="hidden" name="change" value=${this.filter['change']} /><p class="small">of ${keyName(this.filter['change'])} · <a href=${hashOf({ at: 'builds', filter: {} })}>all changes</a></p>` : nothing}
    </form>`;
  }

  #table(builds: readonly BuildStatus[]): TemplateResult {
    if (builds.length === 0)
      return html`<div class="empty"><h2>No builds</h2><p class="soft">${Object.keys(this.filter).length > 0 ? html`None is like that. <a href=${hashOf({ at: 'builds', filter: {} })}>Show all</a>` : 'Push a change, or run a job with cupboard command ci run.'}</p></div>`;
    return html`<ul class="plain build-list">
      ${repeat(
        builds,
        ({ build }) => build,
        (build) => this.#row({ ...build, ...this.ci.builds.get(build.build) }),
      )}
    </ul>`;
  }

  #row(build: BuildStatus): TemplateResult {
    const now = Date.now();
    const took = build.duration ?? (build.started === null ? null : now - build.started);
    return html`<li class="build-row">
      <span class="build-face">${faceChip(faceOf(build))}</span>
      <span class="build-name"><a class="stretched" href=${buildHash(build.build)}>${build.job}</a></span>
      <span class="build-change small"><b>${build.change === null ? '' : keyName(build.change)}</b> ${build.subject ?? ''}</span>
      <span class="soft small">${build.pipeline ?? 'by hand'}</span>
      <span class="soft small tabular build-took">${took === null ? '' : watchOf(took)}</span>
      <time class="soft small tabular">${momentOf(build.queued, this.ci.api.hub.timezone)}</time>
    </li>`;
  }
}
