import { join } from 'node:path';
import { type CommandResult, errorText, type Hub } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import type { Layout, Merger } from '../contract.ts';
import { PLUGIN_FOLDER } from '../folder.ts';
import type { Git } from '../sources/git/git.ts';
import { ConfigRepo } from './config-repo.ts';
import { readFolder } from './files.ts';
import { problemText } from './problem.ts';
import { definitionsFolder, type LayoutStore, openLayoutStore, problemsOf } from './store.ts';
import { watchFolder } from './watch.ts';

export interface OpenDefinitions {
  readonly store: LayoutStore;
  stop(): Promise<void>;
}

/**
 * Opens the definitions and follows them: the folder is watched, the config_repo polled. Serves the command `validate` and
 * the retained topic `ci/definitions`.
 * @param machines names of static nodes, which jobs of a change may not use
 */
export async function openDefinitions(
  hub: Hub<Config>,
  { merger, git }: { readonly merger: Pick<Merger, 'readFile'>; readonly git: Git },
  machines: readonly string[],
): Promise<OpenDefinitions> {
  const { config, dataDir, log } = hub;
  const folder = definitionsFolder(dataDir, config.definitions);
  const settings = config.config_repo;
  const configRepo = settings && new ConfigRepo(settings, join(dataDir, 'config-repo.git'), git);
  const store = await openLayoutStore({
    folder,
    ...(configRepo && { configRepo }),
    shipped: await readFolder(join(PLUGIN_FOLDER, 'jobs/shipped')),
    merger,
    machines: new Set(machines),
    lastGood: join(dataDir, 'definitions.json'),
    log,
  });
  const stop = await watchFolder(folder, () => void store.reload(), log);
  // Between the first look and the watch, something may have come.
  await store.reload();
  if (settings) hub.every(settings.poll_seconds, () => store.fetch());

  const tell = () =>
    hub
      .publish(`${hub.id}/definitions`, summary(store), { retain: true })
      .catch((error: unknown) => log.warn(`${hub.id}/definitions: ${errorText(error)}`));
  store.onChange(() => void tell());
  await tell();
  hub.command<{ text?: string; file?: string; project?: string }>('validate', (args) => validate(store, args));
  return { store, stop };
}

/** What is in force, and why what is newer is not. */
function summary({ layout, problems }: LayoutStore) {
  return {
    time: Date.now(),
    state: problems.length === 0 ? 'in_force' : 'refused',
    ...contents(layout),
    problems: problems.map(problemText),
  };
}

const contents = ({ version, jobs, pipelines, projects }: Layout) => ({
  version,
  jobs: jobs.size,
  pipelines: pipelines.map(({ name }) => name),
  projects: [...projects.keys()],
});

/** Answers every problem with file, line and job; without arguments of the files as they are now. */
async function validate(
  store: LayoutStore,
  { text, file, project }: { readonly text?: string; readonly file?: string; readonly project?: string },
): Promise<CommandResult> {
  try {
    const isChange = text !== undefined && project !== undefined;
    const layout = isChange ? store.tryChange(text, project) : await store.tryOut(text, file);
    return { ok: true, ...contents(layout), problems: [] };
  } catch (error) {
    const problems = problemsOf(error, file ?? 'definitions');
    return { ok: false, error: problems.map(problemText).join('\n'), problems: problems.map((each) => ({ ...each })) };
  }
}
