import { Duplex } from 'node:stream';
import type { ConnectPacket } from './aedes.ts';
import type { Identity } from './contract.ts';
import type { Breach } from './reasons.ts';

/** Where a connection came in and what is known about it before it says a word. */
export interface Origin {
  readonly listener: 'network' | 'plugin' | 'web';
  /** Remote address; unset on Unix sockets. */
  readonly address?: string;
  /** True when the other end is on this machine. */
  readonly local: boolean;
  /** Already known on `/mqtt`, where the login was checked. */
  readonly identity?: Identity;
}

export interface GuardOptions {
  /** Largest first packet. */
  readonly connectBytes: number;
  /** What it may send; beyond, it is read more slowly. 0 = as much as it likes. */
  readonly bytesPerSecond: number;
  /** A reader that takes nothing for so long while something waits is cut. */
  readonly frozenMs: number;
  /** Bytes waiting for one reader above which it is cut at once. */
  readonly waitingBytes: number;
  readonly onRefused: (reason: string) => void;
  /** The last packet to a client whose connection ends with this error; undefined when it gets none. */
  readonly farewell?: (error: Error) => Buffer | undefined;
}

/** Bytes waiting for a reader from which on those who publish to it are slowed down. */
const CONGESTED_BYTES = 256 * 1024;
/** For how long, at most: one frozen reader must not hold up its publishers until it is cut. */
const PATIENCE_MS = 200;
/** What is handed to the socket at once; each piece taken counts as progress. */
const PIECE_BYTES = 64 * 1024;
const CLOSE_MS = 1000;
const CONNECT = 0x10;

/** Guards with something to send; one turn of the event loop sends for all of them. */
let dirty: Guard[] = [];

/** Sends what all guards have collected, now. */
export function sendAll(): void {
  const guards = dirty;
  dirty = [];
  for (const guard of guards) guard.flush();
}

/**
 * Stands between a socket and aedes. Towards aedes it is the connection; it lets nothing but one CONNECT of decent
 * size through until `open()` says the client is known, collects what is written during one turn of the event loop
 * into one system call, and cuts readers that take nothing.
 */
export class Guard extends Duplex {
  /** Set by the broker once they are known. */
  connect: ConnectPacket | undefined;
  identity: Identity | undefined;
  /** Seconds; set when it is not what the client asked for. */
  keepalive: number | undefined;
  /** See Publisher. */
  unstored = 0;
  #state: 'connect' | 'checking' | 'open' = 'connect';
  #held: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #waiting = 0;
  #isDirty = false;
  #isSending = false;
  #patience: NodeJS.Timeout | undefined;
  #lostPatience = false;
  #frozen: NodeJS.Timeout | undefined;
  #relieved: (() => void)[] = [];
  #throttle: NodeJS.Timeout | undefined;
  /** Bytes it may still send; below zero it waits. */
  #allowance = 0;
  #spentAt = 0;

  constructor(
    private readonly socket: Duplex,
    readonly origin: Origin,
    private readonly options: GuardOptions,
  ) {
    super({ allowHalfOpen: false });
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /**
   * The client is known: lets through what came behind its CONNECT, and all that follows. What was written so far is
   * its CONNACK; `correct` may change it.
   */
  open(correct: (connack: Buffer) => Buffer = (connack) => connack): void {
    if (this.#state !== 'checking' || this.destroyed) return;
    this.#state = 'open';
    const connack = correct(Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#waiting = 0;
    this.send(connack);
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    if (held.length > 0) this.push(held);
    this.#readOn();
  }

  /** True when publishers should wait before they send more to this reader. */
  get isCongested(): boolean {
    return this.#waiting > CONGESTED_BYTES && !this.#lostPatience && !this.destroyed;
  }

  /** Calls back when the congestion is over, one way or the other. */
  whenRelieved(callback: () => void): void {
    this.#relieved.push(callback);
    this.#patience ??= setTimeout(() => {
      this.#lostPatience = true;
      this.#relieve();
    }, PATIENCE_MS);
  }

  /** Ends this connection for what the client did; an MQTT 5 client is told the reason code. */
  refuse(breach: Breach): void {
    if (this.destroyed) return;
    this.options.onRefused(breach.reason);
    this.destroy(breach);
  }

  /** Drops this connection without waiting for what it did not read. */
  cut(reason: string): void {
    if (this.destroyed) return;
    this.options.onRefused(reason);
    this.#pieces = [];
    this.socket.destroy();
    this.destroy();
  }

  /** Collects; the bytes leave at the end of this turn of the event loop. */
  send(bytes: Buffer): void {
    if (this.destroyed) return;
    this.#pieces.push(bytes);
    this.#waiting += bytes.length;
    if (this.#waiting > this.options.waitingBytes) {
      this.cut(`it left ${this.#waiting} bytes unread`);
      return;
    }
    // Until the client is known, all there is to say is its CONNACK, and that is not complete.
    if (this.#isDirty || this.#isSending || this.#state !== 'open') return;
    this.#isDirty = true;
    if (dirty.push(this) === 1) setImmediate(sendAll);
  }

  /** aedes writes its control packets in small parts; none of Writable's buffering is wanted for them. */
  override write(chunk: unknown, ...rest: unknown[]): boolean {
    const encoding = typeof rest[0] === 'string' ? (rest[0] as BufferEncoding) : undefined;
    this.send(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : (chunk as Buffer));
    const callback = rest.at(-1);
    if (typeof callback === 'function') setImmediate(callback as () => void);
    return true;
  }

  override cork(): void {
    // Everything written in one turn leaves together anyway.
  }

  override uncork(): void {
    // See cork.
  }

  override _read(): void {
    if (this.#state !== 'checking') this.#readOn();
  }

  #readOn(): void {
    if (!this.#throttle) this.socket.resume();
  }

  /** Whoever sends more than its share is not read again until it has waited for it. */
  #spend(bytes: number): void {
    const { bytesPerSecond } = this.options;
    if (bytesPerSecond === 0) return;
    const now = performance.now();
    const earned = ((now - this.#spentAt) / 1000) * bytesPerSecond;
    this.#allowance = Math.min(bytesPerSecond, this.#allowance + earned) - bytes;
    this.#spentAt = now;
    if (this.#allowance >= 0 || this.#throttle) return;
    this.socket.pause();
    const wait = (-this.#allowance / bytesPerSecond) * 1000;
    this.#throttle = setTimeout(() => {
      this.#throttle = undefined;
      if (this.#state !== 'checking') this.socket.resume();
    }, wait);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#frozen);
    clearTimeout(this.#throttle);
    this.#relieve();
    if (!this.socket.destroyed) {
      // What was refused should still learn why: the last words go out before the end.
      const isSilent = this.#state === 'open' || this.#pieces.length === 0;
      const farewell = error && isSilent && this.options.farewell?.(error);
      if (farewell) this.#pieces.push(farewell);
      if (this.#pieces.length > 0) this.socket.write(Buffer.concat(this.#pieces));
      this.socket.end();
      const timer = setTimeout(() => this.socket.destroy(), CLOSE_MS).unref();
      this.socket.once('close', () => clearTimeout(timer));
      this.socket.resume();
    }
    this.#pieces = [];
    callback(error);
  }

  flush(): void {
    this.#isDirty = false;
    if (this.destroyed || this.#isSending || this.#pieces.length === 0) return;
    const piece = this.#nextPiece();
    this.#isSending = true;
    this.#frozen ??= setTimeout(() => this.#checkFrozen(), this.options.frozenMs).unref();
    this.socket.write(piece, () => this.#taken(piece.length));
  }

  #nextPiece(): Buffer {
    let bytes = 0;
    let count = 0;
    while (count < this.#pieces.length && bytes < PIECE_BYTES) bytes += this.#pieces[count++]?.length ?? 0;
    const taken = this.#pieces.splice(0, count);
    const all = taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken, bytes);
    if (bytes <= PIECE_BYTES) return all;
    this.#pieces.unshift(all.subarray(PIECE_BYTES));
    return all.subarray(0, PIECE_BYTES);
  }

  #taken(bytes: number): void {
    this.#isSending = false;
    this.#waiting -= bytes;
    this.#lostPatience = false;
    clearTimeout(this.#frozen);
    this.#frozen = undefined;
    if (this.#waiting <= CONGESTED_BYTES / 2) this.#relieve();
    if (this.#pieces.length > 0) this.flush();
  }

  #checkFrozen(): void {
    this.#frozen = undefined;
    this.cut(`it took nothing for ${this.options.frozenMs / 1000} s while ${this.#waiting} bytes waited`);
  }

  #relieve(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const relieved = this.#relieved;
    this.#relieved = [];
    for (const callback of relieved) setImmediate(callback);
  }

  #received(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#spend(chunk.length);
    if (this.#state === 'open') {
      if (!this.push(chunk)) this.socket.pause();
      return;
    }
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    if (this.#state === 'connect') this.#checkFirstPacket();
  }

  #checkFirstPacket(): void {
    if (this.#held[0] !== CONNECT) {
      this.cut('its first packet is not a CONNECT');
      return;
    }
    const size = packetSize(this.#held);
    if (size === 'malformed') {
      this.cut('its first packet has no valid length');
      return;
    }
    if (size === 'unknown') return;
    if (size > this.options.connectBytes) {
      this.cut(`its first packet has ${size} bytes, over the limit of ${this.options.connectBytes}`);
      return;
    }
    if (this.#held.length < size) return;
    this.#state = 'checking';
    this.socket.pause();
    const connect = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    this.push(connect);
  }
}

/** Size of the packet whose first bytes these are: fixed header, then a length of one to four 7-bit groups. */
function packetSize(bytes: Buffer): number | 'unknown' | 'malformed' {
  let length = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return 'unknown';
    length += (byte & 0x7f) << (7 * (index - 1));
    if (byte < 0x80) return length + index + 1;
  }
  return 'malformed';
}
