import { describe, expect, it } from 'vitest';
import type { Week } from '../../../plugins/photos/gallery/contract.ts';
import { hashOf, type Place, parsePlace } from '../../../plugins/photos/panel/place.ts';
import {
  cardWords,
  dayOf,
  folderName,
  marksOf,
  momentOf,
  rangeOf,
  sizeOf,
  type ToldCard,
  yearOf,
} from '../../../plugins/photos/panel/words.ts';

describe('the address', () => {
  const places: Place[] = [
    { at: 'weeks' },
    { at: 'cards' },
    { at: 'week', folder: '2016-W05', view: 'photos' },
    { at: 'week', folder: '2016/2016-W05', view: 'photos', photo: 7 },
    { at: 'week', folder: 'a % b', view: 'map', photo: 7 },
    { at: 'week', folder: '2016-W05', view: 'captions' },
    { at: 'search', query: 'Emma / 2016?' },
    { at: 'search', query: 'sea', photo: 12 },
  ];
  it.each(places)('of $at is read as it was written', (place) => expect(parsePlace(hashOf(place))).toEqual(place));

  it.each(['', '#', '#week', '#week/', '#week/2016-W05/cellar', '#nowhere/at/all'])('%s leads to the weeks', (hash) =>
    expect(parsePlace(hash)).toEqual({ at: 'weeks' }),
  );

  it('may hold what somebody typed', () => expect(parsePlace('#search/100%')).toEqual({ at: 'search', query: '100%' }));
});

describe('names and dates', () => {
  it('name weeks as people do', () => {
    expect(folderName('2016-W05')).toBe('Week 5');
    expect(folderName('2016/2016-W53')).toBe('Week 53');
    expect(folderName('2016-01-31')).toBe('Week of 31 January');
    expect(folderName('undated')).toBe('Without a date');
    expect(folderName('Scans')).toBe('Scans');
  });

  it('keep the day of the camera', () => {
    expect(dayOf('2016-02-02T23:59:59')).toBe('Tuesday 2 February');
    expect(dayOf(null)).toBe('Without a date');
    expect(momentOf('2016-02-02T00:00:30')).toBe('2 February 2016, 00:00');
    expect(rangeOf('2015-12-28T00:00:00', '2016-01-03T23:00:00')).toMatch(/^28 Dec 2015\s–\s3 Jan 2016$/);
  });

  it('put a week on the shelf of its name, not of its first day', () => {
    expect(yearOf({ folder: '2015-W53', last: '2016-01-03T10:00:00' })).toBe('2015');
    expect(yearOf({ folder: 'Scans', last: '1994-06-01T00:00:00' })).toBe('1994');
    expect(yearOf({ folder: 'undated', last: null })).toBe('Without a date');
  });

  it('tell sizes in three figures at most', () => {
    expect([0, 999, 1000, 6_571_815, 182e6, 4.2e12].map(sizeOf)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '6.6 MB',
      '182 MB',
      '4.2 TB',
    ]);
  });
});

describe('the marks of a week', () => {
  const week = (states: Week['states']) => ({ folder: '2016-W05', files: 10, states }) as Week;
  const texts = (states: Week['states'], backup?: Parameters<typeof marksOf>[1]) =>
    marksOf(week(states), backup).map(({ mood, text }) => `${mood} ${text}`.trim());

  it('are good only when every file was read again', () => {
    expect(texts({ verified: 9, edited: 1 })).toEqual(['good verified']);
    expect(texts({ verified: 9, copied: 1 })).toEqual(['info checking']);
    expect(texts({ verified: 6, rot: 1, missing: 2, copied: 1 })).toEqual([
      'bad 1 damaged',
      'warn 2 missing',
      'info checking',
    ]);
  });

  const backup = (...targets: [name: string, safe: number, pending: number][]) => ({
    weeks: { '2016-W05': Object.fromEntries(targets.map(([name, safe, pending]) => [name, { safe, pending }])) },
    remote: new Set(['bucket']),
  });

  it('tell of the copies elsewhere where there are any', () => {
    expect(texts({ verified: 10 }, backup(['bucket', 10, 0]))).toEqual(['good verified', 'good off site']);
    expect(texts({ verified: 10 }, backup(['bucket', 9, 1]))).toEqual(['good verified', 'info 90 % backed up']);
    expect(texts({ verified: 10 }, backup())).toEqual(['good verified', 'only here']);
  });

  it('call nothing off site that may stand beside the archive', () => {
    const second = backup(['disk', 10, 0], ['bucket', 2, 8]);
    expect(texts({ verified: 10 }, second)).toEqual(['good verified', 'good second copy']);
    const both = backup(['disk', 10, 0], ['bucket', 10, 0]);
    expect(marksOf(week({ verified: 10 }), both).at(-1)).toMatchObject({
      text: 'off site',
      detail: 'Backed up to disk, bucket',
    });
  });
});

describe('a card', () => {
  const say = (card: Partial<ToldCard>) => {
    const { mood, text } = cardWords({
      state: 'inserted',
      label: '',
      new: 0,
      verified: 0,
      known: 0,
      failed: 0,
      ...card,
    });
    return `${mood}: ${text}`;
  };
  it('is told of in the words of the family', () => {
    expect(say({ state: 'importing', done: 12, total: 212 })).toBe('info: Copying 12 of 212. Leave the card in.');
    expect(say({ state: 'verified', new: 212, verified: 212, known: 3 })).toBe(
      'good: 212 new, 212 verified: you may pull the card.',
    );
    expect(say({ state: 'verified', known: 1 })).toBe('good: Nothing new: 1 file safe here. You may pull the card.');
    expect(say({ state: 'verified', known: 1204 })).toBe(
      'good: Nothing new: 1,204 files safe here. You may pull the card.',
    );
    expect(say({ state: 'failed', failed: 2 })).toBe('bad: 2 files could not be copied.');
    expect(say({ state: 'removed', reason: 'pulled_while_importing' })).toBe('warn: Pulled too early.');
  });
});
