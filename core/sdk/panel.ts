import type { CommandResult, History, Json, JsonObject, Location, Units } from './contract.ts';

/**
 * What a plugin's web page is given. The same for a panel inside the page and one in a sandboxed frame.
 *
 * Both see the page's style sheet: its tokens (`--surface --ink --ink-soft --line --accent --good --warn --bad`,
 * `--series-1` to `--series-6`, `--space`, `--radius`) follow the theme by themselves, and its few classes
 * (`card`, `grid`, `stack`, `row`, `button`, `button primary`, `chip`, `field`, `note`, `table`, `big-value`) give
 * a panel the look of the page.
 */
export interface PanelApi {
  readonly plugin: string;
  readonly hub: { readonly name: string; readonly timezone: string; readonly location?: Location };
  /** May the user send commands marked `admin`. */
  readonly admin: boolean;
  /** How the user wants to read values; topics are always metric. */
  readonly units: Units;
  readonly theme: 'light' | 'dark';
  /**
   * A metric value as this user reads it, rounded for its unit.
   * @example api.show(21.44, '°C') // { value: 70.6, unit: '°F', text: '70.6 °F' } for imperial units
   */
  show(value: number, unit?: string): ShownValue;
  /** Live messages, retained ones first. Answers the unsubscribe function. */
  subscribe(filter: string, handler: (topic: string, payload: string) => void): () => void;
  publish(topic: string, payload: Json): Promise<void>;
  command(name: string, args?: JsonObject): Promise<CommandResult>;
  history(series: string, range: { from: number; to: number; points?: number }): Promise<History>;
  /** Fetches below `/plugins/<id>/`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface ShownValue {
  readonly value: number;
  readonly unit: string;
  readonly text: string;
}

/**
 * The custom element `<cupboard-chart>`: a line per series with its min/max band, gaps shown as gaps. Set these
 * properties; it asks `api.history` itself and draws again when one of them changes.
 */
export interface CupboardChart extends HTMLElement {
  api: Pick<PanelApi, 'history' | 'show' | 'hub'>;
  series: readonly { readonly series: string; readonly label?: string; readonly unit?: string }[];
  /** Epoch ms. */
  from: number;
  to: number;
}

/**
 * The default export of a `panel` module: draws into `element`, answers the function that removes it.
 * The shell offers custom elements to draw with: `<cupboard-chart>` (see `CupboardChart`).
 */
export type MountPanel = (element: HTMLElement, api: PanelApi) => () => void;
