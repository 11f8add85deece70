import { describe, expect, it } from 'vitest';
import type { ReportId } from '../../../plugins/acurite/decode.ts';
import { type Console, DeviceError, type Evidence } from '../../../plugins/acurite/device.ts';
import { type Clock, poll } from '../../../plugins/acurite/poll.ts';

/** A clock on which waiting takes no time. */
function fakeClock(): Clock & { now: number } {
  const clock = {
    now: 0,
    time: () => 1_700_000_000_000 + clock.now,
    elapsed: () => clock.now,
    sleep: async (ms: number) => {
      clock.now += ms;
    },
  };
  return clock;
}

/** A console that notes when it was asked what, and fails while `failing` says how. */
function fakeConsole(clock: Clock) {
  const state = {
    asked: [] as [seconds: number, report: ReportId][],
    opened: 0,
    failing: undefined as Error | undefined,
  };
  const open = async (): Promise<Console> => {
    state.opened += 1;
    return {
      read: async (report) => {
        state.asked.push([clock.elapsed() / 1000, report]);
        if (state.failing) throw state.failing;
        return Uint8Array.of(report);
      },
      close: async () => {
        state.opened -= 1;
      },
    };
  };
  return { state, open };
}

/** The next few; more can be taken afterwards. */
async function take(evidence: AsyncGenerator<Evidence>, count: number): Promise<Evidence[]> {
  const taken: Evidence[] = [];
  while (taken.length < count) {
    const { value, done } = await evidence.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

function start(outdoorSeconds = 18) {
  const clock = fakeClock();
  const console = fakeConsole(clock);
  const { signal } = new AbortController();
  return { clock, console, evidence: poll(console.open, { outdoorSeconds, retrySeconds: 30, clock, signal }) };
}

describe('the rhythm', () => {
  it('is the outdoor report every 18 s and the console report every 60 s', async () => {
    const { console, evidence } = start();
    await take(evidence, 15);
    expect(console.state.asked.filter(([, report]) => report === 1).map(([at]) => at)).toEqual([
      0, 18, 36, 54, 72, 90, 108, 126, 144, 162, 180,
    ]);
    expect(console.state.asked.filter(([, report]) => report === 2).map(([at]) => at)).toEqual([0, 60, 120, 180]);
  });

  it('never asks twice within 6 s', async () => {
    const { console, evidence } = start();
    await take(evidence, 100);
    const times = [...new Set(console.state.asked.map(([at]) => at))];
    for (const [index, at] of times.entries()) {
      if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(6);
    }
  });

  it('stays, without catching up, when the machine slept for an hour', async () => {
    const { clock, console, evidence } = start();
    await take(evidence, 2);
    clock.now += 3_600_000;
    console.state.asked.length = 0;
    await take(evidence, 3);
    expect(console.state.asked).toEqual([
      [3600, 1],
      [3600, 2],
      [3618, 1],
    ]);
  });
});

it('closes the console after each round, also after one that failed', async () => {
  const { console, evidence } = start();
  await take(evidence, 2);
  expect(console.state.opened).toBe(0);
  console.state.failing = new Error('ioctl (GFEATURE): Broken pipe');
  await take(evidence, 1);
  expect(console.state.opened).toBe(0);
});

it('waits 30 s after a failure and 2 minutes after ten silences, then asks for everything', async () => {
  const { console, evidence } = start();
  console.state.failing = new Error('ioctl (GFEATURE): Connection timed out');
  await take(evidence, 13);
  expect(console.state.asked.map(([at]) => at)).toEqual([0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 420, 540]);
});

it('ends when asked to', async () => {
  const clock = fakeClock();
  const stop = new AbortController();
  const { open } = fakeConsole(clock);
  const all: Evidence[] = [];
  for await (const one of poll(open, { outdoorSeconds: 18, retrySeconds: 30, clock, signal: stop.signal })) {
    all.push(one);
    stop.abort();
  }
  expect(all).toHaveLength(2);
});

describe('a failure is told in the terms of the link', () => {
  it.each([
    ['cannot open device with path /dev/hidraw0: Permission denied', 'no_permission'],
    ['could not get feature report from device: ioctl (GFEATURE): No such device', 'unplugged'],
    ['could not get feature report from device: ioctl (GFEATURE): Broken pipe', 'silent'],
    ['could not get feature report from device: ioctl (GFEATURE): Connection timed out', 'silent'],
    ['could not get feature report from device: ioctl (GFEATURE): Input/output error', 'silent'],
  ])('%s', (message, failure) => {
    expect(DeviceError.from(new Error(message))).toMatchObject({ failure, code: `device_${failure}`, message });
  });
});
