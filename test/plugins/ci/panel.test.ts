import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lanesOf } from '../../../plugins/ci/panel/lanes.ts';
import { LogWindow, parseLine } from '../../../plugins/ci/panel/log-window.ts';
import { hashOf, parsePlace } from '../../../plugins/ci/panel/place.ts';
import { authorName, keyName, sizeOf, spanOf, watchOf } from '../../../plugins/ci/panel/words.ts';

describe('the lanes of a queue', () => {
  const queue = (...ahead: readonly (string | null)[]) =>
    lanesOf(ahead.map((each, index) => ({ id: 'ABCDE'[index]!, ahead: each })));

  it('are one line where each item is tested on top of the one before', () => {
    expect(queue(null, 'A', 'B')).toEqual([
      { lane: 0, from: undefined, goesOn: true, passing: [] },
      { lane: 0, from: 0, goesOn: true, passing: [] },
      { lane: 0, from: 0, goesOn: false, passing: [] },
    ]);
  });

  it('pass by what failed, which stands aside', () => {
    // C failed: D is tested on top of B.
    expect(queue(null, 'A', 'B', 'B', 'D')).toEqual([
      { lane: 0, from: undefined, goesOn: true, passing: [] },
      { lane: 0, from: 0, goesOn: true, passing: [] },
      { lane: 1, from: 0, goesOn: false, passing: [0] },
      { lane: 0, from: 0, goesOn: true, passing: [] },
      { lane: 0, from: 0, goesOn: false, passing: [] },
    ]);
    // A, at the head, failed: B begins a line of its own.
    expect(queue(null, null, 'B').map(({ lane, from }) => [lane, from])).toEqual([
      [0, undefined],
      [0, undefined],
      [0, 0],
    ]);
    // Two that failed stand aside without touching.
    expect(queue(null, 'A', 'A', 'A').map(({ lane, passing }) => [lane, passing])).toEqual([
      [0, []],
      [1, [0]],
      [1, [0]],
      [0, []],
    ]);
  });

  it('never lay two lines onto each other, whatever fails', () => {
    const queues = fc
      .array(fc.nat(), { minLength: 1, maxLength: 12 })
      .map((picks) =>
        picks.map((pick, row) => ({ id: `${row}`, ahead: pick % (row + 1) === row ? null : `${pick % (row + 1)}` })),
      );
    fc.assert(
      fc.property(queues, (items) => {
        const lanes = lanesOf(items);
        for (const [row, { lane, from, passing }] of lanes.entries()) {
          expect(passing).not.toContain(lane);
          expect(new Set(passing).size).toBe(passing.length);
          const { ahead } = items[row]!;
          expect(from).toBe(ahead === null ? undefined : lanes[Number(ahead)]!.lane);
          // The line from what is ahead is there in every row between.
          if (ahead === null) continue;
          for (let between = Number(ahead) + 1; between < row; between++)
            expect(lanes[between]!.passing).toContain(from);
        }
      }),
    );
  });
});

describe('the window onto a log', () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const texts = (lines: readonly { text: string }[]) => lines.map(({ text }) => text);

  it('completes lines as their ends come', () => {
    const window = new LogWindow();
    expect(window.append(encode('one\ntw'))).toEqual([{ offset: 0, text: 'one' }]);
    expect(window.to).toBe(6);
    expect(window.append(encode('o\nthree'))).toEqual([{ offset: 4, text: 'two' }]);
    expect(window.finish()).toEqual([{ offset: 8, text: 'three' }]);
  });

  it('leaves out the piece of a line that an earlier block begins with', () => {
    const window = new LogWindow(12);
    window.append(encode('four\n'));
    expect(texts(window.prepend(encode('o\nthree\n')))).toEqual(['three']);
    expect([window.from, texts(window.lines)]).toEqual([6, ['three', 'four']]);
    expect(texts(window.prepend(encode('1\ntwo\n')))).toEqual(['1', 'two']);
    expect(window.from).toBe(0);
  });

  it('shows a line that never ends in pieces, no character cut', () => {
    const window = new LogWindow();
    const line = 'aä😀'.repeat(8000);
    window.append(encode(line));
    window.finish();
    expect(window.lines.length).toBeGreaterThan(2);
    expect(texts(window.lines).join('')).toBe(line);
  });

  it('holds the same lines however a log is cut, and never more than it may', () => {
    const log = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map((line) => line.replaceAll('\n', ' ')),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(log, fc.array(fc.nat(60)), fc.integer({ min: 1, max: 50 }), (lines, cuts, limit) => {
        const bytes = encode(lines.map((line) => `${line}\n`).join(''));
        const window = new LogWindow();
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          window.append(bytes.subarray(at, at + size));
          at = Math.min(bytes.length, at + size);
        }
        expect(texts(window.lines)).toEqual(lines);
        expect(window.to).toBe(bytes.length);
        window.keepLast(limit);
        expect(texts(window.lines)).toEqual(lines.slice(-limit));
        // What was dropped is read again from where the window begins.
        window.prepend(bytes.subarray(0, window.from));
        expect(texts(window.lines)).toEqual(lines);
        window.keepFirst(limit);
        window.append(bytes.subarray(window.to));
        expect(texts(window.lines)).toEqual(lines);
      }),
    );
  });

  it('reads the time of a line', () => {
    expect(parseLine('2026-11-23 14:14:00.123 | + make test')).toEqual({
      time: Date.UTC(2026, 10, 23, 14, 14, 0, 123),
      text: '+ make test',
    });
    expect(parseLine('2026-11-23 14:14:00.123456 |')).toEqual({
      time: Date.UTC(2026, 10, 23, 14, 14, 0, 123),
      text: '',
    });
    expect(parseLine('plain')).toEqual({ time: undefined, text: 'plain' });
  });
});

describe('places and words', () => {
  it('keeps a place in the address', () => {
    const places = [
      { at: 'status' },
      { at: 'builds', filter: { job: 'unit', change: 'hub:lamp/12' } },
      { at: 'builds', filter: {} },
      { at: 'build', id: 'a'.repeat(32) },
      { at: 'image', id: 'bookworm-20261123T141400' },
    ] as const;
    for (const place of places) expect(parsePlace(hashOf(place))).toEqual(place);
    expect(parsePlace('#build/../../etc')).toEqual({ at: 'status' });
    expect(parsePlace('#builds?job=&evil=1')).toEqual({ at: 'builds', filter: {} });
    expect(parsePlace('#nonsense')).toEqual({ at: 'status' });
  });

  it('names changes, refs and people', () => {
    expect([authorName('Anna <anna@house.test>'), authorName('Ben'), authorName(undefined)]).toEqual([
      'Anna',
      'Ben',
      '',
    ]);
    expect(keyName('hub:lamp/12,3')).toBe('lamp 12,3');
    expect(keyName('review:house/lamp/12,3')).toBe('house/lamp 12,3');
    expect(keyName(`hub:lamp/refs/heads/main@${'1f0c'.repeat(10)}`)).toBe('lamp main 1f0c1f0');
  });

  it('tells times and sizes as people do', () => {
    expect([watchOf(7_400), watchOf(200_000), watchOf(3_723_000)]).toEqual(['0:07', '3:20', '1:02:03']);
    expect([spanOf(40_000), spanOf(180_000), spanOf(7_500_000), spanOf(4 * 86_400_000)]).toEqual([
      '40 s',
      '3 min',
      '2 h 5 min',
      '4 days',
    ]);
    expect([sizeOf(0), sizeOf(1500), sizeOf(252e6)]).toEqual(['0 B', '1.5 kB', '252 MB']);
  });
});
