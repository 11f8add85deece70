import { describe, expect, it } from 'vitest';
import {
  beaufortName,
  compassPoint,
  formatAge,
  parseState,
  rainWord,
  rangeOf,
  slotSums,
  trendWord,
  turnTo,
} from '../../../plugins/weather/panel/state.ts';
import { HOUR, MINUTE, NOON } from './setup.ts';

describe('the page', () => {
  it('takes from the state what it knows, bad values too', () => {
    const payload = '{"time":5,"updated":["temperature"],"temperature":null,"humidity":50,"other":1,"simulated":true}';
    expect(parseState(payload)).toEqual({ time: 5, simulated: true, values: { temperature: null, humidity: 50 } });
    expect(parseState('')).toBeUndefined();
  });

  it('turns the needle the short way', () => {
    expect(turnTo(undefined, 350)).toBe(350);
    expect(turnTo(350, 10)).toBe(370);
    expect(turnTo(370, 350)).toBe(350);
    expect(turnTo(10, 190) % 360).toBe(-170);
  });

  it('names directions, strength, trend and rain', () => {
    expect([0, 11, 12, 225, 350].map(compassPoint)).toEqual(['N', 'N', 'NNE', 'SW', 'N']);
    expect([0, 8, 12].map(beaufortName)).toEqual(['Calm', 'Gale', 'Hurricane force']);
    expect([0.05, 1, -2, -4, 7].map(trendWord)).toEqual([
      'Steady',
      'Rising slowly',
      'Falling',
      'Falling quickly',
      'Rising very rapidly',
    ]);
    expect([0, 1, 5, 20, 80].map(rainWord)).toEqual([
      'Dry',
      'Light rain',
      'Moderate rain',
      'Heavy rain',
      'Violent rain',
    ]);
  });

  it('puts rain into the hour it fell in, also that of its end', () => {
    const points = [
      [HOUR, 1, 1, 1],
      [HOUR + 1, 2, 2, 2],
      [2 * HOUR, 3, 3, 3],
      [3 * HOUR + 1, 9, 9, 9],
    ] as const;
    expect(slotSums(points, 0, 3 * HOUR, 3)).toEqual([1, 5, 0]);
  });

  it('asks for the same range again until five minutes are over, and for all from the first day on', () => {
    expect(rangeOf('24h', NOON + 1, undefined)).toEqual(rangeOf('24h', NOON + 5 * MINUTE, undefined));
    expect(rangeOf('24h', NOON, undefined)).toEqual({ from: NOON - 24 * HOUR, to: NOON });
    expect(rangeOf('all', NOON, '2019-03-02').from).toBe(Date.parse('2019-03-02T00:00:00Z'));
  });

  it('tells ages as people do', () => {
    expect([1, 18, 300, 3 * 3600, 3 * 86_400].map((seconds) => formatAge(seconds * 1000))).toEqual([
      'just now',
      '18 s ago',
      '5 min ago',
      '3 h ago',
      '3 days ago',
    ]);
  });
});
