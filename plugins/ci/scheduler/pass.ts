import type { Change, Report } from '../contract.ts';
import { failingJobs, holdsFollowing, isComplete, SKIPPED, startable } from './jobs.ts';
import type { Ledger, Queue } from './ledger.ts';
import type { Item } from './state.ts';
import { grown, shrunk } from './window.ts';

/**
 * Brings a queue to rest: goes over it from head to tail with the nearest item ahead that is not failing, again and
 * again until nothing changes. Everything behind a failing item is tested anew without it; the failing item itself waits
 * until it is at the head, for what is ahead of it may still turn out to be at fault.
 */
export function settle(ledger: Ledger, queue: Queue, newBuild: () => string): void {
  while (passOver(ledger, queue, newBuild)) {
    // Each pass removes an item or resets one; both come to an end.
  }
}

function passOver(ledger: Ledger, queue: Queue, newBuild: () => string): boolean {
  let nearest: Item | undefined;
  let isChanged = false;
  const window = ledger.windowOf(queue);
  const seen = new Map<string, Item>();
  const held = new Map<number, boolean>();
  for (const [index, item] of [...queue.items].entries()) {
    if (item.isSubmitting) {
      nearest = item;
    } else {
      const missing = item.needs.find((need) => !seen.has(need));
      if (missing !== undefined) {
        dequeue(ledger, item, `it needs ${missing}, which did not merge`, 'dequeued');
        isChanged = true;
        continue;
      }
      const isReset = item.needs.some((need) => isFailing(seen.get(need)))
        ? stop(ledger, item)
        : attach(ledger, item, nearest);
      if (item.isActive !== index < window) ledger.set(item, { isActive: index < window });
      if (item.isActive && !item.isStopped) {
        const isHeld = item.ahead !== null && held.get(item.ahead) === true;
        if (item.merge.state === 'none') askMerge(ledger, item);
        if (item.merge.state === 'merged' && !isHeld) launch(ledger, item, newBuild);
      }
      isChanged = isReset || judge(ledger, item) || isChanged;
      if (!ledger.items.has(item.id)) continue;
      if (item.failing.length === 0) nearest = item;
    }
    held.set(item.id, holdsFollowing(item) || (item.ahead !== null && held.get(item.ahead) === true));
    seen.set(item.change.id, item);
  }
  return isChanged;
}

const isFailing = (item: Item | undefined): boolean => item !== undefined && item.failing.length > 0;

/** A change it needs is failing: its own builds say nothing and are not begun again until that one passes. */
function stop(ledger: Ledger, item: Item): boolean {
  if (item.isStopped) return false;
  const reason = 'a change it needs is failing';
  ledger.cancelBuilds(item, reason);
  ledger.set(item, { isStopped: true, failing: [reason] });
  ledger.resetBehind(item, `${nameOf(item.change)} ahead of it needs a change that is failing`);
  return true;
}

/** Has it tested on top of the nearest item that is not failing. */
function attach(ledger: Ledger, item: Item, nearest: Item | undefined): boolean {
  const ahead = nearest?.id ?? null;
  if (item.ahead === ahead && !item.isStopped) return false;
  const before = item.ahead === null ? undefined : ledger.items.get(item.ahead);
  ledger.reset(item, resetReason(item, before));
  ledger.set(item, { ahead });
  return true;
}

function resetReason(item: Item, before: Item | undefined): string {
  if (item.isStopped) return 'the change it needs passes again';
  if (before !== undefined && isFailing(before)) return `${nameOf(before.change)} ahead of it failed`;
  return 'the order of the queue changed';
}

function askMerge(ledger: Ledger, item: Item): void {
  const changes: Change[] = [...item.prerequisites, item.change];
  for (let ahead = item.ahead; ahead !== null; ) {
    const found = ledger.items.get(ahead);
    if (found === undefined) break;
    changes.unshift(found.change);
    ahead = found.ahead;
  }
  const tested = changes.map(({ project, branch, ref, number, patchset }) => ({
    project,
    branch,
    ref,
    ...(number !== undefined && { number }),
    ...(patchset !== undefined && { patchset }),
  }));
  ledger.set(item, { merge: { state: 'asked' }, tested });
  ledger.actions.push({ kind: 'merge', item, set: item.set, changes });
}

function launch(ledger: Ledger, item: Item, newBuild: () => string): void {
  const { start, skip } = startable(item);
  if (start.length + skip.length === 0) return;
  const builds = { ...item.builds };
  for (const { use } of skip) builds[use.job] = SKIPPED;
  for (const planned of start) {
    const build = newBuild();
    builds[planned.use.job] = { build, attempt: 1, result: null };
    ledger.actions.push({ kind: 'start', item, planned, build, attempt: 1 });
  }
  if (!item.isAnnounced) report(ledger, item, 'start');
  ledger.set(item, { builds, isAnnounced: true });
}

/** Says whether it fails, and ends it where nothing is ahead of it and nothing more to come. */
function judge(ledger: Ledger, item: Item): boolean {
  const failing = failingReasons(item);
  if (failing.join() !== item.failing.join()) ledger.set(item, { failing });
  if (failing.length === 0 && item.isStale) {
    ledger.reset(item, 'something merged that it was not tested on');
    return true;
  }
  if (item.merge.state === 'merged' && item.jobs.length === 0) {
    dequeue(ledger, item, 'none of its jobs apply');
    return true;
  }
  if (item.ahead !== null || !isComplete(item)) return false;
  const { merge } = item;
  if (failing.length > 0) {
    fail(ledger, item, merge.state === 'conflict' ? 'merge-failure' : 'failure');
    return true;
  }
  const [checkout] = merge.state === 'merged' ? merge.checkouts : [];
  if (ledger.pipeline(item.pipeline)?.submit && item.change.kind === 'change' && checkout !== undefined) {
    ledger.set(item, { isSubmitting: true });
    ledger.actions.push({ kind: 'submit', item, checkout });
    return false;
  }
  succeed(ledger, item);
  return true;
}

function failingReasons(item: Item): string[] {
  if (item.isStopped) return [...item.failing];
  const { merge } = item;
  return merge.state === 'conflict' || merge.state === 'broken' ? [merge.reason] : failingJobs(item);
}

/** It passed, and merged where its pipeline does that. */
export function succeed(ledger: Ledger, item: Item): void {
  const queue = ledger.queueOf(item);
  report(ledger, item, 'success');
  if (queue?.pipeline.manager === 'dependent') {
    setWindow(ledger, queue, grown(ledger.windowOf(queue), queue.pipeline.window));
    for (const other of queue.items) {
      if (other !== item && !isOnTopOf(ledger, other, item)) ledger.set(other, { isStale: true });
    }
  }
  ledger.remove(item);
}

/** It did not pass, or did not merge: it leaves, and what was tested on top of it is tested without. */
export function fail(ledger: Ledger, item: Item, kind: 'failure' | 'merge-failure'): void {
  const queue = ledger.queueOf(item);
  report(ledger, item, kind);
  if (queue?.pipeline.manager === 'dependent') {
    setWindow(ledger, queue, shrunk(ledger.windowOf(queue), queue.pipeline.window));
  }
  ledger.resetBehind(item, `${nameOf(item.change)} ahead of it failed`);
  ledger.remove(item);
}

/** Takes an item out before its time; `kind` is left out where nobody needs to be told. */
export function dequeue(ledger: Ledger, item: Item, reason: string, kind?: Report['kind']): void {
  ledger.cancelBuilds(item, reason);
  ledger.set(item, { failing: [reason] });
  if (kind !== undefined) report(ledger, item, kind);
  ledger.resetBehind(item, `${nameOf(item.change)} ahead of it left the queue`);
  ledger.remove(item);
}

/** Tells of an item, and counts failures in a row. */
export function report(ledger: Ledger, item: Item, kind: Report['kind']): void {
  const pipeline = ledger.pipeline(item.pipeline);
  const state = ledger.stateOf(item.pipeline);
  ledger.actions.push({ kind: 'report', item, report: kind, isQuiet: state.isDisabled });
  if (kind === 'success' && state.failures > 0) ledger.update(state, { failures: 0 });
  if (kind === 'failure' || kind === 'merge-failure') {
    const failures = state.failures + 1;
    const limit = pipeline?.disableAfter ?? 0;
    ledger.update(state, { failures, isDisabled: state.isDisabled || (limit > 0 && failures >= limit) });
  }
}

function setWindow(ledger: Ledger, queue: Queue, size: number): void {
  const state = ledger.stateOf(queue.pipeline.name);
  ledger.update(state, { windows: { ...state.windows, [queue.name]: size } });
}

function isOnTopOf(ledger: Ledger, item: Item, base: Item): boolean {
  for (
    let at: Item | undefined = item;
    at !== undefined;
    at = at.ahead === null ? undefined : ledger.items.get(at.ahead)
  ) {
    if (at.ahead === base.id) return true;
  }
  return false;
}

/** `lamp 12,3`, or the branch of what is no change. */
export const nameOf = ({ project, number, patchset, branch }: Change): string =>
  number === undefined ? `${project} ${branch}` : `${project} ${number},${patchset}`;
