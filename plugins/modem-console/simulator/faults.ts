/** How bad the line is; all zero is a good cable. */
export interface Faults {
  /** Share of bytes that arrive changed, 0 to 1. */
  readonly noise: number;
  /** Share of bytes that do not arrive. */
  readonly dropped: number;
  /** Share of bytes that arrive twice. */
  readonly doubled: number;
  /** Share of messages that another thread's line cuts in two. */
  readonly interrupted: number;
}

export const NO_FAULTS: Faults = { noise: 0, dropped: 0, doubled: 0, interrupted: 0 };

/** What cuts a message in two. */
export const INTERRUPTION = '\r\n[00:03:17 01/01/1970] [Scan Thread] Scanner::tick:  (Tuner 2) no lock\r\n';

/** 0 to 1, reproducible: a linear congruential generator (constants of Numerical Recipes), upper bits used. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

/** What comes out of a bad line when `message` goes in. */
export function damage(message: Buffer, faults: Faults, random: () => number): Buffer {
  // An echoed key is no message.
  const isCut = message.length > 1 && random() < faults.interrupted;
  const whole = isCut ? interrupt(message, random) : message;
  if (faults.noise + faults.dropped + faults.doubled === 0) return whole;
  const out: number[] = [];
  for (const byte of whole) {
    if (random() < faults.dropped) continue;
    const arrived = random() < faults.noise ? byte ^ (1 << Math.floor(random() * 8)) : byte;
    out.push(arrived);
    if (random() < faults.doubled) out.push(arrived);
  }
  return Buffer.from(out);
}

function interrupt(message: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * message.length);
  return Buffer.concat([message.subarray(0, at), Buffer.from(INTERRUPTION), message.subarray(at)]);
}
