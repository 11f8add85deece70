import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LogEntry } from '../../../core/support/log.ts';
import { createLogBook, formatLine } from '../../../core/support/log-book.ts';
import { temporaryFolder } from '../../support/hub.ts';

async function openBook(options: { folder?: string; maxFileBytes?: number } = {}) {
  const folder = options.folder ?? (await temporaryFolder());
  const printed: string[] = [];
  let time = Date.UTC(2026, 10, 22, 18, 15, 28);
  const book = createLogBook({ ...options, folder, print: (line) => void printed.push(line), now: () => time });
  onTestFinished(() => book.close());
  const file = async (name: string) =>
    (await readFile(join(folder, name), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as LogEntry);
  const later = (ms: number) => {
    time += ms;
  };
  return { book, folder, printed, file, later };
}

test('a line goes to stderr, to its file, to memory and to listeners', async () => {
  const { book, printed, file } = await openBook();
  const heard: LogEntry[] = [];
  const end = book.onEntry((entry) => heard.push(entry));
  book.logger('acurite').warn('no report for 60 s');
  end();
  book.logger('acurite').info('reports again');
  await book.close();
  expect(printed[0]).toBe('2026-11-22 18:15:28 WARN  acurite: no report for 60 s\n');
  expect(await file('acurite.log')).toEqual(book.query());
  expect(heard.map((entry) => entry.message)).toEqual(['no report for 60 s']);
});

test('debug lines are kept only where they are asked for', async () => {
  const { book } = await openBook();
  book.setLevels({ acurite: 'debug', weather: 'error' });
  for (const plugin of ['acurite', 'weather', 'hub']) {
    book.logger(plugin).debug('d');
    book.logger(plugin).info('i');
    book.logger(plugin).error('e');
  }
  const kept = (plugin: string) => book.query({ plugin }).map((entry) => entry.message);
  expect([kept('acurite'), kept('weather'), kept('hub')]).toEqual([['d', 'i', 'e'], ['e'], ['i', 'e']]);
});

test('answers by plugin, level and limit, the oldest of the newest first', async () => {
  const { book, later } = await openBook();
  for (let n = 0; n < 5; n += 1) {
    book.logger(n % 2 ? 'odd' : 'even').info(String(n));
    later(1);
  }
  book.logger('odd').error('bad');
  const messages = (query: object) => book.query(query).map((entry) => entry.message);
  expect(messages({ limit: 3 })).toEqual(['3', '4', 'bad']);
  expect(messages({ plugin: 'even' })).toEqual(['0', '2', '4']);
  expect(messages({ level: 'error' })).toEqual(['bad']);
  expect(messages({ plugin: '../hub' })).toEqual([]);
});

test('lines from before a restart are still there', async () => {
  const first = await openBook();
  first.book.logger('acurite').info('before');
  await first.book.close();
  await writeFile(join(first.folder, 'acurite.log'), '{"time":1,"lev', { flag: 'a' });
  const { book } = await openBook({ folder: first.folder });
  expect(book.query().map((entry) => entry.message)).toEqual(['before']);
});

test('hides secrets everywhere, also those that change', async () => {
  const { book, printed, file } = await openBook();
  book.hide('secrets.yaml', ['0ld-key']);
  book.hide('token', ['t0ken']);
  book.hide('secrets.yaml', ['new-key']);
  book.logger('upload').error('0ld-key new-key t0ken');
  await book.close();
  expect(printed.join('')).toContain('upload: 0ld-key ••• •••');
  expect((await file('upload.log'))[0]?.message).toBe('0ld-key ••• •••');
});

test('a flood costs the flooder lines and nobody else', async () => {
  const { book, later } = await openBook();
  for (let n = 0; n < 5000; n += 1) book.logger('noisy').info(String(n));
  book.logger('quiet').info('heard');
  later(1000);
  book.logger('noisy').info('calm');
  expect(book.query({ plugin: 'quiet' })).toHaveLength(1);
  expect(
    book
      .query({ plugin: 'noisy' })
      .slice(-2)
      .map((entry) => entry.message),
  ).toEqual(['4000 lines left out: more than 100 a second', 'calm']);
});

test('files turn over at their size and the oldest go', async () => {
  const { book, folder, file, later } = await openBook({ maxFileBytes: 2000 });
  for (let n = 0; n < 20; n += 1) {
    book.logger('acurite').info(`${n} ${'x'.repeat(900)}`);
    await book.close();
    later(1000);
  }
  expect((await readdir(folder)).sort()).toEqual(['acurite.1.log', 'acurite.2.log', 'acurite.3.log', 'acurite.log']);
  const newest = (await file('acurite.log')).at(-1)?.message ?? (await file('acurite.1.log')).at(-1)?.message;
  expect(newest).toMatch(/^19 /);
});

test('a file that cannot be written is said once and stops nobody', async () => {
  const { book, folder, printed } = await openBook();
  await writeFile(join(folder, 'in-the-way'), '');
  book.logger('in-the-way/x').info('one');
  await book.close();
  book.logger('in-the-way/x').info('two');
  await book.close();
  expect(printed.filter((line) => line.includes('cannot write'))).toHaveLength(1);
  expect(book.query({ plugin: 'in-the-way/x' })).toHaveLength(2);
});

test('a line cannot steer the terminal', () => {
  const entry = { time: 0, level: 'info', plugin: 'x', message: 'a\u001b[2Jb\rc\nd' } as const;
  expect(formatLine(entry)).toBe('1970-01-01 00:00:00 INFO  x: a?[2Jb?c\n    d');
});
