import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BuildOutcome } from '../../../../plugins/ci/contract.ts';
import { type LeaseEvent, type LeaseState, lease, NO_LEASES } from '../../../../plugins/ci/workers/lease.ts';
import { noTenures, type TenureEvent, type TenureState, tenure } from '../../../../plugins/ci/workers/tenure.ts';

const LEASE_MS = 30_000;
const TENURE_MS = 20_000;
const SUCCESS: BuildOutcome = { result: 'SUCCESS', isIndeterminate: false };

/** A scheduler and a worker with a network between them that delays, reorders, copies and loses as it is told. */
class World {
  now = 0;
  fence = 0;
  sessions = 1;
  leases: LeaseState = NO_LEASES;
  tenures: TenureState = noTenures(1);
  /** What became of each fence, in the words of the scheduler. */
  readonly ends = new Map<number, string[]>();
  refusedResults = 0;
  readonly #messages: { readonly at: number; readonly deliver: () => void }[] = [];
  /** The network's whims: delay in ms of each message's copies; none = lost. */
  constructor(private readonly delays: () => readonly number[]) {}

  scheduler(event: LeaseEvent): void {
    const step = lease(this.leases, event, this.now, LEASE_MS);
    this.leases = step.state;
    for (const action of step.actions) {
      if (action.type === 'send assign') {
        this.#post(() => this.worker({ type: 'assigned', fence: action.fence, room: true }));
      } else if (action.type === 'send renewal') {
        const { session, seq, fences } = action;
        this.#post(() => this.worker({ type: 'renewed', session, seq, fences }));
      } else if (action.type === 'send release') {
        this.#post(() => this.worker({ type: 'released', fence: action.fence }));
      } else if (action.type === 'refuse result') {
        this.refusedResults += 1;
      } else if (action.type !== 'held') {
        this.ends.set(action.fence, [...(this.ends.get(action.fence) ?? []), action.type]);
        if (action.type !== 'finished')
          expect(this.running(), `${action.type} of what still runs`).not.toContain(action.fence);
      }
    }
    this.check();
  }

  worker(event: TenureEvent): void {
    const step = tenure(this.tenures, event, this.now, TENURE_MS);
    this.tenures = step.state;
    for (const action of step.actions) {
      if (action.type === 'send greeting') {
        const { greeting } = action;
        this.#post(() => this.scheduler({ type: 'greeting', greeting }));
      }
    }
    this.check();
  }

  assign(): number {
    this.fence += 1;
    this.scheduler({ type: 'assign', fence: this.fence });
    return this.fence;
  }

  restartWorker(): void {
    this.sessions += 1;
    this.tenures = noTenures(this.sessions);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.#messages.sort((one, other) => one.at - other.at);
      if ((this.#messages[0]?.at ?? Infinity) > end) break;
      const next = this.#messages.shift();
      this.now = Math.max(this.now, next?.at ?? 0);
      next?.deliver();
    }
    this.now = end;
    this.worker({ type: 'tick' });
    this.scheduler({ type: 'tick' });
  }

  /** Fences the worker is entitled to run now. */
  running(): number[] {
    return [...this.tenures.tenures].flatMap(([fence, { phase, until }]) =>
      phase === 'running' && this.now < until ? [fence] : [],
    );
  }

  check(): void {
    for (const fence of this.running()) expect([...this.leases.leases.keys()], 'runs without a lease').toContain(fence);
    for (const [fence, ends] of this.ends) {
      // One result at most, none after the lease was over, and nothing after the end.
      expect(['finished', 'lost', 'ended', 'finished lost', 'finished ended'], `fence ${fence}`).toContain(
        ends.join(' '),
      );
    }
  }

  #post(deliver: () => void): void {
    for (const delay of this.delays()) this.#messages.push({ at: this.now + delay, deliver });
  }
}

const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ move: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 9000 }) }) },
  { weight: 4, arbitrary: fc.record({ move: fc.constant('greet' as const) }) },
  { weight: 2, arbitrary: fc.record({ move: fc.constant('assign' as const) }) },
  { weight: 2, arbitrary: fc.record({ move: fc.constantFrom('end' as const, 'release' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constant('restart' as const) }) },
);
/** Usually one copy soon; sometimes late, twice or never. */
const whim = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.integer({ min: 0, max: 50 })) },
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 0, max: 60_000 })) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(50), fc.integer({ min: 0, max: 60_000 })) },
  { weight: 1, arbitrary: fc.constant([] as number[]) },
);

test('no build runs without its lease, and none ends twice, whatever the network does', () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 5, maxLength: 80 }), fc.array(whim, { minLength: 1 }), (moves, whims) => {
      let sent = 0;
      const world = new World(() => whims[sent++ % whims.length] ?? []);
      for (const each of moves) {
        if (each.move === 'pass') world.pass(each.ms);
        else if (each.move === 'greet') world.worker({ type: 'greet' });
        else if (each.move === 'assign') world.assign();
        else if (each.move === 'restart') world.restartWorker();
        else if (each.move === 'release') {
          const fences = [...world.leases.leases.keys()];
          const fence = fences[each.pick % fences.length];
          if (fence !== undefined) world.scheduler({ type: 'release', fence });
        } else {
          const fences = [...world.tenures.tenures].filter(
            ([, { phase }]) => phase === 'running' || phase === 'stopping',
          );
          const fence = fences[each.pick % fences.length]?.[0];
          if (fence !== undefined) world.worker({ type: 'ended', fence, outcome: SUCCESS });
        }
      }
      // Left alone, everything comes to an end.
      world.pass(LEASE_MS);
      world.pass(60_000);
      for (let fence = 1; fence <= world.fence; fence++) {
        const isOver = (world.ends.get(fence) ?? []).some((end) => end !== 'finished');
        expect(isOver || world.leases.leases.has(fence)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('a build on a network that works is never lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 200 }),
      (delays, seconds) => {
        let sent = 0;
        const world = new World(() => [delays[sent++ % delays.length] ?? 0]);
        world.worker({ type: 'greet' });
        const fence = world.assign();
        for (let second = 0; second < seconds + 5; second++) {
          if (second % 5 === 0) world.worker({ type: 'greet' });
          world.pass(1000);
        }
        expect(world.running()).toEqual([fence]);
        world.worker({ type: 'ended', fence, outcome: SUCCESS });
        world.pass(2000);
        expect(world.ends.get(fence)).toEqual(['finished']);
        world.scheduler({ type: 'release', fence });
        world.pass(3000);
        expect(world.ends.get(fence)).toEqual(['finished', 'ended']);
        expect([world.leases.leases.size, world.tenures.tenures.size]).toEqual([0, 0]);
      },
    ),
    { numRuns: 50 },
  );
});

test('the result of a lost lease is refused when it comes after all', () => {
  let isCut = false;
  const world = new World(() => (isCut ? [] : [1]));
  const fence = world.assign();
  world.pass(100);
  expect(world.running()).toEqual([fence]);
  // The worker keeps running into its tenure, its end is told only after the lease is over.
  isCut = true;
  world.pass(10_000);
  world.worker({ type: 'ended', fence, outcome: SUCCESS });
  for (const _ of [1, 2, 3]) world.scheduler({ type: 'tick' });
  const late = world.tenures;
  world.pass(25_000);
  expect(world.ends.get(fence)).toEqual(['lost']);
  isCut = false;
  world.tenures = late; // as if its clock had stood still
  world.worker({ type: 'greet' });
  world.pass(100);
  expect(world.refusedResults).toBe(1);
  expect(world.ends.get(fence)).toEqual(['lost']);
  expect(world.tenures.tenures.size, 'the worker was told that its lease is over').toBe(0);
});

test('a worker that started again has lost what it ran, at once', () => {
  const world = new World(() => [1]);
  const fence = world.assign();
  world.pass(100);
  world.restartWorker();
  world.worker({ type: 'greet' });
  world.pass(100);
  expect(world.ends.get(fence)).toEqual(['lost']);
});

test('an old assignment, come late or sent by somebody who kept it, is refused', () => {
  const world = new World(() => [1]);
  world.assign();
  const newer = world.assign();
  world.pass(100);
  world.worker({ type: 'ended', fence: 1, outcome: SUCCESS });
  world.scheduler({ type: 'release', fence: 1 });
  world.pass(100);
  world.worker({ type: 'assigned', fence: 1, room: true });
  world.pass(100);
  expect(world.running()).toEqual([newer]);
});
