import { readFile } from 'node:fs/promises';
import { HubError } from 'cupboard/sdk';
import type { CatalogueFile } from '../catalogue.ts';
import type { Edit } from './edits.ts';
import { parseGeosync } from './geosync.ts';
import { parseGpx } from './gpx.ts';
import type { Places } from './places.ts';
import { positionAt } from './track.ts';
import { isZone, wallClockToUtc } from './zone.ts';

/** Where the positions come from: one of a named place, a point and a track. */
export interface Source {
  readonly place?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly altitude?: number;
  /** Path of a GPX file, or its text. */
  readonly gpx?: string;
  /** Zone of capture times that state none; default the home zone. */
  readonly zone?: string;
  /** A difference, or pairs, as ExifTool's Geosync. */
  readonly geosync?: string | readonly string[];
}

type Written = Extract<Edit, { kind: 'write' }>['changes'];
/** What to write into one photo, or why there is nothing. */
export type Locate = (file: CatalogueFile) => Written | string;

/**
 * Makes of a source the function that gives each photo its position.
 * @throws HubError `geotag_source` `unknown_place` `unknown_zone`, GpxError, GeosyncError and errors of reading
 */
export async function openSource(source: Source, places: Places, homeZone: string): Promise<Locate> {
  const { place, latitude, longitude, altitude, gpx } = source;
  const given = [place, latitude ?? longitude, gpx].filter((one) => one !== undefined);
  if (given.length !== 1) throw new HubError('geotag_source', 'give one of place, latitude with longitude, and gpx');
  if (place !== undefined) {
    const known = places.all();
    if (known[place] === undefined) {
      const names = Object.keys(known).join(', ') || 'none yet';
      throw new HubError('unknown_place', `there is no place "${place}"; known: ${names}`);
    }
    const { from: _, ...position } = known[place];
    return () => ({ position });
  }
  if (gpx !== undefined) return alongTrack(gpx, source, homeZone);
  if (latitude === undefined || longitude === undefined) {
    throw new HubError('geotag_source', 'latitude and longitude go together');
  }
  return () => ({ position: { latitude, longitude, ...(altitude !== undefined && { altitude }) } });
}

async function alongTrack(gpx: string, { zone, geosync = [] }: Source, homeZone: string): Promise<Locate> {
  if (zone !== undefined && !isZone(zone)) {
    throw new HubError('unknown_zone', `"${zone}" is no zone like Europe/Berlin or +01:00`);
  }
  const fixes = parseGpx(/^\s*</.test(gpx) ? gpx : await readFile(gpx, 'utf8'));
  const values = typeof geosync === 'string' ? [geosync] : geosync;
  const correction = values.length === 0 ? () => 0 : parseGeosync(values, zone ?? homeZone);
  return ({ captured, utcOffset }) => {
    // A zone that is given was given because what the camera says is wrong.
    const taken = captured === null ? undefined : wallClockToUtc(captured, zone ?? utcOffset ?? homeZone);
    if (taken === undefined) return 'it has no date';
    const time = taken + correction(taken);
    const position = positionAt(fixes, time);
    return typeof position === 'string' ? position : { position, gpsTime: time };
  };
}
