import type { AnsiblePlay } from '../view.ts';
import type { Phase } from './playbooks.ts';

type TaskEnd = AnsiblePlay['tasks'][number]['hosts'][string];

/** What the callback plugin tells of a running playbook, a line an event; `time` is epoch ms. */
export type AnsibleEvent =
  | { readonly event: 'play'; readonly time: number; readonly name: string }
  | { readonly event: 'task'; readonly time: number; readonly task: string; readonly name: string }
  | ({ readonly event: 'result'; readonly time: number; readonly task: string; readonly host: string } & TaskEnd);

/** An event of the callback plugin; `undefined` for what Ansible itself writes between them. */
export function parseEvent(line: string): AnsibleEvent | undefined {
  if (!line.startsWith('{"event": ')) return undefined;
  try {
    return JSON.parse(line) as AnsibleEvent;
  } catch {
    return undefined; // a line cut when the playbook was killed
  }
}

/** Plays with their tasks, in order, from a playbook's events. Results of tasks never started are left out. */
export function playsOf(playbook: Phase, events: readonly AnsibleEvent[]): readonly AnsiblePlay[] {
  const plays: (AnsiblePlay & { tasks: AnsiblePlay['tasks'][number][] })[] = [];
  const hostsOf = new Map<string, Record<string, TaskEnd>>();
  for (const each of events) {
    if (each.event === 'play') {
      plays.push({ playbook, name: each.name, tasks: [] });
    } else if (each.event === 'task') {
      const hosts = {};
      hostsOf.set(each.task, hosts);
      plays.at(-1)?.tasks.push({ name: each.name, started: each.time, hosts });
    } else {
      const hosts = hostsOf.get(each.task);
      const { host, result, duration, message } = each;
      if (hosts) hosts[host] = { result, duration, ...(message !== undefined && { message }) };
    }
  }
  return plays;
}
