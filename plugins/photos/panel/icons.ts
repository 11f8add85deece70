import { type SVGTemplateResult, svg } from 'lit';

const icon = (paths: SVGTemplateResult) =>
  svg`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;

/** On the grid of 24 and with the line that the page's own have. */
export const icons = {
  photo: icon(
    svg`<rect x="3.500" y="5" width="17" height="14" rx="2"/><circle cx="9" cy="10" r="1.500"/><path d="M4 17l5-4.500 3.500 3 3-2.500 5 4"/>`,
  ),
  film: icon(svg`<rect x="3.500" y="5" width="17" height="14" rx="2"/><path d="M10 9.500l5 2.500-5 2.500z"/>`),
  play: icon(svg`<path d="M8 5l11 7-11 7z" fill="currentColor"/>`),
  card: icon(svg`<path d="M6 3.500h8l4 4v13H6zM9 7v3M12 7v3M15 9v1"/>`),
  pin: icon(
    svg`<path d="M12 21s6.500-6 6.500-11a6.500 6.500 0 0 0-13 0c0 5 6.500 11 6.500 11z"/><circle cx="12" cy="10" r="2.300"/>`,
  ),
  text: icon(svg`<path d="M4 6h16M4 11h16M4 16h10"/>`),
  check: icon(svg`<path d="M5 12.500l4.500 4.500L19 7.500"/>`),
  cloud: icon(svg`<path d="M7 18.500h10a4 4 0 0 0 .600-7.950A6 6 0 0 0 6.200 9.600 4.500 4.500 0 0 0 7 18.500z"/>`),
  warning: icon(svg`<path d="M12 4l9 16H3zM12 10v4.500M12 17.300v.200"/>`),
  back: icon(svg`<path d="M19 12H5M11 6l-6 6 6 6"/>`),
  previous: icon(svg`<path d="M15 5l-7 7 7 7"/>`),
  next: icon(svg`<path d="M9 5l7 7-7 7"/>`),
  close: icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
  info: icon(svg`<circle cx="12" cy="12" r="8.500"/><path d="M12 11v5M12 7.700v.200"/>`),
  download: icon(svg`<path d="M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14"/>`),
  pencil: icon(svg`<path d="M4.500 19.500l1-4.500L16 4.500l3.500 3.500L9 18.500zM13.500 7l3.500 3.500"/>`),
  tag: icon(svg`<path d="M4 4h8l8 8-8 8-8-8zM8.500 8.500v.100"/>`),
  map: icon(svg`<path d="M4 6.500l5-2 6 2 5-2v13l-5 2-6-2-5 2zM9 4.500v13M15 6.500v13"/>`),
  search: icon(svg`<circle cx="10.500" cy="10.500" r="6"/><path d="M15 15l5 5"/>`),
  bin: icon(svg`<path d="M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5"/>`),
  select: icon(svg`<circle cx="12" cy="12" r="8.500"/><path d="M8 12.500l3 3 5-6"/>`),
} as const;
