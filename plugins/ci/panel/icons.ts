import { type SVGTemplateResult, svg } from 'lit';

const icon = (paths: SVGTemplateResult) =>
  svg`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;

/** On the grid of 24 and with the line that the page's own have. */
export const icons = {
  check: icon(svg`<path d="M5 12.500l4.500 4.500L19 7.500"/>`),
  cross: icon(svg`<path d="M6.500 6.500l11 11M17.500 6.500l-11 11"/>`),
  clock: icon(svg`<circle cx="12" cy="12" r="8"/><path d="M12 7.500V12l3 2"/>`),
  skip: icon(svg`<circle cx="12" cy="12" r="8"/><path d="M6.500 17.500l11-11"/>`),
  stop: icon(svg`<rect x="7" y="7" width="10" height="10" rx="1.500"/>`),
  again: icon(svg`<path d="M19 12a7 7 0 1 1-2-5M19 4v4h-4"/>`),
  play: icon(svg`<path d="M8 5l11 7-11 7z"/>`),
  pause: icon(svg`<path d="M8.500 5.500v13M15.500 5.500v13"/>`),
  up: icon(svg`<path d="M6 14.500l6-6 6 6"/>`),
  down: icon(svg`<path d="M6 9.500l6 6 6-6"/>`),
  top: icon(svg`<path d="M5 4.500h14M12 20V9M7 13.500l5-5 5 5"/>`),
  warning: icon(svg`<path d="M12 4l9 16H3zM12 10v4.500M12 17.300v.200"/>`),
  download: icon(svg`<path d="M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14"/>`),
  file: icon(svg`<path d="M6.500 3.500h7l4 4v13h-11zM13.500 3.500v4h4"/>`),
  branch: icon(
    svg`<circle cx="7" cy="5.500" r="2"/><circle cx="7" cy="18.500" r="2"/><circle cx="17" cy="8.500" r="2"/><path d="M7 7.500v9M17 10.500c0 4-10 2-10 6"/>`,
  ),
  copy: icon(svg`<rect x="8.500" y="8.500" width="11" height="11" rx="1.500"/><path d="M15.500 8.500v-4h-11v11h4"/>`),
} as const;
