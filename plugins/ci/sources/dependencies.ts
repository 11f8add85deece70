import { HubError } from 'cupboard/sdk';
import type { Change } from '../contract.ts';
import { parseFooters } from './change-id.ts';
import type { OpenedSource } from './opened.ts';

/** Answers the ids of what the `Depends-On` lines of a change name; a line that names nothing known stands for itself. */
export type Dependencies = (change: Pick<Change, 'source' | 'project' | 'message'>) => Promise<readonly string[]>;

/**
 * Reads the lines of all forms: a Change-Id, a page's address, `lamp/12`, `12` of the same project.
 * @param sources asked when needed: sources and their dependencies know one another
 */
export function createDependencies(sources: () => readonly OpenedSource[]): Dependencies {
  return async ({ source, project, message }) => {
    const ids = await Promise.all(
      parseFooters(message).dependsOn.map(async (target) => {
        if (/^I[0-9a-f]{40}$/i.test(target)) {
          const found = await Promise.all(sources().map((source) => source.findByChangeId(target)));
          return found.flat();
        }
        if (/^https?:\/\//.test(target)) return sources().flatMap((source) => source.findByUrl(target) ?? []);
        const [, other = project, number] = /^(?:#|(.+)\/)?(\d+)(?:,\d+)?$/.exec(target) ?? [];
        if (number === undefined) return [];
        const owner = other === project ? source : sources().find((one) => one.has(other))?.name;
        return owner === undefined ? [] : [`${owner}:${other}/${number}`];
      }),
    );
    return [...new Set(ids.flat())];
  };
}

/**
 * All changes that a change needs, each after those it needs itself, without the change.
 * @param find a change by its id
 * @throws HubError `dependency_cycle`, `dependency_unknown`
 */
export async function neededChanges(
  change: Change,
  find: (id: string) => Promise<Change | undefined>,
): Promise<readonly Change[]> {
  const done = new Map<string, Change>();
  const visit = async (current: Change, path: readonly string[]): Promise<void> => {
    for (const id of current.dependsOn) {
      const cycle = [...path, current.id];
      if (cycle.includes(id)) {
        throw new HubError(
          'dependency_cycle',
          `depends on itself: ${[...cycle.slice(cycle.indexOf(id)), id].join(' -> ')}`,
        );
      }
      if (done.has(id)) continue;
      const needed = await find(id);
      if (needed === undefined)
        throw new HubError('dependency_unknown', `${current.id} depends on ${id}, which is gone`);
      if (!needed.isMerged) await visit(needed, cycle);
      done.set(id, needed);
    }
  };
  await visit(change, []);
  return [...done.values()];
}
