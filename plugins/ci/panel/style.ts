/** Only what the page's own style sheet has not; built as a sheet because the page's policy allows no inline styles. */
export const style = new CSSStyleSheet();
style.replaceSync(`
ci-panel, ci-status, ci-changes, ci-builds, ci-build, ci-images, ci-image-log, ci-nodes, ci-console { display: block; min-width: 0; }
.ci .tabular { font-variant-numeric: tabular-nums; }
.ci .segments { align-self: start; }
.ci .segments a { display: inline-flex; align-items: center; min-height: 2.25rem; padding: 0.2rem 0.8rem; border-radius: 7px; color: var(--ink-soft); font-weight: 560; text-decoration: none; }
.ci .segments a[aria-current] { background: var(--surface); color: var(--ink); box-shadow: 0 1px 3px var(--shadow); }
.ci .wide { overflow-x: auto; }
.ci h4 { margin: 0; font-size: 0.9375rem; font-weight: 650; }
.ci .button svg { width: 1.1rem; height: 1.1rem; flex: none; }
.ci .chip svg { width: 0.8rem; height: 0.8rem; }
.ci .button.copied { color: var(--good); }

.ci .pipelines { display: grid; gap: var(--space); grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); align-items: start; }
.ci .pipelines > div { display: flex; flex-direction: column; gap: var(--space); min-width: 0; }
.ci .pipeline { display: flex; flex-direction: column; gap: 0.75rem; padding-bottom: 0.9rem; }
.ci .pipeline h2 { text-transform: capitalize; }
.ci .queue-name { font-size: 0.8125rem; font-weight: 560; color: var(--ink-soft); padding-bottom: 0.25rem; }
.ci .items { list-style: none; margin: 0; padding: 0; }
.ci .item { display: flex; gap: 0.4rem; align-items: stretch; }
.ci .item.idle .item-body { opacity: 0.86; }
.ci .gutter { flex: none; display: flex; }
.ci .gutter svg { height: 0; min-height: 100%; }
.ci .gutter line, .ci .gutter path { stroke: var(--line-strong); stroke-width: 2; fill: none; }
.ci .gutter circle { stroke: var(--surface); stroke-width: 3; fill: var(--line-strong); }
.ci .gutter circle.good { fill: var(--good); } .ci .gutter circle.bad { fill: var(--bad); }
.ci .gutter circle.info { fill: var(--accent); } .ci .gutter circle.warn { fill: var(--warn); }
.ci .item-body { flex: 1; min-width: 0; padding: 0.75rem 0 0.9rem; display: flex; flex-direction: column; gap: 0.15rem; }
.ci .item + .item .item-body { border-top: 1px solid var(--line); }
.ci .item-head { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.5rem; min-height: 1.85rem; }
.ci .item-tools { display: flex; }
.ci .item-head h4 { flex: 1; min-width: 6rem; overflow-wrap: anywhere; }
.ci .item-head h4 a { color: var(--ink); }
.ci .item-subject { overflow-wrap: anywhere; }
.ci .item-note { display: flex; gap: 0.4rem; margin-top: 0.25rem; }
.ci .item-note svg { width: 0.95rem; height: 0.95rem; flex: none; margin-top: 0.2rem; }
.ci .item-note.bad { color: var(--bad); } .ci .item-note.warn { color: var(--warn); }
.ci .disclose { display: grid; place-items: center; width: 1.85rem; height: 1.85rem; padding: 0; border: 0; border-radius: 7px; background: none; color: var(--ink-soft); cursor: pointer; }
.ci .disclose:hover { background: var(--well); color: var(--ink); }
.ci .disclose svg { width: 1.1rem; height: 1.1rem; }
.ci .jobs { list-style: none; margin: 0.45rem 0 0; padding: 0; display: flex; flex-direction: column; }
.ci .job { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: 0 0.75rem; min-height: 2rem; padding: 0.1rem 0.65rem; }
.ci .job:nth-child(odd) { background: var(--well); border-radius: 7px; }
.ci .job-head { overflow-wrap: anywhere; }
.ci .job-name { font-weight: 560; }
.ci .job-state { display: inline-flex; align-items: center; gap: 0.55rem; }
.ci .job-reason { grid-column: 1 / -1; padding-bottom: 0.2rem; }
.ci .job .chip { background: none; padding-inline: 0; }
.ci progress { appearance: none; width: 7rem; height: 0.5rem; border: 0; border-radius: 4px; background: var(--line); color: var(--accent); overflow: hidden; }
.ci progress::-webkit-progress-bar { background: var(--line); border-radius: 4px; }
.ci progress::-webkit-progress-value { background: var(--accent); border-radius: 4px; transition: inline-size 0.9s linear; }
.ci progress::-moz-progress-bar { background: var(--accent); border-radius: 4px; }
.ci progress:indeterminate::-webkit-progress-bar { background: repeating-linear-gradient(115deg, var(--accent-wash) 0 0.5rem, var(--line) 0.5rem 1rem); }
.ci .squares { display: flex; flex-wrap: wrap; gap: 3px; padding-top: 0.4rem; }
.ci .squares span { width: 1.5rem; height: 0.45rem; border-radius: 3px; background: var(--line-strong); }
.ci .squares .good { background: var(--good); } .ci .squares .bad { background: var(--bad); } .ci .squares .warn { background: var(--warn); } .ci .squares .info { background: var(--accent); }
.ci .squares .none { background: var(--line); }

.ci .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 9.5rem), 1fr)); gap: 0.6rem 1.25rem; }
.ci .facts dt { color: var(--ink-soft); font-size: 0.8125rem; }
.ci .facts dd { font-weight: 560; overflow-wrap: anywhere; }
.ci summary { cursor: pointer; }
.ci details > .wide { margin-top: 0.75rem; }
.ci .steps { margin-top: 0.75rem; }
.ci .steps li { display: grid; grid-template-columns: minmax(0, 1fr) auto 4.5rem; gap: 0.2rem 0.75rem; align-items: center; padding: 0.4rem 0; border-top: 1px solid var(--line); }
.ci .steps .took { text-align: right; white-space: nowrap; }
.ci .steps .said { grid-column: 1 / -1; }
.ci pre.said { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 14rem; overflow: auto; margin: 0; padding: 0.6rem 0.75rem; background: var(--well); border-radius: var(--radius-small); }
.ci .table .number { white-space: nowrap; }
.ci .table tbody th { color: var(--ink); font-size: inherit; }
.ci .files li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.2rem 0; }
.ci .files a { display: inline-flex; gap: 0.4rem; min-width: 0; }
.ci .files svg { width: 1.1rem; height: 1.1rem; flex: none; margin-top: 0.2rem; }

.ci .console-part { display: flex; flex-direction: column; gap: 0.6rem; }
.ci .console-bar { justify-content: space-between; }
.ci .console-search { flex: 1 1 16rem; flex-wrap: nowrap; }
.ci .console-search input { max-width: 20rem; }
.ci .console-search .button { padding-inline: 0.5rem; }
.ci .console-position { width: 9rem; accent-color: var(--accent); padding: 0; border: 0; background: none; }
.ci .console { position: relative; height: min(70dvh, 44rem); overflow: auto; padding: 0.8rem 0; border: 1px solid var(--line); border-radius: var(--radius); background: light-dark(oklch(0.985 0.004 150), oklch(0.165 0.012 170)); font-family: var(--mono); font-size: 0.8125rem; line-height: 1.55; overflow-anchor: none; overscroll-behavior: contain; }
.ci .console .line { display: flex; gap: 0.9rem; padding: 0 1rem; }
.ci .console .line:hover { background: var(--well); }
.ci .console .line.marked { background: var(--warn-wash); box-shadow: inset 3px 0 0 var(--brass); }
.ci .console .time { flex: none; width: 8ch; color: var(--ink-soft); user-select: none; }
.ci .console .text { flex: 1; min-width: 0; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 8; unicode-bidi: isolate; }
.ci .console .bold { font-weight: 700; } .ci .console .dim { color: var(--ink-soft); } .ci .console .italic { font-style: italic; }
.ci .console .underline { text-decoration: underline; } .ci .console .strike { text-decoration: line-through; } .ci .console .underline.strike { text-decoration: underline line-through; }
.ci .console .ink-0 { color: var(--ink-soft); } .ci .console .ink-1 { color: var(--bad); } .ci .console .ink-2 { color: var(--good); } .ci .console .ink-3 { color: var(--warn); }
.ci .console .ink-4 { color: var(--info); } .ci .console .ink-5 { color: light-dark(oklch(0.45 0.16 350), oklch(0.8 0.11 350)); } .ci .console .ink-6 { color: light-dark(oklch(0.44 0.08 205), oklch(0.82 0.08 200)); } .ci .console .ink-7 { color: var(--ink); }
.ci .console .ground-0, .ci .console .ground-7 { background: var(--well); color: var(--ink); } .ci .console .ground-1 { background: var(--bad-wash); color: var(--ink); } .ci .console .ground-2 { background: var(--good-wash); color: var(--ink); }
.ci .console .ground-3 { background: var(--warn-wash); color: var(--ink); } .ci .console .ground-4, .ci .console .ground-6 { background: var(--info-wash); color: var(--ink); } .ci .console .ground-5 { background: light-dark(oklch(0.945 0.03 350), oklch(0.31 0.05 350)); color: var(--ink); }

.ci .filters { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr)); gap: 0.75rem; align-items: end; }
.ci .build-list { border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); overflow: hidden; }
.ci .build-row { position: relative; display: grid; grid-template-columns: 9.5rem minmax(7rem, 1fr) minmax(0, 2fr) 5.5rem 4rem 9.5rem; gap: 0.75rem; align-items: center; padding: 0.55rem 1rem; }
.ci .build-row + .build-row { border-top: 1px solid var(--line); }
.ci .build-row:hover { background: var(--well); }
.ci .build-row a { color: var(--ink); font-weight: 600; text-decoration: none; }
.ci .build-row :is(.build-change, .build-name) { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ci .build-row .build-took { text-align: right; }
.ci .change h2 { font-size: 1.0625rem; }
.ci .change .subject { font-weight: 450; }
.ci .change { display: flex; flex-direction: column; gap: 0.5rem; }
.ci .images { display: grid; gap: var(--space); grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); align-items: start; }

@media (max-width: 48rem) {
  .ci .build-row { grid-template-columns: minmax(0, 1fr) auto; gap: 0.15rem 0.75rem; }
  .ci .build-row .build-face { grid-column: 2; grid-row: 1; }
  .ci .build-row .build-name { grid-column: 1; grid-row: 1; }
  .ci .build-row .build-change { grid-column: 1 / -1; }
  .ci .build-row time { grid-column: 2; text-align: right; }
  .ci .build-row .build-took { display: none; }
}
@media (max-width: 30rem) {
  .ci .segments { display: flex; width: 100%; flex-wrap: nowrap; }
  .ci .segments a { flex: 1; justify-content: center; padding-inline: 0.2rem; font-size: 0.9375rem; }
  .ci .filters { grid-template-columns: 1fr 1fr; }
  .ci progress { width: 4.5rem; }
  .ci .item-head { column-gap: 0.3rem; }
  .ci .item-head .disclose { width: 1.7rem; }
  .ci .item-head h4 { min-width: 5rem; }
  .ci .console { position: relative; height: 64dvh; font-size: 0.75rem; }
  .ci .console .line { gap: 0.5rem; padding: 0 0.6rem; }
  .ci .console .time { font-size: 0.6875rem; }
  .ci .console-bar > .row { width: 100%; }
  .ci .console-position { flex: 1; width: auto; min-width: 5rem; }
}
`);
