import xterm from '@xterm/xterm/css/xterm.css';

/** Built as sheets because the page's policy allows no inline styles. */
function sheet(css: string): CSSStyleSheet {
  const built = new CSSStyleSheet();
  built.replaceSync(css);
  return built;
}

/** The terminal emulator's own sheet, and what the page's has not. */
export const styles: readonly CSSStyleSheet[] = [
  sheet(xterm),
  sheet(`
.modem-panel .screen { height: min(32rem, 70vh); padding: 0.6rem 0.3rem 0.6rem 0.75rem; border-radius: var(--radius-small); background: light-dark(#f6faf7, #10211c); border: 1px solid var(--line); overflow: hidden; }
.modem-panel .terminal { display: flex; flex-direction: column; gap: calc(var(--space) * 0.75); min-width: 0; }
.modem-panel .find { flex-wrap: nowrap; }
.modem-panel .find input { width: 11rem; min-width: 0; }
.modem-panel input.short { width: 6rem; }
.modem-panel .advice { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5rem 0 0; }
.modem-panel .choice { display: inline-flex; flex-wrap: wrap; gap: 2px; padding: 3px; border-radius: var(--radius-small); background: var(--well); }
.modem-panel .choice button { min-height: 2.25rem; padding: 0 0.9rem; border: 0; border-radius: 7px; background: transparent; color: var(--ink-soft); font: inherit; font-weight: 560; cursor: pointer; }
.modem-panel .choice button[aria-pressed="true"] { background: var(--surface); color: var(--ink); box-shadow: 0 1px 2px var(--shadow); }
.modem-panel .timeline { padding: 0.9rem 1rem 0.6rem; }
.modem-panel .timeline svg { display: block; width: 100%; height: 4rem; }
.modem-panel .timeline .axis { stroke: var(--line-strong); stroke-width: 1; vector-effect: non-scaling-stroke; }
.modem-panel .timeline .boot { cursor: pointer; outline-offset: -2px; }
.modem-panel .timeline .reach { fill: transparent; }
.modem-panel .timeline .boot:hover .reach { fill: var(--well); }
.modem-panel .timeline .mark { fill: var(--good); }
.modem-panel .timeline .warn .mark { fill: var(--warn); }
.modem-panel .timeline .bad .mark { fill: var(--bad); }
.modem-panel .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr)); gap: 0.6rem 1.25rem; }
.modem-panel .facts dt { color: var(--ink-soft); font-size: 0.8125rem; }
.modem-panel .facts dd { font-weight: 560; }
.modem-panel .images td, .modem-panel .images th { padding-inline: 0.6rem; white-space: nowrap; }
.modem-panel .images td, .modem-panel .images th[scope="row"] { font-size: 0.875rem; color: var(--ink); }
.modem-panel .flash { display: flex; flex-direction: column; gap: 0.5rem; }
.modem-panel .flash svg { display: block; width: 100%; height: 3rem; border-radius: var(--radius-small); border: 1px solid var(--line-strong); }
.modem-panel .flash .ground { fill: var(--well); }
.modem-panel .flash .whole { fill: currentcolor; opacity: 0.45; stroke: var(--surface); stroke-width: 1; vector-effect: non-scaling-stroke; }
.modem-panel .flash .filled { fill: currentcolor; }
.modem-panel .c0 { color: var(--series-1); } .modem-panel .c1 { color: var(--series-2); } .modem-panel .c2 { color: var(--series-3); }
.modem-panel .c3 { color: var(--series-4); } .modem-panel .c4 { color: var(--series-5); } .modem-panel .c5 { color: var(--series-6); }
.modem-panel .legend { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 0.15rem 1rem; list-style: none; padding: 0; font-size: 0.875rem; }
.modem-panel .swatch { display: inline-block; width: 0.75rem; height: 0.75rem; margin-right: 0.4rem; border-radius: 3px; background: currentcolor; }
.modem-panel .checks, .modem-panel .ports { list-style: none; padding: 0; display: flex; flex-direction: column; gap: 0.5rem; font-size: 0.9375rem; }
.modem-panel .checks { margin-top: 0.6rem; }
.modem-panel summary { cursor: pointer; font-weight: 560; }
.modem-panel .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); gap: var(--space); }
.modem-panel progress { width: 100%; height: 0.75rem; }
.modem-panel .tall { max-height: 28rem; overflow: auto; }
.modem-panel .nowrap { white-space: nowrap; }
.modem-panel .difference { max-height: 28rem; margin: 0; padding: 0.9rem 1rem; overflow: auto; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius-small); line-height: 1.5; }
.modem-panel .difference .gone { color: var(--bad); } .modem-panel .difference .new { color: var(--good); }
@media (max-width: 40rem) { .modem-panel .find, .modem-panel .find input { width: 100%; } .modem-panel .screen { height: 60vh; padding-left: 0.5rem; } .modem-panel .table th, .modem-panel .table td { padding-inline: 0.6rem; } }
`),
];
