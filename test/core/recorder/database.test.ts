import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../core/recorder/database.ts';
import { packageRoot } from '../../../core/support/paths.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { keepingLog, readRows } from './support.ts';

const V1 = 'CREATE TABLE readings_v1 (time INTEGER, value REAL)';
const V2 = 'ALTER TABLE readings_v1 RENAME TO readings_v2';
const V3 = 'ALTER TABLE readings_v2 ADD COLUMN unit TEXT';

const newFile = async () => join(await temporaryFolder(), 'recorder.db');

function open(file: string, migrations?: readonly string[]) {
  const { log, entries } = keepingLog();
  const database = openDatabase(file, log, migrations);
  onTestFinished(() => void database.close());
  return { database, entries };
}

/** A file of version 1 with a row in it. */
async function oldFile(): Promise<string> {
  const file = await newFile();
  const { database } = open(file, [V1]);
  database.exec('INSERT INTO readings_v1 VALUES (1, 21.5)');
  database.close();
  return file;
}

test('a new file is durable at commit and can give space back', async () => {
  const { database } = open(await newFile());
  const pragma = (name: string) => database.pragma(name, { simple: true });
  expect([pragma('journal_mode'), pragma('synchronous'), pragma('auto_vacuum')]).toEqual(['wal', 2, 2]);
});

test('an older file is brought up to date, after a copy', async () => {
  const file = await oldFile();
  const { database, entries } = open(file, [V1, V2, V3]);
  expect(database.prepare('SELECT * FROM readings_v2').all()).toEqual([{ time: 1, value: 21.5, unit: null }]);
  expect(database.pragma('user_version', { simple: true })).toBe(3);
  expect(readRows(`${file}.version-1`, 'SELECT * FROM readings_v1')).toEqual([{ time: 1, value: 21.5 }]);
  expect(entries).toHaveLength(1);
});

test('a file of today is opened without a copy', async () => {
  const file = await oldFile();
  open(file, [V1]);
  expect(existsSync(`${file}.version-1`)).toBe(false);
});

test('a migration that fails half way leaves the file as it was', async () => {
  const file = await oldFile();
  expect(() => open(file, [V1, V2, 'INSERT INTO nowhere VALUES (1)'])).toThrow('nowhere');
  expect(readRows(file, 'SELECT * FROM readings_v1')).toEqual([{ time: 1, value: 21.5 }]);
  const { database } = open(file, [V1, V2, V3]);
  expect(database.prepare('SELECT value FROM readings_v2').pluck().get()).toBe(21.5);
});

test('a file written by a newer hub is kept aside', async () => {
  const file = await oldFile();
  open(file, [V1, V2, V3]).database.close();
  const { database, entries } = open(file, [V1]);
  expect(database.prepare('SELECT * FROM readings_v1').all()).toEqual([]);
  const aside = readdirSync(dirname(file)).find((name) => name.startsWith('recorder.db.version-3-'));
  expect(readRows(join(dirname(file), aside ?? ''), 'SELECT value FROM readings_v2')).toEqual([{ value: 21.5 }]);
  expect(entries[0]?.message).toMatch('written by a newer hub');
});

test.each(['readings', 'hourly', 'daily'])('the view %s has the columns the README tells of', async (view) => {
  const row = readFileSync(join(packageRoot, 'README.md'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| \`${view}\` |`));
  const told = [...(row?.split('|')[3] ?? '').matchAll(/`(\w+)`/g)].map(([, column]) => column);
  const { database } = open(await newFile());
  expect(told).toEqual(database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(view));
});
