import { describe, expect, test } from 'vitest';
import { compareTraces, whereIs } from '../../../plugins/ipv6-watchdog/cost/compare.ts';
import { recommendSteadily } from '../../../plugins/ipv6-watchdog/cost/recommend.ts';
import { parseMtrReport } from '../../../plugins/ipv6-watchdog/parse/mtr.ts';

const LIMITS = { prefer_ipv4_ms: 30, turn_off_ms: 100 };
/** Averages as in two traces of 2016 through a tunnel to a server abroad. */
const report = (averages: readonly (number | undefined)[]) =>
  averages
    .map((ms, index) =>
      ms === undefined
        ? `  ${index + 1}.|-- ???                       100.0     1    0.0   0.0   0.0   0.0   0.0`
        : `  ${index + 1}. |-- hop${index + 1}                 0.0%     1  ${[ms, ms, ms, ms].map((each) => each.toFixed(1)).join('  ')}   0.0`,
    )
    .join('\n');
const V6 = report([1.4, 12.0, 13.5, 13.7, 11.5, 14.1, 115.1, 183.6, 196.6, 189.7, 194.9]);
const V4 = report([1.3, 11.0, undefined, undefined, undefined, 12.1, 10.4]);

describe('two traces', () => {
  test('tell the cost, where it arises and what to do', () => {
    expect(compareTraces(parseMtrReport(V6), parseMtrReport(V4), 2, LIMITS)).toEqual({
      cost_ms: 184.5,
      v6_ms: 194.9,
      v4_ms: 10.4,
      biggest_step: { from: 6, to: 7, ms: 101 },
      where: 'behind the tunnel',
      recommendation: 'turn off',
    });
  });

  test('a text that is no report is refused with what came', () => {
    expect(() => compareTraces([], parseMtrReport(V4), 2, LIMITS)).toThrow(
      'v6: expected the report of mtr -r as text, got no line of one',
    );
    expect(() => compareTraces(parseMtrReport(V6), [{ number: 1, loss: 100 }], 2, LIMITS)).toThrow(
      'v4: expected the report of mtr -r as text, got no hop that answered',
    );
  });

  test.each([
    [{ from: 1, to: 2 }, 'in the tunnel'],
    [{ from: 2, to: 3 }, 'behind the tunnel'],
    [{ from: 1, to: 4 }, 'in the tunnel'],
  ] as const)('the step %j is %s seen from the house', (step, where) => expect(whereIs(step, 2)).toBe(where));
});

describe('the recommendation', () => {
  test('changes only when the cost is well past the limit', () => {
    expect(recommendSteadily(99, LIMITS, undefined)).toBe('prefer IPv4');
    expect(recommendSteadily(105, LIMITS, 'prefer IPv4')).toBe('prefer IPv4');
    expect(recommendSteadily(130, LIMITS, 'prefer IPv4')).toBe('turn off');
    expect(recommendSteadily(95, LIMITS, 'turn off')).toBe('turn off');
    expect(recommendSteadily(60, LIMITS, 'turn off')).toBe('prefer IPv4');
    expect(recommendSteadily(2, LIMITS, 'turn off')).toBe('keep');
    expect(recommendSteadily(-3, LIMITS, undefined)).toBe('keep');
  });
});
