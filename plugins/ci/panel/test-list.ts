import { html, nothing, type TemplateResult } from 'lit';
import type { TestCase } from '../view.ts';
import { icons } from './icons.ts';

const FACES = { passed: ['good', icons.check], failed: ['bad', icons.cross], skipped: ['', icons.skip] } as const;
const ORDER = { failed: 0, skipped: 1, passed: 2 } as const;
const SHOWN = 500;

/** What JUnit files said, failures first and with what they say. */
export function testList(cases: readonly TestCase[]): TemplateResult {
  const sorted = [...cases].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  const failed = cases.filter(({ state }) => state === 'failed').length;
  return html`<details class="card" ?open=${failed > 0 || cases.length <= 20}>
    <summary><b>Tests</b> <span class="soft small">${cases.length}${failed > 0 ? `, ${failed} failed` : ''}</span></summary>
    <ul class="plain steps">${sorted.slice(0, SHOWN).map(testCase)}</ul>
    ${sorted.length > SHOWN ? html`<p class="soft small">And ${sorted.length - SHOWN} more.</p>` : nothing}
  </details>`;
}

function testCase({ suite, name, state, duration, message }: TestCase): TemplateResult {
  const [mood, icon] = FACES[state];
  return html`<li>
    <span class="wrap"><span class="soft">${suite}</span> ${name}</span>
    <span class="chip ${mood}">${icon}${state}</span>
    <span class="took small tabular">${duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`}</span>
    ${message ? html`<pre class="said" tabindex="0" role="group" aria-label="What ${name} said">${message}</pre>` : nothing}
  </li>`;
}
