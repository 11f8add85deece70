/** What the page's own classes do not give; a sheet, because the page's policy allows no inline styles. */
export const style = new CSSStyleSheet();
style.replaceSync(`
ipv6-watchdog-panel .band { display: block; width: 100%; height: 14px; border-radius: 4px; background: var(--surface); border: 1px solid var(--line); }
ipv6-watchdog-panel .numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: var(--space); margin: 0; }
ipv6-watchdog-panel .numbers dt { color: var(--ink-soft); font-size: 0.85em; }
ipv6-watchdog-panel .numbers dd { margin: 0; font-size: 1.35em; font-variant-numeric: tabular-nums; }
ipv6-watchdog-panel textarea { width: 100%; min-height: 7rem; font-family: ui-monospace, monospace; font-size: 0.85em; }
ipv6-watchdog-panel pre { overflow: auto; max-height: 24rem; }
ipv6-watchdog-panel .wide { overflow-x: auto; }
ipv6-watchdog-panel td.number, ipv6-watchdog-panel th.number { text-align: right; font-variant-numeric: tabular-nums; }
ipv6-watchdog-panel cupboard-chart { display: block; min-height: 200px; }
ipv6-watchdog-panel .band .good { fill: var(--good); }
ipv6-watchdog-panel .band .warn { fill: var(--warn); }
ipv6-watchdog-panel .band .bad { fill: var(--bad); }
ipv6-watchdog-panel .band .info { fill: var(--line); }
`);
