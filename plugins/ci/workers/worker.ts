import { performance } from 'node:perf_hooks';
import { errorText, type JsonObject, type Logger } from 'cupboard/sdk';
import type { Runner } from '../contract.ts';
import type { LogStore } from '../logs/store.ts';
import type { Send } from './link.ts';
import { type ToScheduler, type ToWorker, tenureOf } from './messages.ts';
import { noTenures, type TenureEvent, type TenureState, tenure } from './tenure.ts';
import { Transfer } from './transfer.ts';
import { WorkerBuild } from './worker-build.ts';
import { WorkerGit } from './worker-git.ts';

/** Until the scheduler says otherwise. */
const LEASE_MS = 30_000;

export interface WorkerOptions {
  /** Grows with each start. */
  readonly session: number;
  readonly runner: Runner;
  readonly logs: LogStore;
  /** For repositories, and for results on their way. */
  readonly folder: string;
  /** Builds at a time. */
  readonly max: number;
  readonly images: () => readonly string[];
  readonly send: Send;
  readonly log: Logger;
}

/** Runs builds for the hub that schedules them, for as long as that hub answers its greetings. */
export class Worker {
  readonly #builds = new Map<number, WorkerBuild>();
  readonly #transfer: Transfer;
  readonly #git: WorkerGit;
  #state: TenureState;
  #tenureMs = tenureOf(LEASE_MS);
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #lastGreeting = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: WorkerOptions) {
    this.#state = noTenures(options.session);
    this.#transfer = new Transfer(options.send, (fence, file) =>
      this.#state.tenures.has(fence) ? this.#build(fence).serve(file) : undefined,
    );
    this.#git = new WorkerGit(options.folder, this.#transfer);
  }

  start(): void {
    this.#beat();
  }

  /** Ends every build with its node, and says that it has none: they are for others to run. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#builds.values()].map((build) => build.stop('the worker is stopping')));
    this.#state = { ...this.#state, tenures: new Map() };
    this.#step({ type: 'greet' });
  }

  /** Takes a message of the link. */
  receive(fields: JsonObject, bytes: Uint8Array): void {
    if (this.#transfer.receive(fields, bytes)) return;
    // Sealed with our token, so as our own plugin writes it.
    const message = fields as unknown as ToWorker;
    if (message.type === 'assign') {
      const room = this.#state.tenures.size < this.options.max || `${this.options.max} builds are running`;
      this.#step({ type: 'assigned', fence: message.fence, room });
    } else if (message.type === 'renewal') {
      this.#tenureMs = message.tenure_ms;
      this.#step({ type: 'renewed', session: message.session, seq: message.seq, fences: message.fences });
    } else if (message.type === 'release') {
      this.#step({ type: 'released', fence: message.fence });
    } else if (message.type === 'call') {
      this.#step({ type: 'greet' });
    }
  }

  /** Looks at the clock often enough to end a build well within its lease, and greets four times a tenure. */
  #beat(): void {
    this.#step({ type: 'tick' });
    if (performance.now() - this.#lastGreeting >= this.#tenureMs / 4) this.#step({ type: 'greet' });
    this.#timer = setTimeout(() => this.#beat(), this.#tenureMs / 20);
  }

  #step(event: TenureEvent): void {
    const now = performance.now();
    const { state, actions } = tenure(this.#state, event, now, this.#tenureMs);
    this.#state = state;
    for (const action of actions) {
      switch (action.type) {
        case 'send greeting': {
          const { images } = this.options;
          const max = this.#isStopping ? 0 : this.options.max;
          this.#lastGreeting = now;
          this.#say({ type: 'greeting', ...action.greeting, max, images: images() });
          break;
        }
        case 'start':
          this.#build(action.fence)
            .run()
            .then((outcome) => {
              // What ended because this hub stops is no result.
              if (!this.#isStopping) this.#step({ type: 'ended', fence: action.fence, outcome });
            })
            .catch((error: unknown) => this.options.log.error(`lease ${action.fence}: ${errorText(error)}`));
          break;
        case 'stop':
          this.options.log.warn(`lease ${action.fence}: ${action.reason}; its build is ended`);
          void this.#builds.get(action.fence)?.stop(action.reason);
          break;
        case 'forget':
          this.#forget(action.fence);
          break;
      }
    }
  }

  /** There from the first greeting that names it: the scheduler asks for its log then. */
  #build(fence: number): WorkerBuild {
    const build =
      this.#builds.get(fence) ??
      new WorkerBuild(fence, this.#transfer, this.#git, this.options, (progress) =>
        this.#say({ type: 'progress', fence, progress }),
      );
    this.#builds.set(fence, build);
    return build;
  }

  #forget(fence: number): void {
    const build = this.#builds.get(fence);
    this.#builds.delete(fence);
    build?.forget().catch((error: unknown) => this.options.log.warn(`lease ${fence}: ${errorText(error)}`));
  }

  #say(message: ToScheduler): void {
    this.options.send(JSON.parse(JSON.stringify(message)) as JsonObject & { type: string });
  }
}
