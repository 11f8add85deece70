import { expect, test } from 'vitest';
import { LineSplitter } from '../../../core/plugins/lines.ts';

const bytes = (text: string) => Buffer.from(text);

test('lines come out whole however the bytes were cut', () => {
  const splitter = new LineSplitter();
  const euro = bytes('5 €\nrest');
  expect(splitter.push(bytes('one\ntw'))).toEqual(['one']);
  expect(splitter.push(bytes('o\n'))).toEqual(['two']);
  expect(splitter.push(euro.subarray(0, 3))).toEqual([]);
  expect(splitter.push(euro.subarray(3))).toEqual(['5 €']);
  expect(splitter.end()).toEqual(['rest']);
  expect(splitter.end()).toEqual([]);
});

test('an endless line comes in pieces and is not kept', () => {
  const splitter = new LineSplitter(4);
  expect(splitter.push(bytes('abcdefghij'))).toEqual(['abcd', 'efgh', 'ij']);
  expect(splitter.push(bytes('k\n'))).toEqual(['k']);
});
