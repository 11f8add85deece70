/** Only what the page's own style sheet has not; built as a sheet because the page's policy allows no inline styles. */
export const style = new CSSStyleSheet();
style.replaceSync(`
.weather-panel .now { display: grid; gap: var(--space); align-items: stretch; }
.weather-panel .column { display: flex; flex-direction: column; gap: var(--space); min-width: 0; }
.weather-panel .column > :first-child { flex: 1; }
.weather-panel { container-type: inline-size; }
@container (min-width: 36rem) { .weather-panel .now { grid-template-columns: 1fr 1fr; } .weather-panel .column.wet { grid-column: 1 / -1; flex-direction: row; } .weather-panel .column.wet > * { flex: 1; } }
@container (min-width: 56rem) { .weather-panel .now { grid-template-columns: 1fr 1fr 1fr; } .weather-panel .column.wet { grid-column: auto; flex-direction: column; } .weather-panel .column.wet > :last-child { flex: none; } }
.weather-panel .now.old .card { opacity: 0.6; }
.weather-panel .card { display: flex; flex-direction: column; gap: 0.85rem; margin: 0; }
.weather-panel .card h2, .weather-panel figcaption { font-size: 1rem; font-weight: 600; color: var(--ink-soft); letter-spacing: 0; }
.weather-panel .air .big-value { font-size: clamp(4rem, 12vw, 5.5rem); font-weight: 350; }
.weather-panel .air .big-value .unit { font-size: 0.35em; vertical-align: top; position: relative; top: 0.45em; }
.weather-panel .none { color: var(--ink-soft); font-size: 1.35rem; }
.weather-panel .lead { font-size: 1.1rem; }
.weather-panel .chip .dot { color: var(--good); }
.weather-panel .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: 0.6rem 1rem; margin-top: auto; }
.weather-panel .facts dt { color: var(--ink-soft); font-size: 0.8125rem; }
.weather-panel .facts dd { font-weight: 560; font-size: 1.05rem; }
.weather-panel .compass { display: block; width: min(100%, 19rem); margin: auto; }
.weather-panel .compass .face { fill: var(--well); stroke: var(--line); stroke-width: 1; }
.weather-panel .compass .tick { stroke: var(--line-strong); stroke-width: 0.75; opacity: 0.7; }
.weather-panel .compass .tick.major { stroke: var(--ink-soft); stroke-width: 1.5; opacity: 1; }
.weather-panel .compass text { text-anchor: middle; fill: var(--ink-soft); font-size: 12px; }
.weather-panel .compass .letter { font-weight: 600; font-size: 13px; }
.weather-panel .compass .speed { fill: var(--ink); font-size: 36px; font-weight: 500; letter-spacing: -0.03em; }
.weather-panel .compass .from { fill: var(--ink); font-weight: 560; font-size: 13px; }
.weather-panel .compass .needle { transform-origin: 110px 110px; transition: transform 0.9s cubic-bezier(0.3, 1.3, 0.5, 1); }
.weather-panel .compass .needle path { fill: var(--accent); }
.weather-panel .compass .gust { fill: var(--brass); stroke: var(--surface); stroke-width: 1; }
.weather-panel .bars { display: block; width: 100%; height: auto; }
.weather-panel .rain .bars { height: 4rem; }
.weather-panel figure .bars { height: 15rem; }
.weather-panel .bars rect { fill: var(--series-3); }
.weather-panel .bars .ground { stroke: var(--line-strong); stroke-width: 1; vector-effect: non-scaling-stroke; }
.weather-panel .arrow { width: 1em; height: 1em; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.weather-panel .charts { display: grid; gap: var(--space); grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.weather-panel .choice { display: inline-flex; flex-wrap: wrap; gap: 2px; padding: 3px; border-radius: var(--radius-small); background: var(--well); }
.weather-panel .choice button { min-height: 2.25rem; padding: 0 0.8rem; border: 0; border-radius: 7px; background: transparent; color: var(--ink-soft); font: inherit; font-size: 0.9375rem; font-weight: 560; cursor: pointer; }
.weather-panel .choice button:hover { color: var(--ink); }
.weather-panel .choice button[aria-pressed="true"] { background: var(--surface); color: var(--ink); box-shadow: 0 1px 2px var(--shadow); }
.weather-panel .report { overflow-x: auto; white-space: pre; line-height: 1.4; }
.weather-panel .table td, .weather-panel .table tbody th { font-size: 0.9375rem; color: var(--ink); }
.weather-panel .table tbody tr:last-child th { border-bottom: 0; }
.weather-panel .table td.soft { color: var(--ink-soft); }
@media (prefers-reduced-motion: reduce) { .weather-panel .compass .needle { transition: none; } }
@media (max-width: 30rem) { .weather-panel .choice { display: flex; } .weather-panel .choice button { flex: 1 1 auto; padding: 0 0.5rem; } .weather-panel .table th, .weather-panel .table td { padding-inline: 0.6rem; } }
`);
