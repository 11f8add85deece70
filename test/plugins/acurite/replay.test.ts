import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Evidence } from '../../../plugins/acurite/device.ts';
import { type Clock, SYSTEM_CLOCK } from '../../../plugins/acurite/poll.ts';
import { formatCaptureLine, parseCaptureLine, replay } from '../../../plugins/acurite/replay.ts';

const BYTES = Uint8Array.of(0x01, 0x8b, 0xfa, 0x78, 0x00, 0x08, 0x48, 0x25, 0x03, 0xff);

describe('a line of a capture', () => {
  it.each([
    '018bfa780008482503ff',
    '01 8b fa 78 00 08 48 25 03 ff',
    '  01 8B FA 78 00 08 48 25 03 FF\r',
    '018bfa78 00084825 03ff',
  ])('is hex with or without spaces: %s', (line) => {
    expect(parseCaptureLine(line)).toEqual({ bytes: BYTES });
  });

  it('may start with its time in epoch ms', () => {
    expect(parseCaptureLine('1763821058000 018bfa780008482503ff')).toEqual({ time: 1763821058000, bytes: BYTES });
    expect(parseCaptureLine('1763821058000\t01 8b fa 78 00 08 48 25 03 ff')?.time).toBe(1763821058000);
  });

  it('is skipped when blank or a comment, and has no bytes when it is anything else', () => {
    for (const line of ['', '   ', '# console on the shelf']) expect(parseCaptureLine(line)).toBeUndefined();
    for (const line of ['hello', '1763821058000', '1763821058000 xyz']) {
      expect(parseCaptureLine(line)?.bytes).toHaveLength(0);
    }
  });

  it('reads back what was written', () => {
    const report = fc.tuple(
      fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }),
      fc.uint8Array({ minLength: 1 }),
    );
    fc.assert(
      fc.property(report, ([time, bytes]) => {
        expect(parseCaptureLine(formatCaptureLine(time, bytes))).toEqual({ time, bytes });
      }),
    );
  });
});

describe('replay', () => {
  /** Everything it says until it has waited `pauses` times; a missing pause would let the test run on for ever. */
  async function play(
    text: string | undefined,
    stopAfter: number,
  ): Promise<{ evidence: Evidence[]; pauses: number[] }> {
    const folder = await mkdtemp(join(tmpdir(), 'cupboard-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'capture.txt');
    if (text !== undefined) await writeFile(file, text);
    const pauses: number[] = [];
    const clock: Clock = {
      ...SYSTEM_CLOCK,
      time: () => 42,
      sleep: async (ms) => {
        pauses.push(ms);
      },
    };
    const evidence: Evidence[] = [];
    for await (const one of replay(file, 250, clock, new AbortController().signal)) {
      evidence.push(one);
      if (evidence.length === stopAfter) break;
    }
    return { evidence, pauses };
  }

  it('gives a line at a time with the line’s own time, or now', async () => {
    const { evidence, pauses } = await play('1763821058000 018bfa\n# note\n\n01 8b\nnoise', 4);
    expect(evidence).toEqual([
      { kind: 'report', time: 1763821058000, bytes: Uint8Array.of(0x01, 0x8b, 0xfa) },
      { kind: 'report', time: 42, bytes: Uint8Array.of(0x01, 0x8b) },
      { kind: 'report', time: 42, bytes: new Uint8Array() },
    ]);
    expect(pauses).toEqual([250, 250, 250]);
  });

  it('says so when there is no such file', async () => {
    const { evidence } = await play(undefined, 1);
    expect(evidence).toEqual([
      { kind: 'failure', time: 42, failure: 'unplugged', detail: expect.stringContaining('ENOENT') },
    ]);
  });
});
