import { readFile } from 'node:fs/promises';
import { type CommandResult, HubError, type JsonObject } from 'cupboard/sdk';
import type { CatalogueFile } from '../catalogue.ts';
import type { Photos } from '../photos.ts';
import { changesFor, type EditResult, NOT_KNOWN } from './apply.ts';
import { type Batches, BatchPausedError } from './batches.ts';
import { type ClockArguments, planClock } from './clock-command.ts';
import type { Edit, NewEdit } from './edits.ts';
import { type ExifTool, ExifToolMissingError } from './exiftool.ts';
import { openSource, type Source } from './geotag.ts';
import { parseGeotagLocations } from './geotag-locations.ts';
import type { Places } from './places.ts';
import { isPicture, type Selection, select } from './selection.ts';
import { tidyChanges, tidyKeywords } from './tags.ts';

/** More results than this are counted only. */
const MOST_RESULTS = 1000;

interface Parts {
  readonly photos: Photos;
  readonly batches: Batches;
  readonly places: Places;
  readonly exiftool: ExifTool;
}

type Arguments<Extra = object> = Selection & { readonly dry_run?: boolean } & Extra;
type ForFile = (file: CatalogueFile) => Exclude<Edit, { kind: 'move' }> | string;

/** The commands that write metadata, and those about places. */
export function offerCommands(parts: Parts): void {
  const { photos, places } = parts;
  const { hub, catalogue } = photos;

  hub.command<Arguments<Source & { overwrite?: boolean }>>('geotag', async (args) => {
    const locate = await openSource(args, places, hub.timezone);
    return edit(parts, args, (file) => {
      const changes = locate(file);
      return typeof changes === 'string' ? changes : { kind: 'write', changes, overwrite: args.overwrite === true };
    });
  });

  hub.command<Arguments<{ title: string }>>('title', async (args) => {
    const changes = tidyChanges({ title: args.title });
    const answer = await edit(parts, args, () => ({ kind: 'write', changes, overwrite: true }));
    const isWholeWeek = args.week !== undefined && args.first === undefined && args.last === undefined;
    if (isWholeWeek && args.dry_run !== true && 'changed' in answer)
      catalogue.setFolderTitle(args.week, changes.title ?? '');
    return answer;
  });

  hub.command<Arguments<{ caption: string; clear?: boolean }>>('caption', async (args) => {
    const given = tidyChanges({ caption: args.caption }).caption ?? null;
    return edit(parts, args, (file) => {
      const caption = args.clear === true ? null : (given ?? captionBefore(parts, args, file));
      return caption === undefined
        ? 'no photo before it in its week has a caption to repeat'
        : { kind: 'write', changes: { caption }, overwrite: true };
    });
  });

  hub.command<Arguments<{ add?: string[]; remove?: string[] }>>('keywords', async (args) => {
    const [add, remove] = [tidyKeywords(args.add ?? []), tidyKeywords(args.remove ?? [])];
    if (add.length + remove.length === 0) throw new HubError('no_keywords', 'give keywords to add or to remove');
    return edit(parts, args, () => ({ kind: 'keywords', add, remove }));
  });

  hub.command<ClockArguments>('clock', async (args) => {
    const { edits, files } = planClock(photos, args);
    if (args.dry_run === true || args.preview === true) {
      return { ok: true, changed: files.length, skipped: 0, failed: 0, files: files.slice(0, MOST_RESULTS) };
    }
    return run(parts, edits, []);
  });

  hub.command('places', () => ({ ok: true, places: places.all() as unknown as JsonObject }));

  hub.command<{ name: string; latitude?: number; longitude?: number; altitude?: number; dry_run?: boolean }>(
    'set_place',
    ({ name, latitude, longitude, altitude, dry_run }) => {
      if ((latitude === undefined) !== (longitude === undefined)) {
        return { ok: false, error: 'latitude and longitude go together; without both the place is removed' };
      }
      if (latitude === undefined || longitude === undefined) {
        const isKnown = dry_run === true ? name in places.all() : places.remove(name);
        return isKnown ? { ok: true } : { ok: false, error: `there is no place "${name}"` };
      }
      if (dry_run !== true) places.set(name, { latitude, longitude, ...(altitude !== undefined && { altitude }) });
      return { ok: true };
    },
  );

  hub.command<{ file?: string; text?: string; dry_run?: boolean }>('import_places', async ({ file, text, dry_run }) => {
    if ((file === undefined) === (text === undefined)) return { ok: false, error: 'give file or text' };
    const found = parseGeotagLocations(text ?? (await readFile(file as string, 'utf8')));
    const known = places.all();
    const imported = Object.entries(found.places);
    if (dry_run !== true) for (const [name, place] of imported) places.set(name, place);
    return {
      ok: imported.length > 0,
      ...(imported.length === 0 && {
        error: 'there is no place in it: expected bash arrays with "set Exif.GPSInfo..."',
      }),
      changed: imported.length,
      skipped: 0,
      failed: found.problems.length,
      places: found.places as unknown as JsonObject,
      replaced: imported.map(([name]) => name).filter((name) => name in known),
      problems: found.problems,
    };
  });
}

/** The caption of the nearest photo before it in its week: what an empty answer repeats. */
function captionBefore({ photos }: Parts, args: Selection, file: CatalogueFile): string | undefined {
  const week = photos.catalogue.inFolder(file.folder).filter(isPicture);
  const place = week.findIndex(({ id }) => id === file.id);
  const isChosen = ({ path }: CatalogueFile) => args.files?.includes(path) === true;
  const before = week.slice(0, place).filter((other) => other.shot !== file.shot && !isChosen(other));
  return before.findLast(({ caption }) => caption !== null)?.caption ?? undefined;
}

/** Plans an edit for each selected file and does them, or only tells what would be done. */
async function edit(parts: Parts, args: Arguments, forFile: ForFile): Promise<CommandResult> {
  const { files, unknown } = select(parts.photos.catalogue, args);
  const edits: NewEdit[] = [];
  const known: EditResult[] = unknown.map((path) => ({ path, outcome: 'failed', reason: NOT_KNOWN }));
  for (const file of files) {
    const wanted = forFile(file);
    const changes = typeof wanted === 'string' ? wanted : changesFor(wanted, file);
    if (typeof wanted === 'string' || typeof changes === 'string') {
      known.push({ path: file.path, outcome: 'skipped', reason: String(changes) });
    } else {
      edits.push({ path: file.path, edit: wanted });
    }
  }
  if (args.dry_run === true)
    return answer([...edits.map(({ path }) => ({ path, outcome: 'changed' as const })), ...known]);
  return run(parts, edits, known);
}

async function run(
  { photos, batches, exiftool }: Parts,
  edits: readonly NewEdit[],
  known: readonly EditResult[],
): Promise<CommandResult> {
  try {
    // Before anything is queued: what cannot be written now is refused, not promised.
    if (edits.length > 0) {
      await photos.archive.open();
      await exiftool.version();
    }
    return answer([...(await batches.run(edits)), ...known]);
  } catch (error) {
    if (error instanceof ExifToolMissingError) return { ok: false, error: error.message, advice: error.advice };
    if (error instanceof BatchPausedError) return { ok: false, error: error.message, advice: 'It goes on by itself.' };
    throw error;
  }
}

function answer(results: readonly EditResult[]): CommandResult {
  const count = (outcome: EditResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const failed = count('failed');
  const first = results.find(({ outcome }) => outcome === 'failed');
  return {
    ok: failed === 0,
    ...(failed > 0 && { error: `${failed} of ${results.length} failed: ${first?.path}: ${first?.reason}` }),
    changed: count('changed'),
    skipped: count('skipped'),
    failed,
    files: results.slice(0, MOST_RESULTS) as unknown as JsonObject[],
  };
}
