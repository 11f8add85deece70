import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readTopLevel } from '../../../plugins/photos/cards/look.ts';
import { simulateCard } from '../../../plugins/photos/simulator.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');

testNeeding('exiftool')('makes a card of real photos: dates of several weeks, positions of two places', async () => {
  const folder = await temporaryFolder();
  expect(await readTopLevel(folder)).toBe('other');
  await simulateCard(folder, NOW);
  expect(await readTopLevel(folder)).toBe('card');

  const tags = ['-DateTimeOriginal', '-GPSLatitude', '-GPSLongitude', '-ImageWidth'];
  const text = execFileSync('exiftool', ['-json', '-n', '-r', '-validate', ...tags, folder], { encoding: 'utf8' });
  const photos = JSON.parse(text) as {
    DateTimeOriginal: string;
    GPSLatitude: number;
    ImageWidth: number;
    Validate: string;
  }[];
  expect(photos).toHaveLength(37);
  expect(new Set(photos.map(({ DateTimeOriginal }) => DateTimeOriginal.slice(0, 10))).size).toBe(6);
  expect(new Set(photos.map(({ GPSLatitude }) => Math.round(GPSLatitude)))).toEqual(new Set([50, 47]));
  expect(
    photos.every(({ DateTimeOriginal }) => DateTimeOriginal > '2026:05:01' && DateTimeOriginal < '2026:06:15'),
  ).toBe(true);
});

testNeeding()('leaves a card that is there as it is', async () => {
  const folder = await temporaryFolder();
  await simulateCard(folder, NOW);
  const first = join(folder, 'DCIM', '101_DEMO', 'P1010001.JPG');
  const before = await readFile(first);
  await simulateCard(folder, NOW + 86_400_000 * 7);
  expect((await readFile(first)).equals(before)).toBe(true);
  expect(await readdir(folder)).toEqual(['DCIM']);
});
