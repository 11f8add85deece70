import { isMountable } from './mount-options.ts';
import { type Evidence, findPlaces, isPresent, mediumOf, type Place } from './places.ts';
import type { Volume } from './volumes.ts';

/** What was begun with a place or a medium and is not over before it is gone. */
export interface Hold {
  /** The place that is read; absent where nothing is mounted: done with, or it could not be mounted. */
  readonly place?: string | undefined;
  readonly medium?: string | undefined;
}

export type Action<H extends Hold> =
  | { readonly do: 'mount'; readonly volume: Volume; readonly medium: string }
  | { readonly do: 'open'; readonly place: Place }
  /** A mount of the plugin's own whose medium is gone, left behind. */
  | { readonly do: 'unmount'; readonly point: string }
  /**
   * The card is gone. `stale`: it was pulled while mounted. `staysIn`: only the mount went, the medium is still in the
   * device; whoever unmounted it does not want it mounted again.
   */
  | { readonly do: 'close'; readonly hold: H; readonly stale: boolean; readonly staysIn: boolean };

/**
 * What to do about the cards, from what is seen and what was begun already. The same evidence again asks for nothing
 * more once its actions are done.
 */
export function decide<H extends Hold>(
  evidence: Evidence,
  holds: readonly H[],
  options: { readonly mount: 'auto' | 'never' },
): Action<H>[] {
  const places = findPlaces(evidence);
  const media = new Map(evidence.volumes.map((volume) => [mediumOf(volume.device, evidence.devices), volume]));

  const closing = holds.flatMap((hold): Action<H>[] => {
    const isIn = hold.medium !== undefined && isPresent(hold.medium, evidence.devices);
    if (hold.place === undefined) return isIn ? [] : [{ do: 'close', hold, stale: false, staysIn: false }];
    const place = places.find(({ key }) => key === hold.place);
    if (place === undefined) return [{ do: 'close', hold, stale: false, staysIn: isIn }];
    return place.stale || place.medium !== hold.medium ? [{ do: 'close', hold, stale: true, staysIn: false }] : [];
  });

  const held = new Set(holds.map(({ place }) => place));
  const opening = places
    .filter(({ key }) => !held.has(key))
    .flatMap((place): Action<H>[] => {
      if (!place.stale) return [{ do: 'open', place }];
      return place.ours ? [{ do: 'unmount', point: place.point }] : [];
    });

  const inHand = new Set(holds.map(({ medium }) => medium));
  const mounting = [...media].flatMap(([medium, volume]): Action<H>[] => {
    const wanted = volume.removable && !volume.mounted && isMountable(volume.type);
    return options.mount === 'auto' && medium !== undefined && wanted && !inHand.has(medium)
      ? [{ do: 'mount', volume, medium }]
      : [];
  });
  return [...closing, ...opening, ...mounting];
}
