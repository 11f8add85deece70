import { setTimeout as sleep } from 'node:timers/promises';
import { deadline, errorCode, HubError } from 'cupboard/sdk';
import type { Console } from './console.ts';
import { DumpFile, type DumpRange } from './dump-file.ts';
import { WORD } from './memory.ts';
import { type MemoryReader, openReader } from './reader.ts';
import type { Lease } from './session.ts';

export interface DumpProgress {
  readonly done: number;
  readonly total: number;
  readonly message: string;
}

export interface DumpReport {
  readonly bytes: number;
  /** Of them, verified by an earlier run and kept. */
  readonly kept: number;
  /** Blocks of an earlier run that the modem now answers differently, and so were read anew. */
  readonly changed: number;
  readonly retries: number;
  /** Times the port or the modem went away and came back. */
  readonly interruptions: number;
  readonly sha256: string;
}

export interface DumpOptions {
  readonly console: Console;
  readonly lease: Lease;
  readonly range: DumpRange;
  readonly path: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DumpProgress) => void;
  /** ms to wait for the port and the modem to come back before giving up; what is verified stays. */
  readonly patience?: number;
}

const PATIENCE = 10 * 60_000;
/** ms between two tries at a modem that does not answer, and between two looks at a closed port. */
const RETRY_PAUSE = 3_000;
const PORT_PAUSE = 200;

/**
 * Reads a range of memory into a file. What an earlier run verified is checked on disk and, by a word of each block, at
 * the modem, and kept; an unplugged adapter is waited for.
 * @throws HubError `no_menu`, `no_answer` or `device_not_open` when patience ends, `dump_mismatch`; the signal's reason
 */
export async function dump(options: DumpOptions): Promise<DumpReport> {
  const { range, path, signal, lease } = options;
  const file = await DumpFile.open(path, range);
  const kept = file.done;
  const run: Run = {
    ...options,
    file,
    signal: AbortSignal.any([signal, lease.lost]),
    changed: 0,
    retries: 0,
    interruptions: 0,
    recheck: kept > 0,
  };
  try {
    await readUntilDone(run);
    const { changed, retries, interruptions } = run;
    return { bytes: range.length, kept, changed, retries, interruptions, sha256: await file.finish() };
  } finally {
    await file.close();
  }
}

interface Run extends DumpOptions {
  readonly file: DumpFile;
  changed: number;
  retries: number;
  interruptions: number;
  /** What is on disk is still to be held against the modem. */
  recheck: boolean;
}

async function readUntilDone(run: Run): Promise<void> {
  const { file, signal } = run;
  let lastProgress = performance.now();
  for (;;) {
    const before = file.done;
    try {
      await readOnce(run);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (file.done > before) lastProgress = performance.now();
      const isPatient = performance.now() - lastProgress < (run.patience ?? PATIENCE);
      if (!isPatient || !PASSING.has(errorCode(error) ?? '')) throw error;
      run.interruptions += 1;
      tell(run, error instanceof HubError ? error.message : String(error));
      await comeback(run);
    }
  }
}

/** Failures that time, or a hand at the plug, may heal. */
const PASSING = new Set(['device_not_open', 'device_write', 'no_menu', 'no_answer', 'refused']);

async function readOnce(run: Run): Promise<void> {
  const reader = await openReader(run.lease);
  try {
    if (run.recheck) await recheck(run, reader);
    for (const { offset, length } of run.file.missing()) {
      run.signal.throwIfAborted();
      const before = reader.retries;
      const bytes = await reader.read(run.range.address + offset, length);
      await run.file.write(offset, bytes, reader.retries - before, reader.through);
      tell(run, `through ${reader.through}`);
    }
    await reader.close();
  } finally {
    run.retries += reader.retries;
  }
}

/** Memory changes when the modem starts anew: a word of each block that is kept must still be there. */
async function recheck(run: Run, reader: MemoryReader): Promise<void> {
  for (const block of run.file.blocks) {
    run.signal.throwIfAborted();
    const now = await reader.read(run.range.address + block.offset, WORD);
    if (now.equals(await run.file.head(block, WORD))) continue;
    run.changed += 1;
    await run.file.drop(block);
  }
  run.recheck = false;
}

/**
 * Waits until the port is open again, or a little where it is: the modem may be starting.
 * @throws HubError `device_not_open` when patience ends
 */
async function comeback(run: Run): Promise<void> {
  const { console, patience = PATIENCE } = run;
  // What is on disk may no longer be what the modem holds.
  run.recheck = run.file.done > 0;
  const signal = deadline(patience, run.signal);
  do {
    await sleep(console.port.state === 'open' ? RETRY_PAUSE : PORT_PAUSE, undefined, { signal }).catch(() => {
      run.signal.throwIfAborted();
      throw new HubError('device_not_open', `the port did not come back within ${patience / 1000} s`);
    });
  } while (console.port.state !== 'open');
}

function tell({ file, range, onProgress }: Run, message: string): void {
  onProgress({ done: file.done, total: range.length, message });
}
