import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../../core/sdk/store.ts';
import { temporaryFolder } from '../../support/hub.ts';

const FIRST = 'CREATE TABLE reading (time INTEGER PRIMARY KEY, value REAL)';

test('applies migrations once, in order, and copies the file before it changes it', async () => {
  const file = join(await temporaryFolder(), 'store.db');
  const first = openStore(file, [FIRST]);
  first.prepare('INSERT INTO reading VALUES (1, 2.5)').run();
  first.close();
  expect(existsSync(`${file}.v1`)).toBe(false);

  const second = openStore(file, [FIRST, 'ALTER TABLE reading ADD COLUMN source TEXT']);
  expect(second.prepare('SELECT * FROM reading').all()).toEqual([{ time: 1, value: 2.5, source: null }]);
  expect(second.pragma('user_version', { simple: true })).toBe(2);
  second.close();

  const copy = openStore(`${file}.v1`, [FIRST]);
  expect(copy.prepare('SELECT * FROM reading').all()).toEqual([{ time: 1, value: 2.5 }]);
  copy.close();
});

test('a migration that fails leaves the file as it was', async () => {
  const file = join(await temporaryFolder(), 'store.db');
  openStore(file, [FIRST]).close();
  expect(() => openStore(file, [FIRST, 'CREATE TABLE other (a); INSERT INTO nowhere VALUES (1)'])).toThrow(/nowhere/);
  const again = openStore(file, [FIRST]);
  expect(again.pragma('user_version', { simple: true })).toBe(1);
  expect(again.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()).toEqual(['reading']);
  again.close();
});

test('a file of a later version is not touched', async () => {
  const file = join(await temporaryFolder(), 'store.db');
  openStore(file, [FIRST, 'CREATE TABLE other (a)']).close();
  expect(() => openStore(file, [FIRST])).toThrow(expect.objectContaining({ code: 'store_newer' }));
});

test('is durable at commit', async () => {
  const store = openStore(join(await temporaryFolder(), 'store.db'), [FIRST]);
  expect(store.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(store.pragma('synchronous', { simple: true })).toBe(2);
  store.close();
});
