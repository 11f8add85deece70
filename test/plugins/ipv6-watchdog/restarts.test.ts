import { describe, expect, test } from 'vitest';
import { nextScore, phaseOf, startScore } from '../../../plugins/ipv6-watchdog/hysteresis.ts';
import { decide, type RestartState, startRestarts } from '../../../plugins/ipv6-watchdog/restarts.ts';
import type { Action } from '../../../plugins/ipv6-watchdog/verdict.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const noJitter = () => 0.5;

describe('the hysteresis', () => {
  const patience = { down: 3, up: 2 };
  test('goes offline after `down` bad rounds in a row and comes back after `up` good ones', () => {
    const rounds = [false, false, true, false, false, false, true, false, true, true, true];
    let score = startScore(patience);
    const phases = rounds.map((isGood) => {
      score = nextScore(score, isGood, patience);
      return phaseOf(score, patience);
    });
    expect(phases).toEqual([
      ...['disconnecting', 'disconnecting', 'online', 'disconnecting', 'disconnecting', 'offline'],
      ...['connecting', 'offline', 'connecting', 'online', 'online'],
    ]);
  });
});

/** Runs rounds every 5 s and answers when it restarted. */
function restartsIn(
  hours: number,
  round: (now: number) => { online: boolean; action: Action },
  state = startRestarts(0),
) {
  const restarts: number[] = [];
  const held = new Set<string>();
  let at: RestartState = state;
  for (let now = 0; now < hours * HOUR; now += 5 * SECOND) {
    const decision = decide(at, { ...round(now), now }, noJitter);
    at = decision.state;
    if (decision.act === 'restart') restarts.push(now / SECOND);
    if (decision.held) held.add(decision.held.replace(/\d+/g, 'N'));
  }
  return { restarts, held };
}

describe('restarts', () => {
  test('48 hours without a tunnel: never given up, never hammered', () => {
    const { restarts } = restartsIn(48, () => ({ online: false, action: 'restart' }));
    const gaps = restarts.slice(1).map((time, index) => time - (restarts[index] as number));
    expect(restarts[0]).toBe(0);
    expect(gaps.slice(0, 8)).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600]);
    expect(Math.max(...gaps)).toBe(3600);
    expect(restarts.length).toBeGreaterThan(48);
  });

  test('a line that is down for two days sees none', () => {
    const { restarts, held } = restartsIn(48, () => ({ online: false, action: 'none' }));
    expect(restarts).toEqual([]);
    expect([...held]).toEqual(['a restart cannot help']);
  });

  test('a broker that is down is tried slowly, a dead transit once', () => {
    expect(restartsIn(3, () => ({ online: false, action: 'restart-slowly' })).restarts).toEqual([
      0, 900, 2700, 6300, 9900,
    ]);
    expect(restartsIn(3, () => ({ online: false, action: 'restart-once' })).restarts).toEqual([0]);
  });

  test('ten good minutes start the count anew, nine do not', () => {
    const upFor = (minutes: number) => (now: number) => {
      return { online: now > HOUR && now <= HOUR + minutes * 60 * SECOND, action: 'restart' as const };
    };
    const gapInSecondOutage = (minutes: number) => {
      const [first = 0, second = Number.POSITIVE_INFINITY] = restartsIn(3, upFor(minutes)).restarts.filter(
        (time) => time > 3600,
      );
      return second - first;
    };
    expect(gapInSecondOutage(11)).toBe(30);
    expect(gapInSecondOutage(9)).toBeGreaterThan(60);
  });

  test('going up and down four times in a quarter of an hour stops them', () => {
    const { restarts, held } = restartsIn(1, (now) => ({
      online: Math.floor(now / (120 * SECOND)) % 2 === 0,
      action: 'restart',
    }));
    expect(Math.max(...restarts)).toBeLessThan(15 * 60);
    expect([...held].some((reason) => reason.startsWith('it went up and down N times'))).toBe(true);
  });
});
