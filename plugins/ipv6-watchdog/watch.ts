import type { Hub } from 'cupboard/sdk';
import { isClockSet } from './clock.ts';
import type { Config, Tunnel } from './config.ts';
import type { Outcome, TunnelDevice } from './device.ts';
import { isPrivate } from './endpoint-update.ts';
import { nextScore, phaseOf, startScore } from './hysteresis.ts';
import type { Memory } from './memory.ts';
import { tenths } from './numbers.ts';
import type { Ping } from './ping.ts';
import type { ProbePlan, probe, Round } from './probes.ts';
import { counted, type Decision, decide, startRestarts } from './restarts.ts';
import type { Run } from './run.ts';
import { TELL_EVERY, type TunnelState } from './state.ts';
import { parseTarget } from './tcp.ts';
import { costOf, judge, type Limits, type Verdict } from './verdict.ts';

export interface WatchParts {
  readonly tunnel: Tunnel;
  readonly config: Config;
  readonly device: TunnelDevice;
  readonly memory: Memory;
  readonly run: Run;
  readonly ping: Ping;
  readonly hub: Pick<Hub, 'log' | 'signal'>;
  readonly publish: (state: TunnelState) => void;
  readonly event: (name: string, data: { readonly [key: string]: string | number | null }) => void;
  /** Ms, monotonic. */
  readonly now?: () => number;
  readonly probe: typeof probe;
}

/** Watches one tunnel: a round of probes, a verdict, and what follows from it. Rounds of one tunnel never overlap. */
export class Watch {
  readonly #parts: WatchParts;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #patience: { readonly down: number; readonly up: number };
  #score;
  #restarts;
  #rounds = 0;
  #verdict: Verdict = { name: 'unknown', action: 'none', advice: 'The first probes are under way.' };
  #since = Date.now();
  #restartCount = 0;
  #lastRestart: Pick<TunnelState, 'last_restart' | 'last_restart_result'> = {};
  #shown = { key: '', at: Number.NEGATIVE_INFINITY };
  #lastRound: Round = {};
  /** Of the last round that tried full-sized packets; between those rounds the fault is still there. */
  #lastBig: Round['big'];
  /** Such rounds in a row that lost all of them. */
  #bigLost = 0;
  #flapping = false;
  #exposed = '';
  /** No update is sent before this, monotonic ms. */
  #updateNotBefore = Number.NEGATIVE_INFINITY;
  #work: Promise<unknown> = Promise.resolve();

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    this.#startedAt = this.#now();
    this.#patience = { down: parts.config.down, up: parts.config.up };
    this.#score = startScore(this.#patience);
    this.#restarts = startRestarts(this.#startedAt);
  }

  get name(): string {
    return this.#parts.tunnel.name;
  }

  /** One round, and what follows from it. */
  round(): Promise<void> {
    return this.#alone(async () => {
      if (this.#isOff) return this.#show(OFF);
      const found = await this.#probe(this.#isBigDue);
      this.#rounds += 1;
      if (this.#parts.hub.signal.aborted) return;
      await this.#follow(found);
    });
  }

  /** Probes for the user; nothing follows from it. */
  probeNow(): Promise<{ readonly evidence: Round; readonly verdict: Verdict }> {
    return this.#alone(async () => {
      const evidence = await this.#probe(true);
      return { evidence, verdict: this.#isOff ? OFF : judge(evidence, this.limits) };
    });
  }

  restartNow(): Promise<Outcome> {
    return this.#alone(async () => {
      if (this.#isOff) return { ok: false, message: 'the tunnel is turned off; turn it on instead' };
      return this.#restart('asked for');
    });
  }

  off(): Promise<Outcome> {
    return this.#alone(async () => {
      const outcome = await this.#parts.device.off();
      // Kept although the link may still be there: what the user wants off is not mended.
      if (outcome.ok) this.#parts.memory.setMode(this.name, 'off');
      this.#show(outcome.ok ? OFF : this.#verdict);
      return outcome;
    });
  }

  on(): Promise<Outcome> {
    return this.#alone(async () => {
      this.#parts.memory.setMode(this.name, 'on');
      this.#score = startScore(this.#patience);
      this.#restarts = startRestarts(this.#now());
      return this.#parts.device.on();
    });
  }

  /** Takes in what the firewall lets through: see `exposure`. */
  noteExposure(exposed: string): void {
    if (exposed === this.#exposed) return;
    this.#exposed = exposed;
    this.#parts.event(exposed === '' ? 'closed' : 'exposed', { tunnel: this.name, what: exposed });
  }

  /** Makes a sit tunnel that is not there yet. */
  begin(): Promise<void> {
    return this.#alone(async () => {
      if (this.#isOff || this.#parts.tunnel.kind !== 'sit') return;
      const { ok, message } = await this.#parts.device.restart();
      if (!ok) this.#parts.hub.log.warn(`${this.name}: the tunnel could not be made: ${message}`);
    });
  }

  get #isOff(): boolean {
    return this.#parts.memory.mode(this.name).mode === 'off';
  }

  get #isBigSuspect(): boolean {
    return this.#bigLost > 0 && this.#bigLost < BIG_CONFIRMED;
  }

  /** Now and then; in the very next rounds once all were lost. */
  get #isBigDue(): boolean {
    return this.#isBigSuspect || this.#rounds % this.#parts.config.big_every === 0;
  }

  get limits(): Limits {
    const { loss, cost } = this.#parts.config;
    return { loss, cost: cost.prefer_ipv4_ms };
  }

  async #probe(big: boolean): Promise<Round> {
    const { run, ping, hub } = this.#parts;
    const tools = { run, ping, signal: hub.signal };
    const clock = await this.#clock();
    const { big: tried, ...found } = await this.#parts.probe({ ...planOf(this.#parts), big }, tools);
    const endpoint = this.#parts.memory.endpoint(this.name);
    const address = found.address4;
    const renumbered =
      endpoint !== undefined && address !== undefined && !isPrivate(address) && address !== endpoint.address;
    const before = this.#lastRound.counters;
    const { counters } = found;
    const oneWay =
      before !== undefined && counters !== undefined && counters.tx > before.tx && counters.rx === before.rx;
    const confirmed = this.#confirmedBig(tried);
    return {
      ...found,
      ...(clock !== undefined && { clock }),
      ...(renumbered && { renumbered }),
      ...(oneWay && { oneWay }),
      ...(confirmed && { big: confirmed }),
    };
  }

  /** Full-sized packets must be lost three times in a row before that counts. */
  #confirmedBig(result: Round['big']): Round['big'] {
    if (result && result.tried > 0) {
      this.#lastBig = result;
      this.#bigLost = result.lost === result.tried && result.tooBig === undefined ? this.#bigLost + 1 : 0;
    }
    return this.#isBigSuspect ? undefined : this.#lastBig;
  }

  /** Waits for a clock that was never set, but not for ever: some machines have none. */
  async #clock(): Promise<boolean | undefined> {
    if (this.#now() - this.#startedAt > this.#parts.config.clock_wait * 1000) return undefined;
    return isClockSet(this.#parts.run, this.#parts.hub.signal);
  }

  async #follow(found: Round): Promise<void> {
    this.#lastRound = found;
    const verdict = judge(found, this.limits);
    const wasOnline = this.#score.online;
    // What could not be looked at says nothing about the tunnel.
    if (verdict.name !== 'unknown' && verdict.name !== 'clock-unset') {
      this.#score = nextScore(this.#score, !isDown(verdict), this.#patience);
    }
    const { online } = this.#score;
    if (online !== wasOnline) await this.#tell(online, verdict);
    const decision = decide(this.#restarts, { online, action: verdict.action, now: this.#now() });
    this.#restarts = decision.state;
    this.#noteFlapping(decision);
    this.#show(verdict, decision.held);
    if (decision.act === 'nothing') return this.#keepEndpoint(found, online);
    const updated = decision.act === 'restart' || (await this.#update(found.address4));
    if (updated) await this.#restart(verdict.name);
    this.#show(verdict, decision.held);
  }

  /** With what the tunnel's own status command says, where there is one and it is down. */
  async #tell(online: boolean, { name, advice }: Verdict): Promise<void> {
    const status = online ? undefined : await this.#parts.device.status();
    this.#parts.event(online ? 'up' : 'down', { tunnel: this.name, verdict: name, advice, ...(status && { status }) });
  }

  async #restart(reason: string): Promise<Outcome> {
    const outcome = await this.#parts.device.restart();
    if (reason === 'asked for')
      this.#restarts = counted(this.#restarts, { online: false, action: 'restart', now: this.#now() });
    this.#restartCount += 1;
    const result = `${outcome.ok ? 'ok' : 'failed'}: ${outcome.message}`;
    this.#lastRestart = { last_restart: Date.now(), last_restart_result: result };
    this.#parts.hub.log[outcome.ok ? 'info' : 'warn'](`${this.name}: restarted (${reason}): ${outcome.message}`);
    this.#parts.event('restart', {
      tunnel: this.name,
      reason,
      result: outcome.ok ? 'ok' : 'failed',
      message: outcome.message,
    });
    return outcome;
  }

  /** The address in use while the tunnel works is the one the broker has. */
  #keepEndpoint({ address4 }: Round, online: boolean): void {
    if (!online || this.#verdict.name !== 'ok' || address4 === undefined || isPrivate(address4)) return;
    if (this.#parts.memory.endpoint(this.name)?.address !== address4)
      this.#parts.memory.keepEndpoint(this.name, address4);
  }

  /** Tells the broker our new address, once for each change. Answers whether it has it now. */
  async #update(address: string | undefined): Promise<boolean> {
    const { device, memory, tunnel, hub } = this.#parts;
    if (!tunnel.endpoint_update) {
      hub.log.warn(`${this.name}: our IPv4 address is ${address} now; set endpoint_update, or tell the broker by hand`);
      return true;
    }
    if (this.#now() < this.#updateNotBefore) return false;
    const ours = (await device.publicAddress()) ?? address;
    const answer = await device.updateEndpoint(ours);
    hub.log[answer.result === 'refused' ? 'error' : 'info'](`${this.name}: endpoint update: ${answer.advice}`);
    if (answer.result === 'later') {
      this.#updateNotBefore = this.#now() + (answer.retryAfter ?? 0) * 1000;
      return false;
    }
    if (address !== undefined)
      memory.keepEndpoint(this.name, address, answer.result === 'refused' ? answer.advice : undefined);
    if (answer.result === 'changed')
      this.#parts.event('endpoint_updated', { tunnel: this.name, address: answer.address ?? ours ?? null });
    return answer.result !== 'refused';
  }

  #noteFlapping({ flapping }: Decision): void {
    if (flapping && !this.#flapping) this.#parts.event('flapping', { tunnel: this.name });
    this.#flapping = flapping;
  }

  #show(verdict: Verdict, held?: string): void {
    if (verdict.name !== this.#verdict.name) {
      this.#since = Date.now();
      this.#parts.memory.addVerdict(this.name, verdict.name, verdict.advice);
    }
    this.#verdict = verdict;
    const phase = verdict === OFF ? 'off' : phaseOf(this.#score, this.#patience);
    const key = [verdict.name, phase, held?.replace(/\d+/g, ''), this.#restartCount, this.#exposed].join();
    if (key === this.#shown.key && this.#now() - this.#shown.at < TELL_EVERY * 1000) return;
    this.#shown = { key, at: this.#now() };
    this.#parts.publish({
      ...this.#measured(),
      ...this.#lastRestart,
      verdict: verdict.name,
      phase,
      since: this.#since,
      advice: this.#stopped ?? verdict.advice,
      held: held ?? '',
      restarts: this.#restartCount,
      exposed: this.#exposed,
    });
  }

  /** Why the broker is no longer told our address. */
  get #stopped(): string | undefined {
    return this.#parts.memory.endpoint(this.name)?.stopped;
  }

  #measured(): Omit<TunnelState, 'verdict' | 'phase' | 'since' | 'advice' | 'held' | 'restarts' | 'exposed'> {
    const { v4, latencyV4, latencyV6, v6, gateway, link, cannot = [], address4 } = this.#lastRound;
    const cost = costOf(this.#lastRound);
    const loss = v6?.loss ?? gateway?.loss;
    const endpoint = this.#parts.memory.endpoint(this.name)?.address ?? address4;
    return {
      ...(v4 && { latency_v4: latencyV4 === undefined ? null : tenths(latencyV4) }),
      ...(v6 && { latency_v6: latencyV6 === undefined ? null : tenths(latencyV6) }),
      ...(cost !== undefined && { cost_ms: tenths(cost) }),
      ...(loss !== undefined && { loss: tenths(loss) }),
      ...(link?.mtu !== undefined && { mtu: link.mtu }),
      ...(endpoint !== undefined && { endpoint }),
      cannot_check: cannot.join('; '),
    };
  }

  /** Rounds and commands of one tunnel, one after another. */
  #alone<T>(task: () => Promise<T> | T): Promise<T> {
    const result = this.#work.then(task);
    this.#work = result.catch(() => undefined);
    return result;
  }
}

const BIG_CONFIRMED = 3;

const OFF: Verdict = {
  name: 'off',
  action: 'none',
  advice: 'Turned off by you; `on` brings it back.',
};

/** A tunnel that is slow or loses packets still carries them. */
const isDown = ({ name }: Verdict) =>
  ['ipv4-down', 'link-down', 'endpoint-changed', 'tunnel-down', 'broker-down', 'transit-down'].includes(name);

function planOf({ tunnel, config }: WatchParts): Omit<ProbePlan, 'big'> {
  const { dns } = config;
  return {
    link: tunnel.link,
    ...(tunnel.remote !== undefined && { endpoint: tunnel.remote }),
    ...(tunnel.gateway !== undefined && { gateway: tunnel.gateway }),
    v4: config.targets_v4.map(parseTarget),
    v6: config.targets_v6.map(parseTarget),
    quorum: config.quorum,
    dns: { name: dns.name, ...(dns.v4 && { v4: dns.v4 }), ...(dns.v6 && { v6: dns.v6 }) },
    timeoutMs: config.timeout * 1000,
    remote: tunnel.via !== undefined,
  };
}
