/** Only what the page's own style sheet has not; built as a sheet because the page's policy allows no inline styles. */
export const style = new CSSStyleSheet();
style.replaceSync(`
photos-panel, photos-weeks, photos-week, photos-search, photos-cards, photos-captions, photos-map { display: block; min-width: 0; }
photos-selection-bar { display: contents; }
.photos .segments a { display: inline-flex; align-items: center; min-height: 2.25rem; padding: 0.2rem 0.8rem; border-radius: 7px; color: var(--ink-soft); font-weight: 560; text-decoration: none; }
.photos .segments a[aria-current] { background: var(--surface); color: var(--ink); box-shadow: 0 1px 3px var(--shadow); }
.photos .search { position: relative; flex: 0 1 22rem; min-width: min(100%, 14rem); }
.photos .search svg { position: absolute; left: 0.75rem; top: 50%; translate: 0 -50%; width: 1.15rem; height: 1.15rem; color: var(--ink-soft); pointer-events: none; }
.photos .search input { padding-left: 2.4rem; }
.photos .slot { align-items: start; }
.photos .slot .tell { font-size: 1.15rem; font-weight: 560; }
.photos progress { width: 100%; height: 0.6rem; accent-color: var(--accent); }

.photos .years { gap: 0.4rem; }
.photos .years .chip { min-height: 2rem; padding: 0.2rem 0.8rem; border: 0; font: inherit; font-size: 0.875rem; font-weight: 560; cursor: pointer; }
.photos .years .chip:hover { color: var(--ink); box-shadow: inset 0 0 0 1px var(--line-strong); }
.photos .year { content-visibility: auto; contain-intrinsic-size: auto 90rem; scroll-margin-top: 4rem; }
.photos .year h2 { scroll-margin-top: 4rem; }
.photos .week-grid { display: grid; gap: var(--space); grid-template-columns: repeat(auto-fill, minmax(min(100%, 15.5rem), 1fr)); }
.photos .week { position: relative; padding: 0; overflow: hidden; display: flex; flex-direction: column; }
.photos .week:hover { border-color: var(--line-strong); }
.photos .week h3 a { color: var(--ink); text-decoration: none; }
.photos .week-text { display: flex; flex-direction: column; gap: 0.2rem; padding: 0.8rem 1rem 0.9rem; flex: 1; }
.photos .week-text .facts { margin-top: auto; padding-top: 0.35rem; gap: 0.4rem; }
.photos .day h2 { font-size: 1rem; }
.photos .week-title { font-size: 1.5rem; }

.photos .thumb { position: relative; display: grid; place-items: center; overflow: hidden; background: var(--well); color: var(--line-strong); }
.photos .thumb > svg { width: 28%; max-width: 2.5rem; }
.photos .thumb img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
.photos .mosaic { display: grid; aspect-ratio: 16 / 10; gap: 2px; grid-template-columns: 2fr 1fr; grid-template-rows: repeat(3, 1fr); background: var(--line); }
.photos .mosaic > :first-child { grid-row: 1 / -1; }
.photos .mosaic[data-count="0"], .photos .mosaic[data-count="1"] { grid-template-columns: 1fr; }
.photos .mosaic[data-count="2"] { grid-template-columns: 1fr 1fr; }
.photos .mosaic[data-count="2"] > * { grid-row: 1 / -1; }
.photos .mosaic[data-count="3"] { grid-template-rows: 1fr 1fr; }

.photos .shots { list-style: none; padding: 0; display: grid; gap: 4px; grid-template-columns: repeat(auto-fill, minmax(8.75rem, 1fr)); }
.photos .tile { position: relative; display: block; width: 100%; padding: 0; border: 0; border-radius: 6px; overflow: hidden; background: none; cursor: pointer; }
.photos .tile .thumb { aspect-ratio: 1; transition: scale 0.12s; }
.photos .tile:hover img { filter: brightness(1.06); }
.photos .badges { position: absolute; right: 5px; top: 5px; display: flex; gap: 4px; }
.photos .badges.low { top: auto; bottom: 5px; }
.photos .badges span { display: inline-grid; place-items: center; height: 1.3rem; min-width: 1.3rem; padding: 0 0.25rem; border-radius: 5px; background: oklch(0.15 0.02 170 / 0.66); color: oklch(0.98 0.01 150); font-size: 0.6875rem; font-weight: 650; }
.photos .badges span.bad { background: oklch(0.48 0.17 28); }
.photos .badges svg { width: 0.85rem; height: 0.85rem; }
.photos .tile .tick { position: absolute; left: 6px; top: 6px; width: 1.6rem; height: 1.6rem; display: grid; place-items: center; border-radius: 50%; border: 2px solid oklch(1 0 0 / 0.9); background: oklch(0.15 0.02 170 / 0.35); color: transparent; }
.photos .tile .tick svg { width: 1.1rem; height: 1.1rem; }
.photos .tile[aria-pressed="true"] .tick { background: var(--accent); color: var(--accent-ink); }
.photos .tile[aria-pressed="true"] .thumb { scale: 0.88; border-radius: 6px; }
.photos .tile[aria-pressed="true"] { background: var(--accent-wash); }
.photos .selection { position: sticky; bottom: 1rem; z-index: 2; box-shadow: 0 8px 30px -8px var(--shadow), 0 1px 2px var(--shadow); padding: 0.8rem 1rem; }

.photos .stage { position: relative; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); place-items: center; min-width: 0; min-height: 0; overflow: hidden; }
.photos .stage :is(img, video) { max-width: 100%; max-height: 100%; object-fit: contain; }
.photos .large + .large-none { display: none; }
.photos .large[hidden] + .large-none { display: block; text-align: center; padding: 1rem; }
.photos .large-none svg { display: block; width: 3rem; margin: 0 auto 0.5rem; }
.photos .captions { scroll-margin-top: 4rem; }
.photos .captions .stage { height: min(62dvh, 44rem); border-radius: var(--radius); background: var(--well); }
.photos .captions .stage :is(img, video) { height: 100%; width: 100%; }
.photos .captions form .button { padding-inline: 0.8rem; }

.photos .lightbox { width: 100vw; height: 100dvh; max-width: none; max-height: none; margin: 0; padding: 0; border: 0; background: oklch(0.13 0.008 170); color: oklch(0.96 0.008 150); grid-template-rows: auto minmax(0, 1fr) auto; }
.photos .lightbox[open] { display: grid; }
.photos .lightbox header { padding: 0.4rem 0.6rem 0.4rem 1rem; font-size: 0.875rem; }
.photos .lightbox header .row { gap: 0.2rem; }
.photos .lightbox .stage { touch-action: pan-y pinch-zoom; user-select: none; }
.photos .lightbox .stage :is(img, video) { width: 100%; height: 100%; }
.photos .lightbox footer { padding: 0.6rem 1rem calc(0.8rem + env(safe-area-inset-bottom)); text-align: center; max-height: 40dvh; overflow-y: auto; }
.photos .lightbox footer .small { color: oklch(0.78 0.012 150); }
.photos .lightbox .caption { font-size: 1.1rem; text-wrap: balance; }
.photos .lightbox a { color: inherit; }
.photos .lightbox :focus-visible { outline-color: var(--brass); }
.photos .lightbox .turn { position: absolute; top: 0; bottom: 0; width: 4.5rem; display: grid; place-items: center; border: 0; background: none; color: inherit; cursor: pointer; opacity: 0.75; }
.photos .lightbox .turn:hover { opacity: 1; background: oklch(0 0 0 / 0.25); }
.photos .lightbox .turn svg { width: 2rem; height: 2rem; filter: drop-shadow(0 1px 3px oklch(0 0 0 / 0.6)); }
.photos .lightbox .previous { left: 0; }
.photos .lightbox .next { right: 0; }
.photos .lightbox .facts { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.4rem 2rem; margin-top: 0.7rem; font-size: 0.9375rem; }
.photos .lightbox .facts dt { font-size: 0.8125rem; color: oklch(0.78 0.012 150); }
@media (pointer: coarse) { .photos .lightbox .turn { display: none; } }

.photos .label { font-weight: 650; flex: 1 1 8rem; min-width: 0; border-color: transparent; background: transparent; padding-left: 0; }
.photos .label:is(:hover, :focus) { border-color: var(--line-strong); padding-left: 0.75rem; }

.photos .map { height: min(60dvh, 36rem); border: 1px solid var(--line); border-radius: var(--radius); background: var(--well); font: inherit; z-index: 0; }
.photos .map-line { stroke: var(--line-strong); stroke-opacity: 0.45; }
.photos .map-degrees { font-size: 0.75rem; color: var(--ink-soft); white-space: nowrap; }
.photos .map-degrees.row { translate: 6px -18px; }
.photos .map-degrees.column { translate: 4px 4px; }
.photos .map-shots { display: grid; place-items: center; border-radius: 50%; background: var(--accent); color: var(--accent-ink); border: 2px solid var(--surface); box-shadow: 0 2px 6px var(--shadow); font-weight: 650; }
.photos .map-place { width: auto !important; height: auto !important; display: flex; align-items: center; gap: 0.35rem; font-weight: 650; white-space: nowrap; color: var(--ink); text-shadow: 0 0 4px var(--surface), 0 0 4px var(--surface); }
.photos .map-place::before { content: ""; width: 12px; height: 12px; border-radius: 50%; background: var(--brass); border: 2px solid var(--surface); box-shadow: 0 0 0 1px var(--ink-soft); }
.photos .map-pin { border-radius: 50%; border: 4px solid var(--bad); background: var(--surface); }
.photos .map .leaflet-bar a { background: var(--surface); color: var(--ink); border-color: var(--line); }
.photos .map .leaflet-control-scale-line, .photos .map .leaflet-control-attribution { background: color-mix(in oklch, var(--surface) 80%, transparent); color: var(--ink); border-color: var(--ink-soft); text-shadow: none; }

@media (max-width: 30rem) {
  .photos .search { flex-basis: 100%; }
  .photos .segments { display: flex; width: 100%; }
  .photos .segments a { flex: 1; justify-content: center; }
  .photos .week-grid { grid-template-columns: 1fr 1fr; gap: 0.6rem; }
  .photos .week-text { padding: 0.6rem 0.7rem 0.7rem; }
  .photos .shots { grid-template-columns: repeat(3, 1fr); gap: 3px; }
  .photos .captions .stage { height: 38dvh; }
  .photos .map { height: 52dvh; }
  .photos .captions form > .grow { flex: 1 0 100%; order: -1; }
  .photos .captions form .primary { flex: 1; }
  .photos .week-tools { flex-wrap: nowrap; }
  .photos .week-tools .button { flex: 1 1 auto; padding-inline: 0.6rem; white-space: nowrap; }
  .photos .selection { bottom: 4.75rem; }
  .photos .selection .tools { display: grid; grid-template-columns: repeat(4, 1fr); }
  .photos .selection .tools .button { flex-direction: column; gap: 0.1rem; padding: 0.3rem 0; font-size: 0.8125rem; }
}
@media (prefers-reduced-motion: reduce) { .photos .tile .thumb { transition: none; } }
`);
