import type { History, Json, JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';

/** What a page and the frame of a panel say to each other; plain data, because nothing else crosses the boundary. */

/** What the frame knows from the start. */
export type PanelFacts = Pick<PanelApi, 'plugin' | 'hub' | 'admin' | 'units' | 'theme'>;

/** Asked by the frame; answered by one `Answer` with the same id. */
export type Ask =
  | { readonly do: 'publish'; readonly topic: string; readonly payload: Json }
  | { readonly do: 'command'; readonly name: string; readonly args: JsonObject }
  | { readonly do: 'history'; readonly series: string; readonly range: { from: number; to: number; points?: number } }
  | { readonly do: 'fetch'; readonly path: string; readonly init: FrameRequest | undefined }
  | { readonly do: 'subscribe'; readonly filter: string; readonly subscription: number }
  | { readonly do: 'unsubscribe'; readonly subscription: number };

export interface FrameRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ArrayBuffer | Blob;
}

export interface FrameResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ArrayBuffer;
}

export type FromFrame =
  | { readonly kind: 'ready' }
  | { readonly kind: 'height'; readonly height: number }
  | { readonly kind: 'ask'; readonly id: number; readonly ask: Ask };

export type ToFrame =
  | { readonly kind: 'start'; readonly facts: PanelFacts }
  | { readonly kind: 'theme'; readonly theme: 'light' | 'dark' }
  | { readonly kind: 'message'; readonly subscription: number; readonly topic: string; readonly payload: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: Answer; readonly error?: string };

export type Answer = History | JsonObject | FrameResponse | undefined;
