import type { PanelApi } from 'cupboard/sdk/panel';
import { html, svg, type TemplateResult } from 'lit';
import type { Boot, Check, Verdict } from '../decode/boot.ts';

/** As the command `boots` answers it. */
export interface KnownBoot {
  readonly id: number;
  readonly console: string;
  /** Epoch ms. */
  readonly time: number;
  readonly finished: number | null;
  readonly boot: Boot;
}

const WIDTH = 1000;
const HEIGHT = 64;
const MARGIN = 12;

export type Mood = 'good' | 'warn' | 'bad';

/** How a boot went, worst first: it crashed, something of it is damaged, it never came to a prompt. */
export function moodOf({ boot, finished }: KnownBoot): Mood {
  const hasFailed = boot.events.some(({ name }) => name === 'crash' || name === 'boot_loop' || name === 'image_failed');
  if (hasFailed || boot.checks.some(({ verdict }) => verdict === 'bad')) return 'bad';
  return finished === null ? 'warn' : 'good';
}

const MOOD_WORDS: Readonly<Record<Mood, string>> = {
  good: 'reached a prompt',
  warn: 'no prompt seen',
  bad: 'something failed',
};

/** Boots over time, each a mark; the newest at the right. */
export function timeline(
  boots: readonly KnownBoot[],
  selected: number | undefined,
  at: (time: number) => string,
  onSelect: (id: number) => void,
): TemplateResult {
  const times = boots.map(({ time }) => time);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const place = (time: number) =>
    last === first ? WIDTH / 2 : MARGIN + ((time - first) / (last - first)) * (WIDTH - 2 * MARGIN);
  return html`<figure class="timeline">
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="group" aria-label="Boots over time" preserveAspectRatio="none">
      <line class="axis" x1="0" x2=${WIDTH} y1=${HEIGHT / 2} y2=${HEIGHT / 2}></line>
      ${boots.map((boot) => mark(boot, place(boot.time), boot.id === selected, at, onSelect))}
    </svg>
    <figcaption class="row apart small soft"><span>${at(first)}</span>${last === first ? '' : html`<span>${at(last)}</span>`}</figcaption>
  </figure>`;
}

function mark(
  boot: KnownBoot,
  x: number,
  isSelected: boolean,
  at: (time: number) => string,
  onSelect: (id: number) => void,
) {
  const mood = moodOf(boot);
  const label = `Boot ${boot.id}, ${at(boot.time)}, ${MOOD_WORDS[mood]}`;
  return svg`<g class="boot ${mood}" role="button" tabindex="0" aria-pressed=${isSelected} aria-label=${label}
    @click=${() => onSelect(boot.id)}
    @keydown=${(event: KeyboardEvent) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        onSelect(boot.id);
      }
    }}><title>${label}</title>
    <rect class="reach" x=${x - 9} y="0" width="18" height=${HEIGHT}></rect>
    <rect class="mark" x=${x - 4} y=${isSelected ? 4 : 14} width="8" height=${HEIGHT - (isSelected ? 8 : 28)} rx="4"></rect></g>`;
}

/** What one boot said: the board, its images, its flash, and what was checked of it. */
export function bootDetails(
  known: KnownBoot,
  api: PanelApi,
  at: (time: number) => string,
  flash: TemplateResult | '',
): TemplateResult {
  const { boot, finished } = known;
  const mood = moodOf(known);
  const duration = finished === null ? '' : ` after ${((finished - known.time) / 1000).toFixed(1)} s`;
  return html`<article class="card stack">
    <div class="row apart">
      <h3>Boot ${known.id} · ${at(known.time)}</h3>
      <span class="chip ${mood}">${MOOD_WORDS[mood]}${duration}</span>
    </div>
    <dl class="facts">${facts(boot).map(([name, value]) => html`<div><dt>${name}</dt><dd class="wrap">${value}</dd></div>`)}</dl>
    ${boot.images.length > 0 ? imageTable(boot) : ''} ${flash}
    ${boot.checks.length > 0 ? checkList(boot.checks) : ''}
    <div class="row">
      <a class="button quiet" href="/plugins/${api.plugin}/record/${known.console}.txt?boot=${known.id}" download>Download as text</a>
      <a class="button quiet" href="/plugins/${api.plugin}/record/${known.console}.raw?boot=${known.id}" download>Raw bytes</a>
    </div>
  </article>`;
}

function facts(boot: Boot): [string, string][] {
  const { spi, bootloader, linux } = boot;
  const all: [string, string | null | undefined][] = [
    ['Chip', [boot.chip, boot.chip_id].filter(Boolean).join(' · ')],
    ['Memory', boot.mem_mib === null ? null : `${boot.mem_mib} MiB`],
    ['Bootloader', bootloader?.version],
    ['Built', bootloader?.built?.replace('T', ' ')],
    ['Flash', boot.flash_bytes === null ? null : `${boot.flash_bytes / 1024 ** 2} MiB`],
    ['SPI chip', spi && `0x${spi.id.toString(16).padStart(6, '0')}, blocks of ${spi.block / 1024} KiB`],
    ['PID', boot.pid],
    ['Linux', linux?.version],
    ['Command line', linux?.cmdline],
  ];
  return all.filter((fact): fact is [string, string] => Boolean(fact[1]));
}

const VERDICTS: Readonly<Record<Verdict, readonly [string, string]>> = {
  good: ['good', 'good'],
  bad: ['bad', 'bad'],
  not_checkable: ['', 'not checkable'],
};

export function verdictChip(verdict: Verdict): TemplateResult {
  const [mood, words] = VERDICTS[verdict];
  return html`<span class="chip ${mood}">${words}</span>`;
}

function imageTable({ images }: Boot): TemplateResult {
  return html`<div class="table-frame" tabindex="0"><table class="table images">
    <thead><tr><th scope="col">Image</th><th scope="col">File</th><th scope="col">Built</th><th scope="col" class="number">Bytes</th>
      <th scope="col">Load address</th><th scope="col">HCS</th></tr></thead>
    <tbody>${images.map(
      (image) => html`<tr>
        <th scope="row">${image.index}${image.dual ? ' (dual)' : ''}</th>
        <td><code>${image.filename ?? '?'}</code></td>
        <td>${image.built?.replace('T', ' ').replace(/(\.000)?Z$/, '') ?? '?'}</td>
        <td class="number">${image.length?.toLocaleString('en') ?? '?'}</td>
        <td><code>${image.load_address ?? '?'}</code></td>
        <td><code>${image.hcs ?? '?'}</code> ${verdictChip(image.hcs_verdict)}</td>
      </tr>`,
    )}</tbody></table></div>`;
}

function checkList(checks: readonly Check[]): TemplateResult {
  const bad = checks.filter(({ verdict }) => verdict === 'bad').length;
  return html`<details ?open=${bad > 0}>
    <summary>${checks.length} checks${bad > 0 ? `, ${bad} bad` : ''}</summary>
    <ul class="checks">${checks.map(
      ({ subject, verdict, detail }) =>
        html`<li>${verdictChip(verdict)} <b>${subject}</b> <span class="soft">${detail}</span></li>`,
    )}</ul>
  </details>`;
}
