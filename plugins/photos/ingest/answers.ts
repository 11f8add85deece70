import type { CommandResult, Json } from 'cupboard/sdk';
import type { FileOutcome, ImportReport } from './report.ts';

/** An answer must pass through a broker that takes 1 MiB. */
const MOST_FILES = 500;
const MOST_BYTES = 256 * 1024;

/** An import's answer: as many files as fit, the rest by `import_report`. */
export function importAnswer({ files, ...report }: ImportReport): CommandResult {
  const page = pageOf(files, 0, MOST_FILES);
  return {
    ...report,
    files: page as unknown as Json,
    ...(page.length < files.length && { more: files.length - page.length }),
  };
}

/** A part of a report's files. */
export function reportPage(report: ImportReport | undefined, from: number, limit: number): CommandResult {
  if (!report) return { ok: false, error: 'no such import', expected: 'one of the last imports since the start' };
  const { files, job, root } = report;
  const page = pageOf(files, from, limit);
  return { ok: true, job, root, from, total: files.length, files: page as unknown as Json };
}

function pageOf(files: readonly FileOutcome[], from: number, limit: number): FileOutcome[] {
  const page: FileOutcome[] = [];
  let bytes = 0;
  for (const file of files.slice(from, from + limit)) {
    bytes += JSON.stringify(file).length;
    if (page.length > 0 && bytes > MOST_BYTES) break;
    page.push(file);
  }
  return page;
}
