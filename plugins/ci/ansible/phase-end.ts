import type { PhaseEnd } from '../runner/phase.ts';
import type { AnsibleEvent } from './events.ts';
import type { PlaybookEnd } from './playbook-run.ts';

/** What a playbook's end means for the build, in the local runner's words. */
export function phaseEndOf({ code, end, events, complaint }: PlaybookEnd, seconds: number): PhaseEnd {
  const results = events.filter((event) => event.event === 'result');
  const taskOf = (result: { readonly task: string }) => taskName(events, result.task);
  const unreachable = results.find((each) => each.result === 'unreachable');
  if (unreachable) return { kind: 'lost', reason: `node ${unreachable.host}: ${unreachable.message ?? 'unreachable'}` };
  if (end === 'timeout') {
    const last = events.findLast((event) => event.event === 'task');
    return { kind: 'timeout', reason: `${last?.name ?? 'ansible-playbook'}: no end within ${seconds} s` };
  }
  if (code === 0) return { kind: 'ok' };
  const failed = results.find((each) => each.result === 'failed');
  if (failed) return { kind: 'failed', reason: `${taskOf(failed)}: ${failed.message ?? 'failed'}` };
  // Ansible's own trouble says nothing of the change.
  return { kind: 'lost', reason: `ansible-playbook: ${complaint || (code === null ? 'killed' : `exit code ${code}`)}` };
}

function taskName(events: readonly AnsibleEvent[], id: string): string {
  const task = events.find((event) => event.event === 'task' && event.task === id);
  return task?.event === 'task' ? task.name : 'a task';
}
