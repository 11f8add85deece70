import type { PanelApi } from 'cupboard/sdk/panel';
import { html, nothing, svg, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { compassPoint, type Value } from './state.ts';

const CENTRE = 110;
const RING = 88;

const at = (degrees: number, radius: number) => {
  const radians = (degrees * Math.PI) / 180;
  return { x: CENTRE + radius * Math.sin(radians), y: CENTRE - radius * Math.cos(radians) };
};

const TICKS = Array.from({ length: 72 }, (_, index) => {
  const degrees = index * 5;
  const isMajor = degrees % 45 === 0;
  const [from, to] = [at(degrees, RING - (isMajor ? 9 : degrees % 15 === 0 ? 6 : 3)), at(degrees, RING)];
  return svg`<line class=${isMajor ? 'tick major' : 'tick'} x1=${from.x} y1=${from.y} x2=${to.x} y2=${to.y} />`;
});
const LETTERS = (['N', 'E', 'S', 'W'] as const).map((letter, index) => {
  const { x, y } = at(index * 90, RING + 13);
  return svg`<text class="letter" x=${x} y=${y + 4.5}>${letter}</text>`;
});

/** Set as a property, for the page's policy refuses style attributes; as a style and not as `transform`, so that it glides. */
const turned = (degrees: number) => (element: Element | undefined) =>
  (element as SVGElement | undefined)?.style.setProperty('transform', `rotate(${degrees}deg)`);

/**
 * The wind rose: the arrow stands where the wind comes from and points where it goes, the brass mark is the direction
 * of the strongest gust.
 */
export function compass(
  wind: { speed: Value; direction: Value; gust: Value; gustDirection: Value },
  needle: number | undefined,
  api: PanelApi,
): TemplateResult {
  const { speed, direction, gust, gustDirection } = wind;
  const shown = typeof speed === 'number' ? api.show(speed, 'm/s') : undefined;
  const isBlowing = typeof direction === 'number' && needle !== undefined && typeof speed === 'number' && speed > 0;
  const label = [
    shown ? `Wind ${shown.text}` : 'Wind not measured',
    isBlowing ? `from ${compassPoint(direction)}, ${Math.round(direction)}°` : '',
    typeof gust === 'number' ? `gusts ${api.show(gust, 'm/s').text}` : '',
  ];
  return html`<svg class="compass" viewBox="0 0 220 220" role="img" aria-label=${label.filter(Boolean).join(', ')}>
    <circle class="face" cx=${CENTRE} cy=${CENTRE} r=${RING} />
    ${TICKS} ${LETTERS}
    ${
      typeof gustDirection === 'number'
        ? svg`<path class="gust" d="M110 17l6 -11h-12z" transform="rotate(${gustDirection} ${CENTRE} ${CENTRE})" />`
        : nothing
    }
    ${
      isBlowing
        ? svg`<g class="needle" ${ref(turned(needle))}>
            <path d="M110 62L123 29L110 37L97 29Z" />
          </g>`
        : nothing
    }
    <text class="speed" x=${CENTRE} y="104">${shown ? shown.text.split(/\s/)[0] : '–'}</text>
    <text class="unit" x=${CENTRE} y="122">${shown?.unit ?? 'not measured'}</text>
    <text class="from" x=${CENTRE} y="143">${isBlowing ? `${compassPoint(direction)} ${Math.round(direction)}°` : speed === 0 ? 'calm' : ''}</text>
  </svg>`;
}
