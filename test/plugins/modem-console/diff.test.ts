import { expect, it } from 'vitest';
import type { Boot } from '../../../plugins/modem-console/decode/boot.ts';
import { diffBoots } from '../../../plugins/modem-console/diff.ts';
import { decode, text as TEXT } from './transcripts.ts';

function diff(a: string, b: string) {
  const boots = decode(a, b);
  return diffBoots(boots[0] as Boot, a.split('\n'), boots[1] as Boot, b.split('\n'));
}

it('sees nothing in the same boot at another time, its threads in another order', () => {
  const lines = [
    '[00:00:04 01/01/1970] [CmMain] Resetting',
    '[00:00:05 01/01/1970] [Scan] 123 Hz',
    'CRC time = 282',
    'took 17 ms',
  ];
  const later = [
    '[00:00:09 22/11/2026] [Scan] 123 Hz',
    '[00:01:04 22/11/2026] [CmMain] Resetting',
    'took 9 ms',
    'CRC time = 290',
  ];
  expect(diff(`${TEXT}${lines.join('\n')}\n`, `${TEXT}${later.join('\n')}\n`)).toEqual({
    changed: [],
    only_a: [],
    only_b: [],
  });
});

it('names fields and lines that changed, came or went', () => {
  const other = TEXT.replace('3098198 bytes', '3098199 bytes')
    .replace(/^vennv.*\n/m, '')
    .replace('128 M', '256 M');
  const { changed, only_a, only_b } = diff(TEXT, other);
  expect(changed).toContainEqual({ field: 'mem_mib', a: 128, b: 256 });
  expect(changed).toContainEqual({ field: 'images.2.length', a: 3098198, b: 3098199 });
  expect(changed).toContainEqual({ field: 'partitions.vennv.size', a: 0x10000, b: null });
  expect(changed).toContainEqual({ field: 'checks.map partition map.verdict', a: 'good', b: 'bad' });
  expect(only_a).toEqual([
    'MemSize:            128 M',
    ' File Length: 3098198 bytes',
    'vennv        0x00010000     0x007f0000',
  ]);
  expect(only_b).toEqual(['MemSize:            256 M', ' File Length: 3098199 bytes']);
});

it('counts lines: one more of the same is a change', () => {
  expect(diff(TEXT, `${TEXT}Using GMAC0, phy 0\n`)).toMatchObject({ only_a: [], only_b: ['Using GMAC0, phy 0'] });
});
