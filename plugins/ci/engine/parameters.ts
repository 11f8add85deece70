import { dirname } from 'node:path';
import type { Change, Checkout } from '../contract.ts';
import { type Item, mergeId, type PlannedJob } from '../scheduler/state.ts';

const UUID_SHOWN = 7;

/** The ZUUL_* variables of an item's build, as Zuul 2.5 gives them. */
export function buildParameters(item: Item, { use, job }: PlannedJob, build: string): Record<string, string> {
  const { change, pipeline, merge } = item;
  const [checkout] = merge.state === 'merged' ? merge.checkouts : [];
  const base = logBase(change);
  return {
    ZUUL_UUID: build,
    ZUUL_PROJECT: change.project,
    ZUUL_PIPELINE: pipeline,
    ZUUL_URL: checkout === undefined ? '' : dirname(checkout.repository),
    ZUUL_VOTING: use.voting ? '1' : '0',
    BASE_LOG_PATH: base,
    LOG_PATH: `${base}/${pipeline}/${job.name}/${build.slice(0, UUID_SHOWN)}`,
    ...(change.kind === 'change' ? ofChange(item, checkout) : ofRef(change)),
  };
}

function ofChange({ id, set, change, tested }: Item, checkout: Checkout | undefined) {
  return {
    ZUUL_BRANCH: change.branch,
    ZUUL_CHANGE: change.number ?? '',
    ZUUL_PATCHSET: change.patchset ?? '',
    ZUUL_CHANGES: tested.map(({ project, branch, ref }) => `${project}:${branch}:${ref}`).join('^'),
    ZUUL_CHANGE_IDS: tested.map(({ number, patchset }) => `${number},${patchset}`).join(' '),
    ZUUL_REF: `refs/zuul/${change.branch}/${mergeId(id, set)}`,
    ZUUL_COMMIT: checkout?.commit ?? change.commit,
  };
}

function ofRef({ kind, branch, ref, commit, oldrev = '', newrev = commit }: Change) {
  const refname = kind === 'ref' ? ref : branch;
  return {
    ZUUL_BRANCH: branch,
    ZUUL_REFNAME: refname,
    ZUUL_OLDREV: oldrev,
    ZUUL_NEWREV: newrev,
    ZUUL_REF: refname,
    ZUUL_COMMIT: newrev,
  };
}

function logBase({ kind, number = '', patchset = '', commit }: Change): string {
  if (kind !== 'change') return `${commit.slice(0, 2)}/${commit}`;
  return `${number.slice(-2).padStart(2, '0')}/${number}/${patchset}`;
}
