import { type CommandResult, HubError, type Json } from 'cupboard/sdk';
import type { Change } from '../catalogue.ts';
import { type RestoreRequest, restore } from '../restore.ts';
import { scrub, scrubAnswer } from '../verify.ts';
import { importAnswer, reportPage } from './answers.ts';
import { discard } from './discard.ts';
import type { Ingest } from './index.ts';

/** A page of `files` must pass through a broker that takes 1 MiB. */
const MOST_PAGE_BYTES = 700_000;

/** The commands that fill and tend the archive. */
export function ingestCommands(photos: Ingest): void {
  const { hub, imports, archive, catalogue, copying, originals } = photos;
  hub.command<{ path: string; dry_run: boolean }>('import', ({ path, dry_run }) =>
    answering(photos, async () => importAnswer(await imports.importTree(path, { dryRun: dry_run }))),
  );
  hub.command<{ job?: number; from: number; limit: number }>('import_report', ({ job, from, limit }) =>
    reportPage(imports.report(job), from, limit),
  );
  // Not `answering`: an archive whose marker is lost is what adopt is for.
  hub.command<{ path?: string; dry_run: boolean }>('adopt', ({ path = archive.root, dry_run }) =>
    named(async () => {
      const report = await imports.adopt(path, dry_run);
      if (!dry_run) await originals.save();
      return importAnswer(report);
    }),
  );
  hub.command<{ files: string[] }>('discard', ({ files }) =>
    answering(photos, async () => {
      const answer = await discard(files, photos);
      await originals.save();
      return answer;
    }),
  );
  hub.command<{ after: number; limit: number }>('files', ({ after, limit }) => ({
    ok: true,
    change: catalogue.lastChange(),
    archive: archive.root,
    simulated: hub.config.simulate,
    files: pageOf(catalogue.changes(after, limit)),
  }));
  hub.command<{ week?: string; files?: string[] }>('verify', ({ week, files }) =>
    answering(photos, async () => {
      const paths =
        files ?? (week === undefined ? [...catalogue.all()] : catalogue.inFolder(week)).map(({ path }) => path);
      const onProgress = (done: number, total: number) => hub.progress('verify', done, total);
      return scrubAnswer(await scrub(paths, photos, { signal: hub.signal, onProgress }));
    }),
  );
  hub.command<RestoreRequest>('restore', (request) => answering(photos, () => restore(request, photos, copying)));
}

function pageOf(changes: readonly Change[]): Json {
  const page: Json[] = [];
  let bytes = 0;
  for (const change of changes) {
    const line = 'removed' in change ? { ...change } : fileLine(change);
    bytes += JSON.stringify(line).length;
    if (page.length > 0 && bytes > MOST_PAGE_BYTES) break;
    page.push(line);
  }
  return page;
}

const fileLine = (file: Exclude<Change, { removed: true }>) => ({
  path: file.path,
  folder: file.folder,
  kind: file.kind,
  size: file.size,
  mtime: file.mtime,
  sha256: file.currentSha256,
  original_sha256: file.originalSha256,
  state: file.state,
  captured: file.captured,
  title: file.title,
  caption: file.caption,
  keywords: file.keywords,
  latitude: file.latitude,
  longitude: file.longitude,
  change: file.change,
});

/** Does the work if the archive is there. */
async function answering(photos: Ingest, work: () => Promise<CommandResult>): Promise<CommandResult> {
  const { state, reason, advice } = await photos.archive.status();
  return state === 'ok' ? named(work) : { ok: false, error: state, reason, advice };
}

/** What is known by name is answered by name; everything else is a fault and logged as one. */
async function named(work: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ok: false, error: error.code, reason: error.message };
  }
}
