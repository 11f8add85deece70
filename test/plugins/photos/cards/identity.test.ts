import { expect, it } from 'vitest';
import { type Candidate, identify, topicLevel } from '../../../../plugins/photos/cards/identity.ts';

const candidate = (id: string, remembered: number, found: number, bytes = 32): Candidate => ({
  id,
  bytes,
  remembered,
  found,
});
const which = (candidates: Candidate[], present: string[] = []) =>
  identify({ name: '1234-ABCD', bytes: 32 }, candidates, new Set(present), (id) =>
    candidates.some((card) => card.id === id),
  );

it('names a new card after its serial number', () => {
  expect(which([])).toBe('1234-abcd');
});

it('knows a card again that has more files, fewer files or none', () => {
  expect(which([candidate('1234-abcd', 100, 100)])).toBe('1234-abcd');
  expect(which([candidate('1234-abcd', 100, 60)])).toBe('1234-abcd');
  expect(which([candidate('1234-abcd', 100, 0)])).toBe('1234-abcd');
  expect(which([candidate('1234-abcd', 0, 0)])).toBe('1234-abcd');
});

it('tells cards with the same serial number apart by what is on them', () => {
  const cards = [candidate('1234-abcd', 100, 20), candidate('1234-abcd-2', 50, 50)];
  expect(which(cards)).toBe('1234-abcd-2');
  expect(which([candidate('1234-abcd', 100, 20)])).toBe('1234-abcd-2');
  expect(which([candidate('1234-abcd', 100, 100, 64)])).toBe('1234-abcd-2');
});

it('never gives one id to two cards that are in at once', () => {
  expect(which([candidate('1234-abcd', 100, 100)], ['1234-abcd'])).toBe('1234-abcd-2');
  expect(which([], ['1234-abcd', '1234-abcd-2'])).toBe('1234-abcd-3');
});

it('makes one topic level of any text', () => {
  expect(topicLevel('../Übung #1/+')).toBe('bung-1');
  expect(topicLevel('')).toBe('card');
  expect(topicLevel('#')).toBe('card');
});
