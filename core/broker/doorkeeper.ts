export interface DoorLimits {
  readonly connections_per_address: number;
  readonly connects_per_minute: number;
}

const MINUTE_MS = 60_000;

interface Visitor {
  present: number;
  /** New connections in this minute. */
  came: number;
  minute: number;
}

/** Counts connections per address, at once and per minute. */
export class Doorkeeper {
  readonly #visitors = new Map<string, Visitor>();

  constructor(
    private readonly limits: () => DoorLimits,
    private readonly now: () => number = Date.now,
  ) {}

  /** Why this address may not connect once more; else it counts as connected until `leave`. */
  enter(address: string, isLocal: boolean): string | undefined {
    const { connections_per_address, connects_per_minute } = this.limits();
    const minute = Math.floor(this.now() / MINUTE_MS);
    const visitor = this.#visitors.get(address) ?? { present: 0, came: 0, minute };
    if (visitor.present >= connections_per_address) {
      return `refused: broker.limits.connections_per_address is reached (${connections_per_address})`;
    }
    if (visitor.minute !== minute) {
      visitor.minute = minute;
      visitor.came = 0;
      this.#forgetOthers(minute);
    }
    if (!isLocal && connects_per_minute > 0 && visitor.came >= connects_per_minute) {
      return `refused: broker.limits.connects_per_minute is reached (${connects_per_minute})`;
    }
    visitor.came += 1;
    visitor.present += 1;
    this.#visitors.set(address, visitor);
    return undefined;
  }

  leave(address: string): void {
    const visitor = this.#visitors.get(address);
    if (visitor) visitor.present -= 1;
  }

  /** Who was here in an earlier minute and is not any more. */
  #forgetOthers(minute: number): void {
    for (const [address, visitor] of this.#visitors) {
      if (visitor.present === 0 && visitor.minute !== minute) this.#visitors.delete(address);
    }
  }
}
