import { HubError, type JsonObject } from 'cupboard/sdk';
import type { CatalogueFile } from '../catalogue.ts';
import { folderNames } from '../ingest/week.ts';
import type { Photos } from '../photos.ts';
import { shiftWallClock } from './clock.ts';
import type { NewEdit } from './edits.ts';
import { parseDifference } from './geosync.ts';

export interface ClockArguments {
  /** As the catalogue names it. */
  readonly camera: string;
  /** To add to what the camera's clock said: seconds, or `-1:00:00`. */
  readonly offset: number | string;
  /** First and last capture time by the wrong clock, inclusive. */
  readonly from?: string;
  readonly to?: string;
  readonly dry_run?: boolean;
  readonly preview?: boolean;
}

interface Plan {
  readonly edits: readonly NewEdit[];
  /** What becomes of each file, for the preview. */
  readonly files: readonly JsonObject[];
}

/**
 * Plans the correction of a camera's clock: every shot of the camera gets its dates shifted, all its members with it, and
 * then goes to the week it was really taken in.
 * @throws HubError `unknown_camera` `no_offset`, GeosyncError
 */
export function planClock(
  { catalogue, hub }: Photos,
  { camera, offset, from = '', to = '9999' }: ClockArguments,
): Plan {
  const seconds = typeof offset === 'number' ? Math.round(offset) : Math.round(parseDifference(offset) / 1000);
  if (seconds === 0) throw new HubError('no_offset', 'the offset is less than a second');
  const nameFolder = folderNames(hub.config.week, hub.config.folder);
  const shots = shotsOf([...catalogue.all()], camera, from, to);
  const edits: NewEdit[] = [];
  const moves: NewEdit[] = [];
  const files: JsonObject[] = [];
  for (const [shot, main] of shots) {
    const becomes = shiftWallClock(main.captured as string, seconds) as string;
    const folder = nameFolder(becomes);
    const isMoved = folder !== main.folder;
    const members = catalogue.inShot(shot);
    for (const { path, captured } of members) {
      edits.push({ path, edit: { kind: 'shift', seconds } });
      files.push({
        path,
        captured,
        becomes: captured === null ? null : (shiftWallClock(captured, seconds) ?? null),
        ...(isMoved && { moves_to: folder }),
      });
    }
    if (isMoved) moves.push({ path: main.path, edit: { kind: 'move', folder } });
  }
  return { edits: [...edits, ...moves], files };
}

/** The dated shots of a camera, each with the file that speaks for it. */
function shotsOf(files: readonly CatalogueFile[], camera: string, from: string, to: string) {
  const own = files.filter((file) => file.camera === camera);
  if (own.length === 0) {
    const known = [...new Set(files.map((file) => file.camera).filter((name) => name !== null))].sort().join(', ');
    throw new HubError('unknown_camera', `no photo was taken with "${camera}"; cameras: ${known || 'none'}`);
  }
  // A date of the GPS receiver was right, whatever the camera's clock said.
  const isOfClock = ({ capturedFrom }: CatalogueFile) => capturedFrom !== 'GPSDateTime';
  const isWithin = ({ captured }: CatalogueFile) => captured !== null && captured >= from && captured <= `${to}~`;
  const shots = new Map<string, CatalogueFile>();
  for (const file of own.filter(isWithin).filter(isOfClock)) if (!shots.has(file.shot)) shots.set(file.shot, file);
  return shots;
}
