import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from 'cupboard/sdk';
import type { Job, TestSummary } from '../contract.ts';
import type { TestCase } from '../view.ts';
import { findFiles, keepFiles, readRegular } from './artifacts.ts';
import { MAX_CASES, MAX_REPORT_BYTES, parseJunit, summarize } from './junit.ts';
import { Masker } from './masking.ts';

const MAX_REPORTS = 200;

/** What was kept of a build. */
export interface Kept {
  readonly tests?: TestSummary;
  /** For the log. */
  readonly notes: readonly string[];
  /** What was promised and could not be kept: the build's publishing failed. */
  readonly problems: readonly string[];
}

/** Names in a build's folder: its artifacts as they lay in the workspace, and the cases of its JUnit reports. */
export const ARTIFACTS = 'artifacts';
export const TEST_CASES = 'tests.json';

/**
 * Keeps a build's artifacts and test reports in its folder, with secrets masked.
 * @param workspace where the hub finds it
 * @param folder of the build's log
 */
export async function keepResults(
  workspace: string,
  job: Pick<Job, 'artifacts' | 'junit'>,
  folder: string,
  artifactsMb: number,
  secrets: readonly string[],
): Promise<Kept> {
  if (job.artifacts.length + job.junit.length === 0) return { notes: [], problems: [] };
  try {
    const artifacts = await findFiles(workspace, job.artifacts);
    const masker = secrets.length > 0 ? () => new Masker(secrets) : undefined;
    const maxBytes = artifactsMb * 1024 * 1024;
    const problems = await keepFiles(workspace, artifacts.paths, join(folder, ARTIFACTS), maxBytes, masker);
    const reports = await findFiles(workspace, job.junit);
    const { cases, notes } = await readReports(workspace, reports.paths, secrets);
    if (cases.length > 0) await writeFile(join(folder, TEST_CASES), JSON.stringify(cases));
    const kept = artifacts.paths.length > 0 ? [`Kept ${artifacts.paths.length - problems.length} artifacts`] : [];
    return {
      ...(reports.paths.length > 0 ? { tests: summarize(cases) } : {}),
      notes: [...kept, ...artifacts.problems, ...problems, ...reports.problems, ...notes],
      problems,
    };
  } catch (error) {
    const problem = `artifacts could not be kept: ${errorText(error)}`;
    return { notes: [problem], problems: [problem] };
  }
}

async function readReports(workspace: string, paths: readonly string[], secrets: readonly string[]) {
  const cases: TestCase[] = [];
  const notes: string[] = [];
  for (const path of paths.slice(0, MAX_REPORTS)) {
    try {
      const xml = await readRegular(join(workspace, path), MAX_REPORT_BYTES);
      if (xml === undefined) notes.push(`${path}: larger than ${MAX_REPORT_BYTES / 1024 / 1024} MB`);
      else cases.push(...(await parseJunit(Masker.mask(xml, secrets))));
    } catch (error) {
      notes.push(`${path}: not a JUnit report: ${errorText(error)}`);
    }
  }
  return { cases: cases.slice(0, MAX_CASES), notes };
}
