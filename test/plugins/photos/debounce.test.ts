import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { debounce } from '../../../plugins/photos/debounce.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('makes one call out of many, once they have ended', () => {
  const call = vi.fn();
  const { run } = debounce(call, 100, 1000);
  for (let time = 0; time < 500; time += 50) {
    run();
    vi.advanceTimersByTime(50);
  }
  expect(call).not.toHaveBeenCalled();
  vi.advanceTimersByTime(50);
  expect(call).toHaveBeenCalledOnce();
});

it('does not wait for ever when they never end, and can be cancelled', () => {
  const call = vi.fn();
  const { run, cancel } = debounce(call, 100, 1000);
  for (let time = 0; time < 1000; time += 50) {
    run();
    vi.advanceTimersByTime(50);
  }
  expect(call).toHaveBeenCalledOnce();
  run();
  cancel();
  vi.advanceTimersByTime(5000);
  expect(call).toHaveBeenCalledOnce();
});
