// The far end of the emulated serial cable: what the adapter sends comes out of the port "far" of this machine.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

const POLL = 5; // ms

export class FarEnd {
  /** Nobody reads a cable whose adapter is pulled out: what is sent then is lost. */
  backlog = 0;
  #port = openSync('/dev/virtio-ports/far', constants.O_RDWR | constants.O_NONBLOCK);
  #timer;

  /** @param {(bytes: Buffer) => void} onData */
  constructor(onData) {
    const buffer = Buffer.alloc(4096);
    this.#timer = setInterval(() => {
      const length = attempt(() => readSync(this.#port, buffer)) ?? 0;
      if (length > 0) onData(Buffer.from(buffer.subarray(0, length)));
    }, POLL);
    this.#timer.unref();
  }

  write(bytes) {
    attempt(() => writeSync(this.#port, bytes));
  }

  close() {
    clearInterval(this.#timer);
    closeSync(this.#port);
  }
}

/** Undefined where the port has nothing, or nobody is at its other side. */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    if (!['EAGAIN', 'EPIPE', 'ENODEV'].includes(error.code)) throw error;
    return undefined;
  }
}
