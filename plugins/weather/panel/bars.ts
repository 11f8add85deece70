import type { PanelApi } from 'cupboard/sdk/panel';
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { HistoryPoint } from '../history.ts';

const WIDTH = 600;

/** Sums per slot of (from, to], so that dry hours and gaps keep their place. */
export function slotSums(points: readonly HistoryPoint[], from: number, to: number, slots: number): number[] {
  const sums = Array.from({ length: slots }, () => 0);
  for (const [time, , value] of points) {
    const slot = Math.ceil(((time - from) / (to - from)) * slots) - 1;
    if (slot >= 0 && slot < slots) sums[slot] = (sums[slot] ?? 0) + value;
  }
  return sums;
}

/** Rain as a row of bars, drawn to the wettest. */
export function rainBars(
  points: readonly HistoryPoint[],
  range: { from: number; to: number; slots: number; height: number; label: string; hasScale?: boolean },
  api: PanelApi,
): TemplateResult {
  const { from, to, slots, height, label, hasScale } = range;
  const sums = slotSums(points, from, to, slots);
  const most = Math.max(...sums);
  const total = sums.reduce((sum, value) => sum + value, 0);
  const width = WIDTH / slots;
  const text = (time: number) =>
    new Date(time).toLocaleString(undefined, { timeZone: api.hub.timezone, dateStyle: 'medium', timeStyle: 'short' });
  return html`<svg
    class="bars"
    viewBox="0 0 ${WIDTH} ${height}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${label}: ${api.show(total, 'mm').text} in all, at most ${api.show(most, 'mm').text} at a time"
  >
    <line class="ground" x1="0" y1=${height - 0.5} x2=${WIDTH} y2=${height - 0.5} />
    ${sums.map((sum, slot) => {
      const tall = most > 0 ? (sum / most) * (height - 4) : 0;
      return svg`<rect x=${slot * width + width * 0.14} y=${height - tall} width=${width * 0.72} height=${tall} rx="2">
        <title>to ${text(from + ((slot + 1) / slots) * (to - from))}: ${api.show(sum, 'mm').text}</title></rect>`;
    })}
  </svg>
  ${
    hasScale
      ? html`<p class="row apart soft small">
          <span>${text(from)}</span><span>${api.show(total, 'mm').text} in all, bars up to ${api.show(most, 'mm').text}</span><span>${text(to)}</span>
        </p>`
      : nothing
  }`;
}
