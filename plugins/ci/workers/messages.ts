import type { BuildOutcome, BuildProgress, BuildRequest, Checkout } from '../contract.ts';
import type { Greeting } from './lease.ts';

/** What goes over the link beside transfers; every one may come late, twice or never. */
export type ToWorker =
  | { readonly type: 'assign'; readonly fence: number }
  | {
      readonly type: 'renewal';
      readonly session: number;
      readonly seq: number;
      readonly fences: readonly number[];
      /** How long a build may go on after the greeting that this answers, ms. */
      readonly tenure_ms: number;
    }
  | { readonly type: 'release'; readonly fence: number }
  /** Greet now. */
  | { readonly type: 'call' };

export type ToScheduler =
  | (Greeting & {
      readonly type: 'greeting';
      /** Builds at a time. */
      readonly max: number;
      /** Images that nodes can be made of. */
      readonly images: readonly string[];
    })
  | { readonly type: 'progress'; readonly fence: number; readonly progress: BuildProgress };

/** Among a worker's images: its nodes are of mode `process`, which needs none. */
export const ANY_IMAGE = '*';

/** The file `request` of a lease: a build's request, its repositories by what they hold instead of where they are. */
export interface WireRequest extends Omit<BuildRequest, 'checkouts'> {
  readonly checkouts: readonly (Omit<Checkout, 'repository'> & {
    /** Branches and tags, as `listRefs` answers them. */
    readonly refs: string;
  })[];
}

/** Names of the files of a lease, on either side. */
export const REQUEST = 'request';
export const CONSOLE = 'console';
export const RESULTS = 'results';
/** A repository's bundle: its number in the request and the commits the worker has. */
export const bundleFile = (index: number, known: readonly string[]) => `bundle/${index}/${known.join(',')}`;

/** The number and the commits of a bundle's name; `undefined` = it is none. */
export function parseBundleFile(
  file: string,
): { readonly index: number; readonly known: readonly string[] } | undefined {
  const [, index, known] = /^bundle\/(\d{1,3})\/([0-9a-f]{40}(?:,[0-9a-f]{40}){0,63})?$/.exec(file) ?? [];
  return index === undefined ? undefined : { index: Number(index), known: known?.split(',') ?? [] };
}

/** The part of a lease's life that a worker counts on, with which it always ends before the lease. */
export const tenureOf = (leaseMs: number): number => (leaseMs * 2) / 3;

/** What became of a build on its worker. */
export type RemoteEnd =
  | { readonly type: 'finished'; readonly outcome: BuildOutcome }
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'ended' };
