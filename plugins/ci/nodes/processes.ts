import { readdir, readFile } from 'node:fs/promises';

interface ProcessState {
  readonly pid: number;
  readonly parent: number;
  readonly isZombie: boolean;
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly started: string;
}

/** Reads what `/proc/<pid>/stat` says; `undefined` = no such process. */
export async function processState(pid: number): Promise<ProcessState | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name, in brackets, may itself hold brackets and spaces: the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(fields[1]), isZombie: fields[0] === 'Z', started: fields[19] ?? '' };
}

/**
 * Living processes below `ancestor`. Below the first process of a pid namespace that is all of the namespace: daemons
 * become its children.
 */
export async function descendants(ancestor: number): Promise<number[]> {
  const children = new Map<number, ProcessState[]>();
  for (const state of await Promise.all((await pids()).map(processState))) {
    if (!state) continue;
    const siblings = children.get(state.parent) ?? [];
    siblings.push(state);
    children.set(state.parent, siblings);
  }
  const found: number[] = [];
  const pending = [ancestor];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    for (const child of children.get(pid) ?? []) {
      pending.push(child.pid);
      if (!child.isZombie) found.push(child.pid);
    }
  }
  return found;
}

/** Processes whose environment has `variable` (`NAME=value`), as far as they may be looked at. */
export async function processesWith(variable: string): Promise<number[]> {
  const matches = await Promise.all(
    (await pids()).map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return environment.split('\0').includes(variable) ? [pid] : [];
    }),
  );
  return matches.flat();
}

/** Signals every process that is still there and may be signalled. */
export function signalAll(targets: Iterable<number>, signal: NodeJS.Signals): void {
  for (const pid of targets) {
    try {
      process.kill(pid, signal);
    } catch {
      // Ended meanwhile.
    }
  }
}

async function pids(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}
