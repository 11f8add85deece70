import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from 'cupboard/sdk';
import { ANSIBLE_FOLDER, PLAYS } from './ansible/files.ts';
import type { Engine } from './engine/engine.ts';
import type { EngineStore } from './engine/store.ts';
import { jobsSchema } from './jobs/entries.ts';
import type { LogStore } from './logs/store.ts';
import { ARTIFACTS, TEST_CASES } from './runner/keep.ts';
import type { Sources } from './sources/open.ts';
import type { AnsiblePlay, CiView, LogView, TestCase } from './view.ts';

export interface ViewParts {
  readonly engine: Engine;
  readonly store: EngineStore;
  readonly logs: LogStore;
  readonly images: { log(imageBuild: string): Promise<LogView | undefined> };
  readonly sources: Pick<Sources, 'changes'>;
}

/** What the routes read, from where it is kept. */
export function createView({ engine, store, logs, images, sources }: ViewParts): CiView {
  return {
    builds: (filter) => store.builds(filter).map((status) => engine.builds.status(status.build) ?? status),
    async build(id) {
      const record = engine.record(id);
      if (record === undefined) return undefined;
      const cases = await readRecord<readonly TestCase[]>(join(logs.folder(id), TEST_CASES));
      const plays = await readRecord<readonly AnsiblePlay[]>(join(logs.folder(id), ANSIBLE_FOLDER, PLAYS));
      const { parameters = {} } = store.request(id) ?? {};
      return { ...record.status, parameters, ...(cases && { cases }), ...(plays && { plays }) };
    },
    log: (build) => logs.view(build),
    artifacts: (build) => {
      const folder = join(logs.folder(build), ARTIFACTS);
      return existsSync(folder) ? folder : undefined;
    },
    imageLog: (imageBuild) => images.log(imageBuild),
    changes: () => sources.changes(),
    jobSchema: jobsSchema,
  };
}

/** What a runner wrote beside the log as JSON. */
async function readRecord<Content>(path: string): Promise<Content | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Content;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
