import { describe, expect, it } from 'vitest';
import { isSeen } from '../../../../plugins/photos/ingest/seen.ts';

const HOUR = 3_600_000;
const seen = { path: 'DCIM/1.JPG', size: 10, mtime: Date.UTC(2016, 1, 1), sha256: '' };

describe('a file seen before', () => {
  it.each([0, HOUR, -HOUR, 0.5 * HOUR, 5.75 * HOUR, 14 * HOUR, -24 * HOUR])('is known shifted by %d ms', (shift) => {
    expect(isSeen(seen, { size: 10, mtime: seen.mtime + shift })).toBe(true);
  });

  it.each([1, 2000, HOUR + 2000, 25 * HOUR])('is another one %d ms later', (shift) => {
    expect(isSeen(seen, { size: 10, mtime: seen.mtime + shift })).toBe(false);
  });

  it('has the same size', () => {
    expect(isSeen(seen, { size: 11, mtime: seen.mtime })).toBe(false);
    expect(isSeen(undefined, seen)).toBe(false);
  });
});
