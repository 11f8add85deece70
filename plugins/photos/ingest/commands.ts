import { type CommandResult, HubError } from 'cupboard/sdk';
import type { Photos } from '../photos.ts';
import { importAnswer, reportPage } from './answers.ts';
import type { Imports } from './imports.ts';

/** The commands that fill and tend the archive. */
export function ingestCommands(photos: Photos, imports: Imports): void {
  const { hub } = photos;
  hub.command<{ path: string; dry_run: boolean }>('import', ({ path, dry_run }) =>
    answering(photos, async () => importAnswer(await imports.importTree(path, { dryRun: dry_run }))),
  );
  hub.command<{ job?: number; from: number; limit: number }>('import_report', ({ job, from, limit }) =>
    reportPage(imports.report(job), from, limit),
  );
}

/** What is known by name is answered by name, with its advice; everything else is a fault and logged as one. */
async function answering({ archive }: Photos, work: () => Promise<CommandResult>): Promise<CommandResult> {
  const { state, reason, advice } = await archive.status();
  if (state !== 'ok') return { ok: false, error: state, reason, advice };
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ok: false, error: error.code, reason: error.message };
  }
}
