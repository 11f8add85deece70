import { expect, test } from 'vitest';
import { blankOf, kindOf, labelOf, problemsByPath, type Schema, withValue } from '../../../web/forms/schema.ts';

test.each<[Schema, string]>([
  [{ type: 'string' }, 'text'],
  [{ type: 'string', format: 'password' }, 'password'],
  [{ type: 'integer' }, 'number'],
  [{ type: 'boolean' }, 'boolean'],
  [{ enum: ['a', 1] }, 'choice'],
  [{ type: 'array', items: { type: 'string' } }, 'list'],
  [{ type: 'array', items: { type: 'object', properties: {} } }, 'list'],
  [{ type: 'array', items: {} }, 'json'],
  [{ type: 'object', properties: {} }, 'object'],
  [{ type: 'object' }, 'json'],
  [{ type: ['string', 'null'] }, 'json'],
  [{}, 'json'],
])('%j is drawn as %s', (schema, kind) => {
  expect(kindOf(schema)).toBe(kind);
});

test('changes one value and nothing else', () => {
  const before = { a: { b: [1, 2] }, c: true };
  expect(withValue(before, ['a', 'b', 1], 3)).toEqual({ a: { b: [1, 3] }, c: true });
  expect(withValue(before, ['a', 'b', 0], undefined)).toEqual({ a: { b: [2] }, c: true });
  expect(withValue(before, ['d', 'e'], 'x')).toEqual({ ...before, d: { e: 'x' } });
  expect(before).toEqual({ a: { b: [1, 2] }, c: true });
});

test('keys keep their order, and a cleared key goes', () => {
  expect(Object.keys(withValue({ a: 1, b: 2 }, ['a'], 5) as object)).toEqual(['a', 'b']);
  expect(withValue({ a: 1, b: 2 }, ['a'], undefined)).toEqual({ b: 2 });
});

test('a new list item starts with its default', () => {
  expect(blankOf({ type: 'string' })).toBe('');
  expect(blankOf({ type: 'integer', minimum: 6 })).toBe(6);
  expect(blankOf({ enum: ['windy', 'cwop'] })).toBe('windy');
  expect(blankOf({ type: 'object', properties: { id: { type: 'string' } } })).toEqual({});
  expect(blankOf({ type: 'number', default: 18 })).toBe(18);
});

test('puts the problems of the hub beside their fields', () => {
  const problems = [
    { path: 'plugins.upload.services[0].id', message: 'missing' },
    { path: 'plugins.upload.services[0].id', message: 'too short' },
    { path: 'plugins.upload', message: 'unknown key' },
    { path: 'timezone', message: 'unknown' },
  ];
  expect([...problemsByPath(problems, 'plugins.upload')]).toEqual([
    ['services.0.id', 'missing; too short'],
    ['', 'unknown key'],
    ['timezone', 'unknown'],
  ]);
});

test('labels a field by its title, else by its key', () => {
  expect(labelOf('poll_seconds', {})).toBe('Poll seconds');
  expect(labelOf('poll_seconds', { title: 'Rhythm' })).toBe('Rhythm');
});
