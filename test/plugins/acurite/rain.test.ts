import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countRain, type Rain, rainTotalMm } from '../../../plugins/acurite/rain.ts';

const SLOT = 36_000;

/** Counts a sequence of counters, one a slot; `[count, sensor, slots since the last]` where it matters. */
function counted(
  counts: readonly (number | readonly [count: number, sensorId: number, slots?: number])[],
  from?: Rain,
): Rain {
  let time = from?.baseline.time ?? 1_700_000_000_000;
  let rain = from;
  for (const entry of counts) {
    const [count, sensorId, slots = 1] = typeof entry === 'number' ? [entry, 0x5c] : entry;
    time += slots * SLOT;
    rain = countRain(rain, { count, sensorId, time });
  }
  if (!rain) throw new Error('no counters given');
  return rain;
}
const tips = (...counts: Parameters<typeof counted>[0]) => counted(counts).tips;

it('starts at 0 with the first baseline and counts tips of 0.254 mm', () => {
  expect(rainTotalMm(counted([7409]))).toBe(0);
  expect(rainTotalMm(counted([7409, 7409, 7412]))).toBe(0.762);
});

it('counts the rain that fell while the hub was off', () => {
  const before = counted([12, 15]);
  expect(counted([[115, 0x5c, 800]], before).tips).toBe(103);
});

describe('a jump', () => {
  it('counts when the next report confirms it', () => {
    expect(tips(12, 15, 215)).toBe(3);
    expect(tips(12, 15, 215, 216)).toBe(204);
  });

  it('is forgotten when the next report is back at the old count', () => {
    expect(tips(12, 15, 5566, 15, 16)).toBe(4);
    expect(counted([12, 15, 5566, 15])).not.toHaveProperty('doubtful');
  });

  it('is not confirmed by another number that does not follow from it', () => {
    expect(tips(12, 15, 5566, 9000, 300, 16)).toBe(4);
  });

  it('beyond 100 mm needs a second report however long the gap', () => {
    const before = counted([12, 15]);
    expect(counted([[515, 0x5c, 10_000]], before).tips).toBe(3);
    expect(counted([[515, 0x5c, 10_000], 515], before).tips).toBe(503);
  });

  it('right after a first baseline that nothing followed makes a new baseline, not giant rain', () => {
    expect(tips(3, 7409, 7409, 7410)).toBe(1);
  });
});

describe('a counter below the baseline', () => {
  it('is a reset once two reports agree, and only what falls after it counts', () => {
    expect(tips(7409, 7410, 0, 0, 2)).toBe(3);
    expect(tips(7409, 7410, 3, 5)).toBe(3);
  });

  it('is a torn report when the old count comes back', () => {
    expect(tips(7409, 7410, 37, 7411)).toBe(2);
  });

  it('after a wrap gives neither negative nor giant rain', () => {
    expect(tips(9990, 9998, 1, 3)).toBe(10);
  });
});

describe('another sensor', () => {
  it('is ours after three reports in a row that agree, without a jump', () => {
    const rain = counted([100, 101, [5000, 0xbfa], [5000, 0xbfa]]);
    expect(rain).toMatchObject({ tips: 1, baseline: { sensorId: 0x5c } });
    expect(counted([[5001, 0xbfa]], rain)).toMatchObject({ tips: 2, baseline: { sensorId: 0xbfa, count: 5001 } });
  });

  it('heard once in a while never moves the baseline', () => {
    expect(tips(100, [5000, 0xbfa], 101, [5001, 0xbfa], 102, [5002, 0xbfa], 103)).toBe(3);
  });
});

it('never counts backwards, whatever the reports say', () => {
  const report = fc.record({
    count: fc.oneof(fc.nat(9999), fc.nat(60)),
    sensorId: fc.constantFrom(0x5c, 0xbfa),
    time: fc.nat(2_000_000_000),
  });
  fc.assert(
    fc.property(fc.array(report, { maxLength: 60 }), (reports) => {
      let rain: Rain | undefined;
      for (const next of reports) {
        const before = rain?.tips ?? 0;
        rain = countRain(rain, next);
        if (rain.tips < before) throw new Error(`${before} -> ${rain.tips}`);
      }
    }),
  );
});

it('counts every tip of a true counter with reports missing and single torn ones between', () => {
  const slot = fc.record({ fell: fc.nat(5), heard: fc.boolean(), torn: fc.option(fc.nat(9999), { freq: 8 }) });
  fc.assert(
    fc.property(fc.array(slot, { minLength: 2, maxLength: 50 }), (slots) => {
      let truth = 500;
      let rain = counted([truth, truth]);
      for (const { fell, heard, torn } of slots) {
        truth += fell;
        const time = rain.baseline.time + SLOT;
        // A torn number close to the truth is taken for rain: no rule can tell it apart.
        if (torn !== null && Math.abs(torn - truth) > 500) {
          rain = countRain(rain, { count: torn, sensorId: 0x5c, time });
          rain = countRain(rain, { count: truth, sensorId: 0x5c, time: time + SLOT });
        } else if (heard) {
          rain = countRain(rain, { count: truth, sensorId: 0x5c, time });
        }
      }
      const last = { count: truth, sensorId: 0x5c, time: rain.baseline.time + 60 * SLOT };
      expect(countRain(countRain(rain, last), last).tips).toBe(truth - 500);
    }),
  );
});
