import type { Store } from 'cupboard/sdk';
import type { Place } from '../config.ts';

/** A named point and where it is kept. */
export interface KnownPlace extends Place {
  readonly from: 'config' | 'page';
}

/** Named points: those of the config, and over them those set on the page or imported. */
export interface Places {
  all(): Readonly<Record<string, KnownPlace>>;
  /** Adds or moves a place. */
  set(name: string, place: Place): void;
  /** Hides a place of the config, forgets one of the page; false when there is none of that name. */
  remove(name: string): boolean;
}

interface Row {
  readonly name: string;
  readonly latitude: number | null;
  readonly longitude: number;
  readonly altitude: number | null;
}

export function openPlaces(store: Store, configured: Readonly<Record<string, Place>>): Places {
  const rows = store.prepare<[], Row>('SELECT * FROM places ORDER BY name');
  const put = store.prepare('INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)');
  const drop = store.prepare('DELETE FROM places WHERE name = ?');
  const all = () => {
    const places = new Map<string, KnownPlace>();
    for (const [name, place] of Object.entries(configured)) places.set(name, { ...place, from: 'config' });
    for (const { name, latitude, longitude, altitude } of rows.all()) {
      if (latitude === null) places.delete(name);
      else places.set(name, { latitude, longitude, ...(altitude !== null && { altitude }), from: 'page' });
    }
    return Object.fromEntries(places);
  };
  return {
    all,
    set: (name, { latitude, longitude, altitude }) => void put.run(name, latitude, longitude, altitude ?? null),
    remove: (name) => {
      if (all()[name] === undefined) return false;
      if (name in configured) put.run(name, null, null, null);
      else drop.run(name);
      return true;
    },
  };
}
