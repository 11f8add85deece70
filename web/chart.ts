import type { History } from 'cupboard/sdk';
import type { CupboardChart, PanelApi } from 'cupboard/sdk/panel';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult, unsafeCSS } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import uPlot from 'uplot';
import uplotCss from 'uplot/dist/uPlot.min.css?inline';
import { extremes, hasBand, type Table, toTable } from './chart/table.ts';
import { currentTheme, onThemeChange } from './shell/theme.ts';

type ChartSeries = CupboardChart['series'][number];

interface Drawn {
  readonly label: string;
  readonly unit: string;
  readonly table: Table;
}

const HEIGHT = 320;
const COLOURS = 6;
const FEWEST_POINTS = 100;

/** Ticks in 24-hour time: [from this step on, text, and what is added where the year, month, day ... changes]. */
const HOUR = 3_600_000;
const TIME_TICKS: uPlot.Axis.Values = [
  [HOUR * 24 * 365, '{YYYY}', null, null, null, null, null, null, 1],
  [HOUR * 24 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [HOUR * 24, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [60_000, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  [1000, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
];

/** `<cupboard-chart>`: a line per series with the band between its lowest and highest readings; see cupboard/sdk/panel. */
@customElement('cupboard-chart')
export class Chart extends LitElement {
  static override styles = [
    unsafeCSS(uplotCss),
    css`
      :host { display: block; min-width: 0; color: var(--ink); font-family: var(--font); }
      .plot { position: relative; min-height: ${HEIGHT}px; }
      .state { position: absolute; inset: 0; display: grid; place-content: center; text-align: center; color: var(--ink-soft); padding: 1rem; }
      .state.bad { color: var(--bad); }
      .probe { display: none; }
      .uplot { font-family: inherit; }
      .u-legend { font-size: 0.875rem; text-align: left; margin: 0.25rem 0 0; font-feature-settings: "tnum"; }
      .u-legend .u-marker { border-radius: 50%; width: 0.7em; height: 0.7em; }
      .u-legend th { font-weight: 560; }
      .u-legend .edge { display: none; }
      .u-select { background: var(--accent); opacity: 0.15; }
      .u-cursor-x, .u-cursor-y { border-color: var(--line-strong); }
    `,
  ];

  @property({ attribute: false }) api!: Pick<PanelApi, 'history' | 'show' | 'hub'>;
  @property({ attribute: false }) series: readonly ChartSeries[] = [];
  @property({ type: Number }) from = 0;
  @property({ type: Number }) to = 0;
  @state() private drawn: readonly Drawn[] | undefined;
  @state() private failure = '';
  @query('.canvas') private canvas!: HTMLElement;
  @query('.probe') private probe!: HTMLElement;
  #plot: uPlot | undefined;
  #turn = 0;
  #stopTheme: (() => void) | undefined;
  readonly #sizes = new ResizeObserver(([entry]) => this.#resize(entry?.contentRect.width ?? 0));

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sizes.observe(this);
    this.#stopTheme = onThemeChange(() => this.#draw());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#stopTheme?.();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (['api', 'series', 'from', 'to'].some((name) => changed.has(name))) void this.#load();
  }

  protected override render(): TemplateResult {
    return html`<div class="plot">
      <div class="canvas" role="img" aria-label=${this.#summary()}></div><span class="probe"></span>${this.#renderState()}
    </div>`;
  }

  #renderState(): TemplateResult | typeof nothing {
    if (this.failure) return html`<div class="state bad" role="alert">${this.failure}</div>`;
    if (this.series.length === 0) return html`<div class="state">Choose a series to draw</div>`;
    if (!this.drawn) return html`<div class="state">Asking for the history …</div>`;
    if (this.drawn.every(({ table }) => table.times.length === 0))
      return html`<div class="state">No readings in this time</div>`;
    return nothing;
  }

  #summary(): string {
    const parts = (this.drawn ?? []).map(({ label, unit, table }) => {
      const range = extremes(table);
      return range ? `${label}: ${range.low} to ${range.high} ${unit}` : `${label}: no readings`;
    });
    return parts.join('; ') || 'Graph without readings';
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('drawn')) this.#draw();
  }

  async #load(): Promise<void> {
    const turn = ++this.#turn;
    const { series, from, to, api } = this;
    if (!api || series.length === 0 || to <= from) {
      this.drawn = undefined;
      return;
    }
    const points = Math.max(FEWEST_POINTS, Math.round(this.clientWidth));
    try {
      const histories = await Promise.all(series.map((each) => api.history(each.series, { from, to, points })));
      if (turn !== this.#turn) return;
      this.failure = '';
      this.drawn = histories.map((history, index) => this.#toDrawn(history, series[index]));
    } catch (error) {
      if (turn !== this.#turn) return;
      this.failure = error instanceof Error ? error.message : String(error);
      this.drawn = [];
    }
  }

  #toDrawn(history: History, asked: ChartSeries | undefined): Drawn {
    const unit = asked?.unit ?? history.unit ?? '';
    const table = toTable(history, (value) => this.api.show(value, unit).value);
    return { label: asked?.label ?? history.series, unit: this.api.show(0, unit).unit, table };
  }

  #draw(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    const drawn = this.drawn?.filter(({ table }) => table.times.length > 0) ?? [];
    if (drawn.length === 0 || !this.isConnected) return;
    const tables = drawn.map(({ table }): uPlot.AlignedData => [table.times, table.max, table.min, table.mean]);
    const data = tables.length === 1 && tables[0] ? tables[0] : uPlot.join(tables);
    this.#plot = new uPlot(this.#options(drawn), data, this.canvas);
  }

  #options(drawn: readonly Drawn[]): uPlot.Options {
    const units = [...new Set(drawn.map(({ unit }) => unit))];
    const colours = drawn.map((_, index) => this.#colour(`--series-${(index % COLOURS) + 1}`));
    return {
      width: Math.max(200, this.clientWidth),
      height: HEIGHT,
      ms: 1,
      tzDate: (time) => uPlot.tzDate(new Date(time), this.api.hub.timezone),
      scales: {
        x: { min: this.from, max: this.to },
        ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: valueRange }])),
      },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      hooks: { setSelect: [(plot) => this.#select(plot)] },
      axes: [this.#axis({ values: TIME_TICKS }), ...units.slice(0, 2).map((unit, side) => this.#valueAxis(unit, side))],
      series: [
        { label: 'Time', value: '{D} {MMM} {HH}:{mm}' },
        ...drawn.flatMap((each, index) => seriesOf(each, colours[index] ?? '')),
      ],
      bands: drawn.flatMap(({ table }, index) =>
        hasBand(table)
          ? [{ series: [index * 3 + 1, index * 3 + 2] as [number, number], fill: translucent(colours[index] ?? '') }]
          : [],
      ),
    };
  }

  #axis(more: uPlot.Axis): uPlot.Axis {
    const grid = { stroke: this.#colour('--line'), width: 1 };
    return {
      stroke: this.#colour('--ink-soft'),
      font: '12px Figtree, sans-serif',
      grid,
      ticks: { ...grid, size: 4 },
      ...more,
    };
  }

  /** Two units get an axis each; further ones are drawn to their own scale and read in the legend. */
  #valueAxis(unit: string, side: number): uPlot.Axis {
    const values = (_: uPlot, ticks: number[]) => ticks.map((tick) => tick.toLocaleString());
    const place = side === 0 ? {} : { side: 1 as const, grid: { show: false } };
    return this.#axis({
      scale: scaleOf(unit),
      label: unit,
      labelSize: 18,
      labelFont: '12px Figtree, sans-serif',
      size: 52,
      values,
      ...place,
    });
  }

  /** A token as the canvas understands it: custom properties keep `light-dark()` as they are written. */
  #colour(token: string): string {
    this.probe.style.color = `var(${token})`;
    this.probe.style.colorScheme = currentTheme();
    return getComputedStyle(this.probe).color;
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 5) return;
    const detail = { from: Math.round(plot.posToVal(left, 'x')), to: Math.round(plot.posToVal(left + width, 'x')) };
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.dispatchEvent(new CustomEvent('range-selected', { detail, bubbles: true, composed: true }));
  }

  #resize(width: number): void {
    if (this.#plot && width > 0 && Math.abs(this.#plot.width - width) > 1)
      this.#plot.setSize({ width, height: HEIGHT });
  }
}

/** Room above and below; a value that never changed lies in the middle instead of above a far zero. */
const valueRange: uPlot.Scale.Range = (_, low, high) => {
  if (low === null || high === null) return [0, 1];
  return low === high ? [low - 1, high + 1] : uPlot.rangeNum(low, high, 0.1, true);
};

const scaleOf = (unit: string) => `y ${unit}`;
const translucent = (colour: string) => `color-mix(in srgb, ${colour} 18%, transparent)`;

/** The edges of the band are drawn without a line and without a legend of their own; the mean tells all three. */
function seriesOf({ label, unit, table }: Drawn, colour: string): uPlot.Series[] {
  const scale = scaleOf(unit);
  const edge: uPlot.Series = { scale, class: 'edge', stroke: 'transparent', points: { show: false } };
  const value = (plot: uPlot, mean: number | null, seriesIndex: number, dataIndex: number | null) => {
    if (mean === null || mean === undefined || dataIndex === null) return '–';
    const max = plot.data[seriesIndex - 2]?.[dataIndex];
    const min = plot.data[seriesIndex - 1]?.[dataIndex];
    const text = `${mean.toLocaleString()} ${unit}`;
    return min === max ? text : `${text} (${min?.toLocaleString()} to ${max?.toLocaleString()})`;
  };
  const isSparse = table.times.length < 3;
  return [edge, edge, { label, scale, stroke: colour, width: 2, points: isSparse ? { show: true } : {}, value }];
}
