import { html, svg, type TemplateResult } from 'lit';

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly verdict: string;
}

/** Verdicts, newest first as the plugin keeps them, as spans of the time shown. Before the first nothing is known. */
export function spansOf(
  verdicts: readonly { readonly time: number; readonly verdict: string }[],
  from: number,
  to: number,
): Span[] {
  return verdicts
    .map(({ time, verdict }, index) => ({
      from: Math.max(time, from),
      to: Math.min(verdicts[index - 1]?.time ?? to, to),
      verdict,
    }))
    .filter((span) => span.to > span.from)
    .reverse();
}

/** How bad a verdict is, in the page's words. */
export function moodOf(verdict: string): 'good' | 'warn' | 'bad' | 'info' {
  if (verdict === 'ok') return 'good';
  if (['off', 'unknown', 'clock-unset'].includes(verdict)) return 'info';
  return ['slow', 'lossy', 'dns-down', 'pmtu-blackhole'].includes(verdict) ? 'warn' : 'bad';
}

/** The verdicts as a band over the graphs; gaps are gaps. */
export function stateBand(spans: readonly Span[], from: number, to: number, label: string): TemplateResult {
  const width = (span: Span) => Math.max(0.3, ((span.to - span.from) / (to - from)) * 100);
  const bad = spans.filter(({ verdict }) => moodOf(verdict) === 'bad').length;
  return html`<svg class="band" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${`${label}: ${bad} times down`}>
    ${spans.map(
      (
        span,
      ) => svg`<rect x=${((span.from - from) / (to - from)) * 100} y="0" width=${width(span)} height="6" class=${moodOf(span.verdict)}>
        <title>${span.verdict}</title></rect>`,
    )}
  </svg>`;
}
