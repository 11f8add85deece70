import { performance } from 'node:perf_hooks';
import { errorText, type JsonObject, type Logger } from 'cupboard/sdk';
import type { BuildOutcome, BuildProgress, BuildRequest } from '../contract.ts';
import type { LogStore } from '../logs/store.ts';
import { ABORTED, nodeFailure } from '../runner/outcome.ts';
import type { Fences } from './fences.ts';
import { type LeaseEvent, type LeaseState, lease, NO_LEASES } from './lease.ts';
import type { Send } from './link.ts';
import { ANY_IMAGE, type ToScheduler, type ToWorker, tenureOf } from './messages.ts';
import { RemoteBuild } from './remote-build.ts';
import { Transfer } from './transfer.ts';

export interface RemoteWorkerOptions {
  readonly name: string;
  readonly leaseMs: number;
  readonly fences: Fences;
  readonly logs: LogStore;
  /** For bundles while they are fetched. */
  readonly folder: string;
  /** Artifacts kept of one build. */
  readonly artifactsMb: number;
  readonly send: Send;
  readonly log: Logger;
  /** It came, went or has room again. */
  readonly changed: () => void;
}

/** A worker as its scheduler sees it: gives it builds and hears what becomes of them. */
export class RemoteWorker {
  readonly #builds = new Map<number, RemoteBuild>();
  readonly #transfer: Transfer;
  #state: LeaseState = NO_LEASES;
  #offer: { readonly max: number; readonly images: readonly string[]; readonly heard: number } | undefined;
  #wasThere = false;

  constructor(private readonly options: RemoteWorkerOptions) {
    this.#transfer = new Transfer(options.send, (fence, file) => this.#builds.get(fence)?.serve(file));
  }

  /** Asks it to greet, so that nobody waits for the next time it does. */
  call(): void {
    this.#say({ type: 'call' });
  }

  get name(): string {
    return this.options.name;
  }

  /** Whether it greeted within the time of a lease. */
  get isThere(): boolean {
    return this.#offer !== undefined && performance.now() - this.#offer.heard < this.options.leaseMs;
  }

  /** Builds it may be given in all, and still now; 0 while it is silent. */
  get max(): number {
    return this.isThere ? (this.#offer?.max ?? 0) : 0;
  }

  get free(): number {
    return Math.max(0, this.max - this.#state.leases.size);
  }

  /** Whether it can make nodes of an image. */
  has(image: string): boolean {
    const images = this.isThere ? (this.#offer?.images ?? []) : [];
    return images.includes(image) || images.includes(ANY_IMAGE);
  }

  /** Takes a message of the link. */
  receive(fields: JsonObject, bytes: Uint8Array): void {
    if (this.#transfer.receive(fields, bytes)) return;
    // Sealed with the worker's token, so as our own plugin writes it.
    const message = fields as unknown as ToScheduler;
    if (message.type === 'progress') {
      this.#builds.get(message.fence)?.progress(message.progress);
    } else if (message.type === 'greeting') {
      const { max, images } = message;
      const freeBefore = this.free;
      this.#offer = { max, images, heard: performance.now() };
      this.#step({ type: 'greeting', greeting: message });
      this.#tellPresence();
      if (this.free > freeBefore) this.options.changed();
    }
  }

  /** Looks for leases that ran out; several times a lease. */
  tick(): void {
    this.#step({ type: 'tick' });
    this.#tellPresence();
  }

  /** Gives it a build. Its log comes while it runs, its files when it ended. */
  async run(
    request: BuildRequest,
    signal: AbortSignal,
    tell: (progress: BuildProgress) => void,
  ): Promise<BuildOutcome> {
    const fence = await this.options.fences.take();
    const build = new RemoteBuild(fence, request, this.#transfer, this.options, tell);
    const release = () => this.#step({ type: 'release', fence });
    this.#builds.set(fence, build);
    try {
      signal.addEventListener('abort', release, { once: true });
      await build.prepare(signal);
      this.#step({ type: 'assign', fence });
      if (signal.aborted) release();
      return await build.outcome(signal);
    } catch (error) {
      return signal.aborted ? ABORTED : nodeFailure(`worker ${this.name}: ${errorText(error)}`);
    } finally {
      signal.removeEventListener('abort', release);
      release();
      this.#builds.delete(fence);
      this.options.changed();
    }
  }

  #step(event: LeaseEvent): void {
    const { state, actions } = lease(this.#state, event, performance.now(), this.options.leaseMs);
    this.#state = state;
    for (const action of actions) {
      switch (action.type) {
        case 'send assign':
          this.#say({ type: 'assign', fence: action.fence });
          break;
        case 'send renewal': {
          const { session, seq, fences } = action;
          this.#say({ type: 'renewal', session, seq, fences, tenure_ms: tenureOf(this.options.leaseMs) });
          break;
        }
        case 'send release':
          this.#say({ type: 'release', fence: action.fence });
          break;
        case 'refuse result':
          this.options.log.warn(`worker ${this.name}: refused the result of lease ${action.fence}, which is lost`);
          break;
        case 'held':
          this.#builds.get(action.fence)?.follow();
          break;
        case 'lost':
          this.options.log.warn(`worker ${this.name}: lease ${action.fence} is lost: ${action.reason}`);
          this.#builds.get(action.fence)?.end(action);
          break;
        default:
          this.#builds.get(action.fence)?.end(action);
      }
    }
  }

  #say(message: ToWorker): void {
    this.options.send({ ...message });
  }

  #tellPresence(): void {
    if (this.isThere === this.#wasThere) return;
    this.#wasThere = this.isThere;
    this.options.log.info(`worker ${this.name} ${this.#wasThere ? 'is there' : 'went silent'}`);
    this.options.changed();
  }
}
