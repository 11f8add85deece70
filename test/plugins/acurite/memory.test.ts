import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Memory, MIGRATIONS } from '../../../plugins/acurite/memory.ts';

const DAY = 86_400_000;

function openStore() {
  const store = new Database(':memory:');
  onTestFinished(() => void store.close());
  for (const migration of MIGRATIONS) store.exec(migration);
  return store;
}

describe('rain', () => {
  const rain = { tips: 12, baseline: { count: 7409, sensorId: 0xbfa, time: 1_700_000_000_000 }, fresh: false };

  it('is remembered', () => {
    const store = openStore();
    new Memory(store, 'console').saveRain(rain);
    expect(new Memory(store, 'console').rain()).toEqual(rain);
  });

  it('is written when the count moved or ten minutes have passed, not for every report', () => {
    const store = openStore();
    const memory = new Memory(store, 'console');
    const at = (seconds: number, count = 7409) => ({
      ...rain,
      baseline: { ...rain.baseline, count, time: seconds * 1000 },
    });
    const writes = () => store.prepare('SELECT total_changes()').pluck().get();
    const counted = [at(0), at(36), at(590), at(600), at(636, 7410)].map((next) => {
      memory.saveRain(next);
      return writes();
    });
    expect(counted).toEqual([1, 1, 1, 2, 3]);
  });

  it('of a simulator never touches that of the console', () => {
    const store = openStore();
    new Memory(store, 'console').saveRain(rain);
    const simulator = new Memory(store, 'simulator');
    expect(simulator.rain()).toBeUndefined();
    simulator.saveRain({ ...rain, tips: 99 });
    expect(new Memory(store, 'console').rain()).toEqual(rain);
  });
});

describe('raw reports', () => {
  const report = (time: number) => ({ time, bytes: Uint8Array.of(time & 0xff) });

  it('come back in the order they came, also over several pages', () => {
    const memory = new Memory(openStore(), 'console');
    for (let time = 0; time < 2500; time += 1) memory.keep(report(time));
    const back = [...memory.reports(100, 2400)];
    expect(back).toHaveLength(2301);
    expect(back[0]?.time).toBe(100);
    expect(back.at(-1)?.time).toBe(2400);
    expect(Uint8Array.from(back[0]?.bytes ?? [])).toEqual(Uint8Array.of(100));
    expect(memory.latest(2).map(({ time }) => time)).toEqual([2499, 2498]);
  });

  it('are forgotten after some days, counted from the newest of the same source', () => {
    const store = openStore();
    const replay = new Memory(store, 'replay');
    const console = new Memory(store, 'console');
    for (const time of [0, 5 * DAY, 7 * DAY]) replay.keep(report(time));
    console.keep(report(20_000 * DAY));
    replay.flush();
    console.flush();
    replay.prune(3);
    expect([...replay.reports(0, 30 * DAY)].map(({ time }) => time)).toEqual([5 * DAY, 7 * DAY]);
  });
});
