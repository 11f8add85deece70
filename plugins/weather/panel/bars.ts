import type { PanelApi } from 'cupboard/sdk/panel';
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { HistoryPoint } from '../history.ts';
import { slotSums } from './state.ts';

const WIDTH = 600;
const TWO_DAYS = 2 * 86_400_000;

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
  const text = (time: number, options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }) =>
    new Date(time).toLocaleString(undefined, { timeZone: api.hub.timezone, hourCycle: 'h23', ...options });
  const edge: Intl.DateTimeFormatOptions =
    to - from > TWO_DAYS ? { dateStyle: 'medium' } : { weekday: 'short', hour: '2-digit', minute: '2-digit' };
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
          <span>${text(from, edge)}</span><span>${api.show(total, 'mm').text} in all, bars up to ${api.show(most, 'mm').text}</span><span>${text(to, edge)}</span>
        </p>`
      : nothing
  }`;
}
