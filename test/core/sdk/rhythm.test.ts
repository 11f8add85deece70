import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProgressMeter } from '../../../core/sdk/progress.ts';
import { every } from '../../../core/sdk/rhythm.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a task runs at once and then in its rhythm, until the plugin stops', async () => {
  const stop = new AbortController();
  const task = vi.fn();
  every(10, task, stop.signal, () => undefined);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(task).toHaveBeenCalledTimes(3);
  stop.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(task).toHaveBeenCalledTimes(3);
});

test('a task that takes longer than its rhythm never runs twice at a time', async () => {
  let running = 0;
  let most = 0;
  const task = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 25_000));
    running -= 1;
  };
  every(10, task, new AbortController().signal, () => undefined);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(most).toBe(1);
});

test('an error is reported and the rhythm kept', async () => {
  const errors: unknown[] = [];
  every(
    10,
    () => Promise.reject(new Error('busy')),
    new AbortController().signal,
    (error) => errors.push(error),
  );
  await vi.advanceTimersByTimeAsync(20_000);
  expect(errors).toHaveLength(3);
});

test('progress is thinned out, its end is always said, and the time left follows from the speed', () => {
  const meter = new ProgressMeter();
  expect(meter.step('import', 0, 100, undefined, 1000)).toEqual({ time: 1000, done: 0, total: 100 });
  expect(meter.step('import', 1, 100, undefined, 1010)).toBeUndefined();
  expect(meter.step('import', 20, 100, 'IMG_7', 3000)).toEqual({
    time: 3000,
    done: 20,
    total: 100,
    message: 'IMG_7',
    eta: 11_000,
  });
  expect(meter.step('import', 100, 100, undefined, 3001)).toEqual({ time: 3001, done: 100, total: 100 });
});
