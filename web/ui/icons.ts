import { type SVGTemplateResult, svg } from 'lit';

const icon = (paths: SVGTemplateResult) =>
  svg`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;

/** Drawn for this page on a grid of 24, one weight of line. */
export const icons = {
  cupboard: icon(
    svg`<path d="M4 4h16v14H4zM12 4v14M5.5 18v2.5M18.5 18v2.5"/><path d="M9.6 11v.6M14.4 11v.6" stroke="var(--brass)" stroke-width="2.4"/>`,
  ),
  overview: icon(svg`<path d="M3.5 10.5h17M3.5 20h17M6 10.500V6h4v4.500M13 10.500V4h5v6.500M7 20v-5h7v5"/>`),
  panel: icon(svg`<path d="M4 5h16v14H4zM4 10h16M10 10v9"/>`),
  plugins: icon(svg`<path d="M9 3.500V8M15 3.500V8M6.5 8h11v4.500a5.5 5.5 0 0 1-11 0zM12 18v3"/>`),
  topics: icon(svg`<path d="M4 6h3M4 12h3M4 18h3M10 6h10M10 12h10M10 18h10"/>`),
  history: icon(svg`<path d="M4 4v16h16M7 15l4-5 3 3 5-7"/>`),
  events: icon(svg`<path d="M6 9a6 6 0 0 1 12 0c0 6 2.5 7 2.5 7h-17S6 15 6 9M10 19.500a2 2 0 0 0 4 0"/>`),
  logs: icon(svg`<path d="M6 3h8l4 4v14H6zM9 11h6M9 15h6M14 3v4h4"/>`),
  settings: icon(
    svg`<path d="M4 7h9M19 7h1M4 17h1M11 17h9"/><circle cx="16" cy="7" r="2.5"/><circle cx="8" cy="17" r="2.5"/>`,
  ),
  more: icon(svg`<path d="M4 7h16M4 12h16M4 17h16"/>`),
  close: icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
  light: icon(
    svg`<circle cx="12" cy="12" r="4"/><path d="M12 3v1.500M12 19.500V21M3 12h1.500M19.5 12H21M5.6 5.600l1.1 1.100M17.3 17.300l1.1 1.100M18.4 5.600l-1.1 1.100M6.7 17.300l-1.1 1.1"/>`,
  ),
  dark: icon(svg`<path d="M20 13.500A8 8 0 1 1 10.5 4a6.5 6.5 0 0 0 9.5 9.500z"/>`),
  system: icon(svg`<path d="M4 5h16v11H4zM9 20h6M12 16v4"/>`),
  signOut: icon(svg`<path d="M14 4H5v16h9M10 12h10M17 8.500l3.5 3.5-3.5 3.5"/>`),
  download: icon(svg`<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.500M5 20h14"/>`),
  plus: icon(svg`<path d="M12 5v14M5 12h14"/>`),
  play: icon(svg`<path d="M8 5l11 7-11 7z"/>`),
  remove: icon(svg`<path d="M6 12h12"/>`),
  warning: icon(svg`<path d="M12 4l9 16H3zM12 10v4.500M12 17.300v.2"/>`),
  info: icon(svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 7.700v.2"/>`),
  check: icon(svg`<path d="M5 12.500l4.5 4.500L19 7.5"/>`),
  back: icon(svg`<path d="M19 12H5M11 6l-6 6 6 6"/>`),
} as const;

export type IconName = keyof typeof icons;
