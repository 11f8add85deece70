import { realpath } from 'node:fs/promises';
import type { Hub } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { type AdoptContext, AdoptJob } from './adopt.ts';
import { type ImportContext, ImportJob } from './import.ts';
import type { Jobs } from './jobs.ts';
import type { ImportOptions, ImportProgress, ImportReport } from './report.ts';

/** Reports that can still be asked for. */
const KEPT = 8;
/** Events of single files in one import; the count of the rest is in its own event. */
const MOST_FAILURE_EVENTS = 20;

/** Runs imports, each in its turn, and remembers what the last ones did. */
export class Imports {
  readonly #reports: ImportReport[] = [];
  #jobs = 0;

  constructor(
    private readonly hub: Hub<Config>,
    private readonly context: ImportContext & AdoptContext,
    private readonly jobs: Jobs,
  ) {}

  /** @throws HubError when the folder cannot be imported from or the archive cannot be used */
  importTree(root: string, options: ImportOptions = {}): Promise<ImportReport> {
    return this.jobs.run(() => this.#import(root, options));
  }

  /**
   * Takes the archive, or a folder in it, into the catalogue as it lies.
   * @throws HubError `adopt_path` | `archive_missing`
   */
  adopt(folder: string, dryRun: boolean): Promise<ImportReport> {
    return this.jobs.run(async () => {
      const { hub } = this;
      const onProgress = ({ done, total }: ImportProgress) => hub.progress('adopt', done, total, folder);
      const adopting = new AdoptJob(this.context, { dryRun, signal: hub.signal, onProgress }).run(folder);
      return this.#keep({ job: this.#number(), root: folder, ...(await adopting) });
    });
  }

  /** The report of a recent import, or of the latest. */
  report(job?: number): ImportReport | undefined {
    return job === undefined ? this.#reports.at(-1) : this.#reports.find((report) => report.job === job);
  }

  async #import(path: string, options: ImportOptions): Promise<ImportReport> {
    const { hub } = this;
    const root = await realpath(path).catch(() => path); // a folder that is not there is refused by the job
    const signal = AbortSignal.any([hub.signal, ...(options.signal ? [options.signal] : [])]);
    const onProgress = (progress: ImportProgress) => {
      hub.progress('import', progress.done, progress.total, `${progress.phase} ${root}`);
      options.onProgress?.(progress);
    };
    const job = new ImportJob(this.context, root, { ...options, signal, onProgress });
    const report = this.#keep({ job: this.#number(), root, ...(await job.run()) });
    if (!report.dry_run) await this.#announce(report, options.card);
    return report;
  }

  #number(): number {
    this.#jobs += 1;
    return this.#jobs;
  }

  #keep(report: ImportReport): ImportReport {
    this.#reports.push(report);
    if (this.#reports.length > KEPT) this.#reports.shift();
    return report;
  }

  async #announce({ files, advice: _, dry_run: __, ...report }: ImportReport, card: string | undefined): Promise<void> {
    const from = card === undefined ? {} : { card };
    const failed = files.filter(({ outcome }) => outcome === 'failed' || outcome === 'empty');
    for (const { source, outcome, reason = '' } of failed.slice(0, MOST_FAILURE_EVENTS)) {
      await this.hub.event('file_failed', { ...from, job: report.job, root: report.root, source, outcome, reason });
    }
    await this.hub.event('import_finished', { ...from, ...report });
    const { root, known, verified, ok, error = '' } = report;
    const counts = `${report.new} new, ${verified} verified, ${known} known, ${report.failed} failed`;
    this.hub.log[ok ? 'info' : 'warn'](`import of ${root}: ${counts}${ok ? '' : `; ended early: ${error}`}`);
  }
}
