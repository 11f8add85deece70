import { write } from 'node:fs';

export interface LineWriter {
  write(line: string): void;
  /** Resolves when nothing waits any more: written, or given up because the reader has gone. */
  drained(): Promise<void>;
}

/**
 * Writes to a pipe or terminal without ever waiting for its reader. Node writes to these synchronously: a terminal
 * stopped with Ctrl-S would stop the hub, and one that was closed would end it. What waits beyond `mostBytes` is left
 * out; the log files have it.
 */
export function createLineWriter(fd: number, mostBytes = 1 << 20): LineWriter {
  let waiting: string[] = [];
  let waitingBytes = 0;
  let isWriting = false;
  let hasReader = true;
  const onDrained: (() => void)[] = [];

  const writeRest = (rest: Buffer) => {
    write(fd, rest, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(writeRest, 20, rest);
      else if (!error && written < rest.length) writeRest(rest.subarray(written));
      else {
        hasReader = !error;
        next();
      }
    });
  };
  const next = () => {
    isWriting = hasReader && waiting.length > 0;
    if (!isWriting) {
      for (const resolve of onDrained.splice(0)) resolve();
      return;
    }
    const text = waiting.join('');
    waiting = [];
    waitingBytes = 0;
    writeRest(Buffer.from(text));
  };
  return {
    write(line) {
      if (!hasReader || waitingBytes + line.length > mostBytes) return;
      waiting.push(line);
      waitingBytes += line.length;
      if (!isWriting) next();
    },
    drained: () => new Promise((resolve) => (isWriting ? onDrained.push(resolve) : resolve())),
  };
}
