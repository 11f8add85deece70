import { fileURLToPath } from 'node:url';
import { buildDefinitions, type Definitions } from '../../../../plugins/ci/jobs/definitions.ts';
import { readFolder } from '../../../../plugins/ci/jobs/files.ts';
import { DefinitionsError, problemText } from '../../../../plugins/ci/jobs/problem.ts';

/** What comes with the plugin. */
export const shipped = await readFolder(fileURLToPath(new URL('../../../../plugins/ci/jobs/shipped', import.meta.url)));

/** The definitions of one file `x.yaml`, and of more by name. */
export const build = (text: string, more: Record<string, string> = {}): Definitions =>
  buildDefinitions([{ label: '', files: new Map(Object.entries({ 'x.yaml': text, ...more })) }], {
    label: 'shipped:',
    files: shipped,
  });

/** The problems that definitions are refused with, as people see them. */
export function refusal(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof DefinitionsError) return error.problems.map((each) => problemText(each));
    throw error;
  }
  throw new Error('it was not refused');
}
