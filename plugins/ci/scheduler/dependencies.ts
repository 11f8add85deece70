import type { Change, Pipeline } from '../contract.ts';

/**
 * The changes in the order in which they must merge, `change` itself last; merged ones are left out.
 * @returns the reason where there is no such order: one is missing, or they need each other
 */
export function mergeOrder(change: Change, needed: readonly Change[]): { order: Change[] } | { refusal: string } {
  const known = new Map(needed.map((each) => [each.id, each]));
  known.set(change.id, change);
  const order: Change[] = [];
  const visit = (id: string, path: readonly string[]): string | undefined => {
    const found = known.get(id);
    if (found === undefined) return `${path.at(-1)} needs ${id}, which is not known`;
    if (found.isMerged || order.includes(found)) return undefined;
    if (path.includes(id)) return `changes need each other: ${[...path.slice(path.indexOf(id)), id].join(' -> ')}`;
    for (const dependency of found.dependsOn) {
      const refusal = visit(dependency, [...path, id]);
      if (refusal !== undefined) return refusal;
    }
    order.push(found);
    return undefined;
  };
  const refusal = visit(change.id, []);
  return refusal === undefined ? { order } : { refusal };
}

/** What keeps a change out of a pipeline; `undefined` = nothing. Branches and refs as they are always may. */
export function missingRequirement(pipeline: Pipeline, change: Change): string | undefined {
  if (change.kind !== 'change') return undefined;
  if (change.isMerged) return `${change.id} has merged already`;
  if (pipeline.require.open && !change.isOpen) return `${change.id} is not open`;
  const lacking = Object.entries(pipeline.require.approval).find(
    ([label, value]) => !(change.approvals[label] ?? []).some((given) => given >= value),
  );
  return lacking && `${change.id} lacks ${lacking[0]} ${lacking[1]}`;
}
