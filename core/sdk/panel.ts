import type { CommandResult, History, Json, JsonObject, Location, Units } from './contract.ts';

/** What a plugin's web page is given. The same for a panel inside the page and one in a sandboxed frame. */
export interface PanelApi {
  readonly plugin: string;
  readonly hub: { readonly name: string; readonly timezone: string; readonly location?: Location };
  /** How the user wants to read values; topics are always metric. */
  readonly units: Units;
  readonly theme: 'light' | 'dark';
  /** Live messages, retained ones first. Answers the unsubscribe function. */
  subscribe(filter: string, handler: (topic: string, payload: string) => void): () => void;
  publish(topic: string, payload: Json): Promise<void>;
  command(name: string, args?: JsonObject): Promise<CommandResult>;
  history(series: string, range: { from: number; to: number; points?: number }): Promise<History>;
  /** Fetches below `/plugins/<id>/`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/**
 * The default export of a `panel` module: draws into `element`, answers the function that removes it.
 * The shell offers custom elements to draw with: `<cupboard-chart>` (uPlot with min/max band).
 */
export type MountPanel = (element: HTMLElement, api: PanelApi) => () => void;
