import { expect, test } from 'vitest';
import { createAjv } from '../../../core/config/ajv.ts';
import { editDistance, nearMiss } from '../../../core/config/near-miss.ts';
import { toProblems } from '../../../core/config/problems.ts';

function problemsOf(schema: object, value: unknown): string[] {
  const validate = createAjv().compile(schema);
  validate(value);
  return toProblems(validate.errors ?? [], 'plugins.x').map(({ path, message }) => `${path}: ${message}`);
}

test('names the range expected and the value that came', () => {
  const schema = { type: 'object', properties: { poll: { type: 'integer', minimum: 6, maximum: 60 } } };
  expect(problemsOf(schema, { poll: 'soon' })).toEqual([
    'plugins.x.poll: expected an integer from 6 to 60, got "soon"',
  ]);
  expect(problemsOf(schema, { poll: 3 })).toEqual(['plugins.x.poll: expected an integer from 6 to 60, got 3']);
});

test('lists every problem, each once', () => {
  const schema = {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string' },
      mode: { enum: ['auto', 'hidraw'] },
      zone: { type: 'string', format: 'timezone' },
    },
  };
  expect(problemsOf(schema, { mode: 'hidrow', paht: 'x', zone: 'Europe/Berlni' })).toEqual([
    'plugins.x.path: missing: expected text; did you mean "paht"?',
    'plugins.x.paht: unknown key; did you mean "path"?',
    'plugins.x.mode: expected one of auto, hidraw, got "hidrow"; did you mean "hidraw"?',
    'plugins.x.zone: expected the name of a time zone, such as Europe/Berlin, got "Europe/Berlni"',
  ]);
});

test('says what could stand there when no known key is near', () => {
  const schema = { type: 'object', additionalProperties: false, properties: { path: {}, mode: {} } };
  expect(problemsOf(schema, { colour: 1 })).toEqual(['plugins.x.colour: unknown key: expected one of path, mode']);
});

test('never shows a password', () => {
  const schema = { type: 'object', properties: { key: { type: 'string', format: 'password', minLength: 20 } } };
  const [problem] = problemsOf(schema, { key: 'hunter2' });
  expect(problem).not.toContain('hunter2');
  expect(problem).toContain('plugins.x.key: expected text');
});

test('says one thing about a value that fits no alternative', () => {
  const schema = {
    properties: { at: { description: 'a time or a count', anyOf: [{ type: 'number' }, { type: 'boolean' }] } },
  };
  expect(problemsOf(schema, { at: 'noon' })).toEqual(['plugins.x.at: expected a time or a count, got "noon"']);
});

test('knows topic filters', () => {
  const schema = { properties: { topic: { type: 'string', format: 'topic-filter' } } };
  for (const good of ['#', 'a', '+/b', 'a/+/b/#', '/a']) expect(problemsOf(schema, { topic: good })).toEqual([]);
  for (const bad of ['', 'a#', 'a/#/b', 'a+/b', 'a\0']) expect(problemsOf(schema, { topic: bad })).toHaveLength(1);
});

test('finds the word that was meant', () => {
  expect(nearMiss('lsiten', ['listen', 'anonymous'])).toBe('listen');
  expect(nearMiss('latitud', ['longitude', 'latitude'])).toBe('latitude');
  expect(nearMiss('colour', ['path', 'mode'])).toBeUndefined();
  expect(editDistance('ab', 'ba')).toBe(1);
});
