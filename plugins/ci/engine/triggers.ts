import type { Change, Layout, Pipeline, SourceEvent, Trigger } from '../contract.ts';

const NO_COMMIT = /^0+$/;

/** The pipelines that an event of a source puts its change into. */
export function pipelinesFor(layout: Layout, event: SourceEvent): Pipeline[] {
  if (event.change.kind === 'ref' && NO_COMMIT.test(event.change.newrev ?? '')) return [];
  return layout.pipelines.filter(({ triggers }) => triggers.some((trigger) => matches(trigger, event)));
}

function matches(trigger: Trigger, { type, change, comment = '', votes = {} }: SourceEvent): boolean {
  if (trigger.event !== type) return false;
  const found = (pattern: string | undefined, text: string) => pattern === undefined || new RegExp(pattern).test(text);
  if (!found(trigger.branch, change.branch) || !found(trigger.ref, change.ref)) return false;
  if (!found(trigger.comment, comment)) return false;
  return Object.entries(trigger.approval ?? {}).every(([label, least]) => (votes[label] ?? Number.NaN) >= least);
}

/** The pipelines that a message starts. */
export const pipelinesForTopic = (layout: Layout, topic: string): Pipeline[] =>
  layout.pipelines.filter(({ triggers }) =>
    triggers.some((trigger) => trigger.event === 'topic' && matchesFilter(trigger.topic ?? '', topic)),
  );

/** MQTT's rules: `+` is one level, `#` all that follow and the level before it. */
export function matchesFilter(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const parts = filter.split('/');
  const isMatch = parts.every(
    (part, index) => part === '#' || (levels[index] !== undefined && (part === '+' || part === levels[index])),
  );
  return isMatch && (parts.at(-1) === '#' ? levels.length >= parts.length - 1 : levels.length === parts.length);
}

/** Projects with jobs in a pipeline. */
export const projectsIn = (layout: Layout, pipeline: string): string[] =>
  [...layout.projects].flatMap(([project, pipelines]) => ((pipelines.get(pipeline) ?? []).length > 0 ? [project] : []));

/** A branch as it is, for timers, topics and the command `enqueue`. */
export function branchChange(project: string, branch: string, commit: string): Change {
  const id = `branch:${project}/${branch}`;
  return {
    key: `${id}@${commit}`,
    id,
    source: '',
    kind: 'branch',
    project,
    branch,
    commit,
    ref: `refs/heads/${branch}`,
    message: '',
    dependsOn: [],
    isOpen: true,
    isMerged: true,
    approvals: {},
  };
}
