import { errorText, HubError } from '../support/errors.ts';
import type { HubEvents } from '../support/events.ts';
import type { Logger, LogLevel } from '../support/log.ts';
import { backoff } from '../support/retry.ts';
import { Child } from './child.ts';
import type { PluginState, PluginStatus } from './contract.ts';
import type { FromPlugin, StartMessage } from './protocol.ts';
import { inspectorUrl, isInspectorNoise } from './stack.ts';

export interface Timings {
  readonly startMs: number;
  /** Between pings; half of it once one was missed. */
  readonly pingMs: number;
  readonly stopMs: number;
  readonly captureMs: number;
  readonly memoryMs: number;
  /** First delay of the back-off; it doubles up to 60 of them. */
  readonly backoffMs: number;
  /** After running this long without a fault the back-off starts over; also the window crashes are counted in. */
  readonly stableMs: number;
  /** How long an upgrade must stay up before the version of before is given up as the way back. */
  readonly probationMs: number;
}

export const TIMINGS: Timings = {
  startMs: 30_000,
  pingMs: 5_000,
  stopMs: 5_000,
  captureMs: 2_000,
  memoryMs: 1_000,
  backoffMs: 1_000,
  stableMs: 300_000,
  probationMs: 10_000,
};

const MISSES = 3;
const CRASHES = 5;
const PENDING: ReadonlySet<PluginState> = new Set(['starting', 'restarting', 'hung']);

/** What lets a plugin with `sandbox: true` run, by the error that it cannot. */
const SANDBOX_REMEDIES: ReadonlyMap<string, string> = new Map([
  ['sandbox_missing', 'apt install bubblewrap'],
  ['sandbox_refused', 'let the user of the hub make user namespaces (under systemd: cupboard service install)'],
]);

/** How to start one process of a plugin. */
export interface Launch {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** For the hub's own host process; a foreign program has all it needs in its environment. */
  readonly start?: StartMessage;
  readonly memoryMb: number;
  readonly sandboxed: boolean;
}

export interface SupervisorOptions {
  readonly id: string;
  readonly log: Logger;
  readonly events: HubEvents;
  readonly timings: Timings;
  /** Makes everything ready for one process: bundle, token, folder. @throws HubError `bundle_failed` | `sandbox_missing` | `sandbox_refused` */
  readonly prepare: () => Promise<Launch>;
  /** The process is gone. */
  readonly onEnded: () => void;
  readonly onDevice: (message: FromPlugin & { type: 'device' }) => void;
  readonly onChange: () => void;
}

interface Run {
  readonly child: Child;
  readonly isHost: boolean;
  readonly startedAt: number;
  readonly timers: Set<NodeJS.Timeout>;
  isUp: boolean;
  isReady: boolean;
  misses: number;
  /** What it said itself before it ended, or why it was killed. */
  fault?: string;
  hasHttp: boolean;
  silence?: NodeJS.Timeout;
  onInspector?: (url: string) => void;
}

/** Runs one plugin: starts it, watches it, ends it, and starts it again after a fault. */
export class Supervisor {
  #status: PluginStatus = { state: 'stopped', since: Date.now(), restarts: 0 };
  #run: Run | undefined;
  #isWanted = false;
  /** Counts starts and stops, so that what was begun before one knows that it is out of date. */
  #generation = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #crashes: number[] = [];
  #delays: Iterator<number, unknown>;
  #onceChanged: (() => void)[] = [];

  constructor(private readonly options: SupervisorOptions) {
    this.#delays = this.#newDelays();
  }

  get status(): PluginStatus {
    const rssBytes = this.#run?.child.rssBytes();
    return { ...this.#status, ...(rssBytes !== undefined && { rssBytes }) };
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  get hasHttp(): boolean {
    return this.#run?.hasHttp ?? false;
  }

  /** Starts it, forgetting earlier faults. Resolves when the process runs, not yet when it is ready. */
  async start(): Promise<void> {
    this.#isWanted = true;
    this.#crashes = [];
    this.#delays = this.#newDelays();
    await this.#launch();
  }

  /** SIGTERM, 5 s, SIGKILL. Resolves when it is gone; it is then in `state`. */
  async stop(state: PluginState, reason?: string, advice?: string): Promise<void> {
    this.#isWanted = false;
    this.#generation += 1;
    clearTimeout(this.#restartTimer);
    const run = this.#run;
    if (run) {
      run.child.terminate(!run.isHost);
      const timer = setTimeout(() => {
        this.options.log.warn(`did not stop within ${this.options.timings.stopMs / 1000} s and is killed`);
        run.child.kill();
      }, this.options.timings.stopMs);
      await run.child.exited;
      clearTimeout(timer);
    }
    this.#set(state, reason, advice);
  }

  /** Resolves when it is neither starting nor about to. */
  async settled(): Promise<void> {
    while (PENDING.has(this.#status.state)) await this.changed();
  }

  /** Resolves at the next change of its status. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#onceChanged.push(resolve));
  }

  /** Resolves when the process of now is gone. */
  async ended(): Promise<void> {
    await this.#run?.child.exited;
  }

  /** What a foreign program says of itself on `<id>/status`. */
  onStatusTopic(payload: string): void {
    if (!this.#run || this.#run.isHost) return;
    if (payload === 'online') this.#onMessage(this.#run, { type: this.#run.isReady ? 'working' : 'ready' });
    const waiting = waitingReason(payload);
    if (waiting !== undefined) this.#onMessage(this.#run, { type: 'waiting', reason: waiting });
  }

  /** A foreign program's sign of life is its keepalive: who lets the connection go and does not come back is hung. */
  onConnection(isConnected: boolean): void {
    const run = this.#run;
    if (!run || run.isHost) return;
    clearTimeout(run.silence);
    if (isConnected || !run.isReady) return;
    run.silence = setTimeout(
      () => this.#killAs(run, 'hung', 'lost its connection to the broker and did not come back'),
      this.options.timings.pingMs,
    );
  }

  async #launch(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.#set('starting');
    let launch: Launch;
    try {
      launch = await this.options.prepare();
    } catch (error) {
      if (generation !== this.#generation) return;
      const code = error instanceof HubError ? error.code : '';
      const remedy = SANDBOX_REMEDIES.get(code);
      if (code === 'bundle_failed') {
        this.#giveUp('invalid', errorText(error), 'correct the file; it is then tried again by itself');
      } else if (remedy !== undefined) {
        this.#giveUp('stopped', errorText(error), `${remedy}, then: cupboard plugins start ${this.options.id}`);
      } else this.#onFault(errorText(error), performance.now());
      return;
    }
    if (generation !== this.#generation) return;
    this.#begin(launch);
  }

  #begin({ start, memoryMb, ...command }: Launch): void {
    const { timings, log } = this.options;
    const child: Child = new Child({
      ...command,
      onOutput: (level, line) => this.#onOutput(run, level, line),
      onMessage: (message) => {
        if (message) this.#onMessage(run, message);
        else log.warn('wrote something to its control channel that is no message');
      },
    });
    const run: Run = {
      child,
      isHost: start !== undefined,
      startedAt: performance.now(),
      timers: new Set(),
      isUp: false,
      isReady: false,
      // None counts before it is ready or has answered once: a slow machine may take long to load it, and the start has a limit of its own.
      misses: Number.NEGATIVE_INFINITY,
      hasHttp: false,
    };
    this.#run = run;
    if (start) child.send(start);
    const startTimer = setTimeout(
      () => run.isReady || this.#killAs(run, 'restarting', `was not ready within ${timings.startMs / 1000} s`),
      timings.startMs,
    );
    run.timers.add(startTimer);
    run.timers.add(setInterval(() => this.#checkMemory(run, memoryMb), timings.memoryMs));
    void child.exited.then(({ reason }) => this.#onExit(run, reason));
  }

  #onOutput(run: Run, level: LogLevel, line: string): void {
    const url = inspectorUrl(line);
    if (url) run.onInspector?.(url);
    if (!isInspectorNoise(line)) this.options.log[level](line);
  }

  #onMessage(run: Run, message: FromPlugin): void {
    if (run !== this.#run) return;
    switch (message.type) {
      case 'hello':
        if (!run.isUp) this.#pingLater(run, this.options.timings.pingMs);
        run.isUp = true;
        return;
      case 'pong':
        run.misses = 0;
        return;
      case 'ready':
        run.isReady = true;
        run.misses = 0;
        if (this.#status.state === 'starting') this.#set('running');
        return;
      case 'waiting':
        // Waiting for hardware may take for ever; it is no failure to start.
        run.isReady = true;
        this.#set('waiting', message.reason, message.advice);
        return;
      case 'working':
        if (this.#status.state === 'waiting') this.#set('running');
        return;
      case 'failed':
        run.fault = message.message;
        return;
      case 'http':
        run.hasHttp = true;
        return;
      case 'device':
        this.options.onDevice(message);
    }
  }

  #pingLater(run: Run, delay: number): void {
    const timer = setTimeout(() => {
      run.timers.delete(timer);
      if (run.misses >= MISSES) {
        void this.#onHung(run);
        return;
      }
      // Counts as missed until it is answered.
      run.misses += 1;
      run.child.send({ type: 'ping' });
      const { pingMs } = this.options.timings;
      this.#pingLater(run, run.misses > 1 ? pingMs / 2 : pingMs);
    }, delay);
    run.timers.add(timer);
  }

  async #onHung(run: Run): Promise<void> {
    const { log } = this.options;
    this.#set('hung', 'its event loop answers no more');
    const stack = await this.#stackOf(run).catch((error: unknown) => [`no stack: ${errorText(error)}`]);
    log.error(`hung: no answer to ${MISSES} pings; it was here:\n${stack.join('\n')}`);
    this.#killAs(run, 'hung', `hung ${stack[0] ?? ''}`);
  }

  async #stackOf(run: Run): Promise<string[]> {
    const { captureMs } = this.options.timings;
    const url = await new Promise<string>((resolve, reject) => {
      run.onInspector = resolve;
      run.child.openInspector();
      setTimeout(() => reject(new Error('its inspector did not open')), captureMs).unref();
    });
    return run.child.stack(url, captureMs);
  }

  #checkMemory(run: Run, memoryMb: number): void {
    const rss = run.child.rssBytes();
    if (rss === undefined || rss <= memoryMb * 1024 * 1024) return;
    const used = Math.round(rss / 1024 / 1024);
    this.#killAs(run, 'restarting', `used ${used} MB of memory, its limit is ${memoryMb} MB (memoryMb in plugin.json)`);
  }

  #killAs(run: Run, state: PluginState, reason: string): void {
    if (run !== this.#run) return;
    run.fault = reason;
    if (state === 'hung') this.options.events('plugin_hung', { plugin: this.options.id, reason });
    this.#set(state, reason);
    run.child.kill();
  }

  #onExit(run: Run, reason: string): void {
    for (const timer of run.timers) clearTimeout(timer);
    clearTimeout(run.silence);
    if (run !== this.#run) return;
    this.#run = undefined;
    this.options.onEnded();
    if (this.#isWanted) this.#onFault(run.fault ?? reason, run.startedAt);
  }

  #onFault(reason: string, startedAt: number): void {
    const { id, log, events, timings } = this.options;
    const now = performance.now();
    if (now - startedAt >= timings.stableMs) this.#delays = this.#newDelays();
    this.#crashes = [...this.#crashes.filter((time) => now - time < timings.stableMs), now];
    if (this.#crashes.length >= CRASHES) {
      log.error(`${reason}; crash ${CRASHES} in ${timings.stableMs / 60_000} minutes, it is not started again`);
      this.#giveUp('crashed', reason, `look at its log, then: cupboard plugins start ${id}`);
      events('plugin_crashed', { plugin: id, reason });
      return;
    }
    const delay = this.#delays.next().value as number;
    log.error(`${reason}; starts again in ${delay / 1000} s`);
    this.#status = { ...this.#status, restarts: this.#status.restarts + 1 };
    this.#set('restarting', reason);
    this.#restartTimer = setTimeout(() => void this.#launch(), delay);
  }

  #newDelays(): Iterator<number, unknown> {
    const { backoffMs } = this.options.timings;
    return backoff(backoffMs, 60 * backoffMs);
  }

  #giveUp(state: PluginState, reason: string, advice: string): void {
    this.#isWanted = false;
    this.#set(state, reason, advice);
  }

  #set(state: PluginState, reason?: string, advice?: string): void {
    const { since, restarts, state: before } = this.#status;
    this.#status = {
      state,
      ...(reason !== undefined && { reason }),
      ...(advice !== undefined && { advice }),
      since: state === before ? since : Date.now(),
      restarts,
    };
    this.options.onChange();
    for (const resolve of this.#onceChanged.splice(0)) resolve();
  }
}

/** `{"waiting":"no modem"}` -> `no modem`. */
function waitingReason(payload: string): string | undefined {
  try {
    const waiting = (JSON.parse(payload) as { waiting?: unknown } | null)?.waiting;
    return typeof waiting === 'string' ? waiting : undefined;
  } catch {
    return undefined; // `online` and `offline` are no JSON
  }
}
