import { html, svg, type TemplateResult } from 'lit';
import type { Image, Partition } from '../decode/boot.ts';

const WIDTH = 1000;
const HEIGHT = 46;
const COLOURS = 6;

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;

/** The flash drawn to scale: every partition as wide as its share, gaps empty, the part an image fills darker. */
export function flashMap(
  partitions: readonly Partition[],
  images: readonly Image[],
  flashBytes: number | null,
): TemplateResult {
  const sorted = [...partitions].sort((a, b) => a.offset - b.offset);
  const end = Math.max(flashBytes ?? 0, ...sorted.map(({ offset, size }) => offset + size));
  const scale = (bytes: number) => (bytes / end) * WIDTH;
  return html`<figure class="flash">
    <figcaption class="row apart"><b>Flash, drawn to scale</b><span class="small soft">${end / 1024 ** 2} MiB</span></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label=${`${sorted.length} partitions: ${sorted.map(({ name }) => name).join(', ')}`}>
      <rect class="ground" width=${WIDTH} height=${HEIGHT}></rect>
      ${sorted.map((partition, index) => {
        const { name, offset, size } = partition;
        const image = images.find((each) => each.offset === offset);
        const filled = image?.length ? scale(Math.min(image.length + 92, size)) : 0;
        return svg`<g class="part c${index % COLOURS}"><title>${`${name}: ${size / 1024} KiB from ${hex(offset)}`}</title>
          <rect class="whole" x=${scale(offset)} width=${scale(size)} height=${HEIGHT}></rect>
          <rect class="filled" x=${scale(offset)} width=${filled} y=${HEIGHT - 10} height="10"></rect></g>`;
      })}
    </svg>
    <ol class="legend">${sorted.map(
      ({ name, offset, size }, index) => html`<li><span class="swatch c${index % COLOURS}"></span><b>${name}</b>
        <code>${hex(offset)}</code> <span class="soft">${size >= 1024 ** 2 ? `${(size / 1024 ** 2).toFixed(2).replace(/\.?0+$/, '')} MiB` : `${size / 1024} KiB`}</span></li>`,
    )}</ol>
  </figure>`;
}
