import type { ConsoleText } from '../view.ts';

const INTERVAL_MS = 50;
/** Of one message: a job that writes faster than anyone reads shows its last part, the rest is read from the log. */
const MAX_BYTES = 32 * 1024;
/** A line that does not end is shown as far as it is after this long. */
const PARTIAL_LINE_MS = 1000;

interface Pending {
  bytes: Buffer;
  offset: number;
  timer: NodeJS.Timeout | undefined;
  /** When the oldest of `bytes` came. */
  since: number;
}

/** Gathers what is appended to logs into messages of whole lines, at most twenty a second and log. */
export class ConsoleFeed {
  private readonly pending = new Map<string, Pending>();

  constructor(private readonly publish: (log: string, text: ConsoleText) => void) {}

  append(log: string, offset: number, bytes: Buffer): void {
    const pending = this.pending.get(log) ?? { bytes: Buffer.alloc(0), offset, timer: undefined, since: Date.now() };
    const joined = pending.bytes.length === 0 ? bytes : Buffer.concat([pending.bytes, bytes]);
    const dropped = Math.max(0, joined.length - MAX_BYTES);
    // Cut at a line: what is dropped is read from the log by those who want it.
    const cut = dropped > 0 ? joined.indexOf('\n', dropped) + 1 || dropped : 0;
    pending.offset += cut;
    pending.bytes = Buffer.from(joined.subarray(cut));
    this.pending.set(log, pending);
    pending.timer ??= setTimeout(() => this.send(log, pending), INTERVAL_MS);
  }

  /** Sends what is left of a log that is complete. */
  end(log: string): void {
    const pending = this.pending.get(log);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.pending.delete(log);
    if (pending.bytes.length > 0) this.publish(log, { offset: pending.offset, text: pending.bytes.toString() });
  }

  private send(log: string, pending: Pending): void {
    pending.timer = undefined;
    const isOld = Date.now() - pending.since >= PARTIAL_LINE_MS;
    const end = isOld ? pending.bytes.length : pending.bytes.lastIndexOf('\n') + 1;
    if (end > 0) {
      this.publish(log, { offset: pending.offset, text: pending.bytes.toString('utf8', 0, end) });
      pending.offset += end;
      pending.bytes = pending.bytes.subarray(end);
      pending.since = Date.now();
    }
    if (pending.bytes.length > 0) pending.timer = setTimeout(() => this.send(log, pending), PARTIAL_LINE_MS);
    else this.pending.delete(log);
  }
}
