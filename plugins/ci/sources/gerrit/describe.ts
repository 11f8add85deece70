import type { Change } from '../../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import type { GerritRow } from './events.ts';
import type { GerritServer } from './server.ts';

export const idOf = (source: string, { project, number }: GerritRow): string => `${source}:${project}/${number}`;

/** A change as the scheduler wants it; its parents are looked up, as those that have merged are not needed any more. */
export async function describeRow(
  row: GerritRow,
  { source, server, dependencies }: { source: string; server: GerritServer; dependencies: Dependencies },
): Promise<Change> {
  const { project, branch, commit, ref, changeId, message, author, url, files, number, patchset } = row;
  const id = idOf(source, row);
  const parents = await server.query(
    ...row.parents.flatMap((parent, at) => [...(at > 0 ? ['OR'] : []), `change:${parent}`]),
  );
  const unmerged = parents.filter(({ status }) => status !== 'merged').map((parent) => idOf(source, parent));
  const named = await dependencies({ source, project, message });
  return {
    key: `${id},${patchset}`,
    id,
    source,
    kind: 'change',
    project,
    branch,
    commit,
    ref,
    number: String(number),
    patchset: String(patchset),
    ...(changeId !== '' && { changeId }),
    message,
    ...(author !== '' && { author }),
    ...(/^https?:\/\//.test(url) && { url }),
    dependsOn: [...new Set([...unmerged, ...named])],
    ...(files && { files }),
    isOpen: row.status === 'open',
    isMerged: row.status === 'merged',
    approvals: Object.fromEntries(
      Object.entries(row.votes).map(([label, votes]) => [label, [Math.max(...votes), Math.min(...votes)]]),
    ),
  };
}
