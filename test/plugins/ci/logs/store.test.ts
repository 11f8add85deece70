import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConsoleFeed } from '../../../../plugins/ci/logs/feed.ts';
import { LogStore, type LogStoreOptions } from '../../../../plugins/ci/logs/store.ts';
import type { ConsoleText, LogView } from '../../../../plugins/ci/view.ts';
import { temporaryFolder, waitFor } from '../../../support/hub.ts';

async function storeIn(change: Partial<LogStoreOptions> = {}) {
  const folder = await temporaryFolder();
  return { folder, store: new LogStore({ folder, keepDays: 10, keepMb: 100, maxMb: 100, ...change }) };
}

async function textOf(parts: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const part of parts ?? []) all.push(part);
  return Buffer.concat(all).toString();
}

const viewOf = async (store: LogStore, id: string): Promise<LogView> => {
  const view = await store.view(id);
  if (!view) throw new Error(`no log ${id}`);
  return view;
};

const BUILD = 'b'.repeat(32);

test('compresses a complete log so that zcat and any range agree with what was written', async () => {
  const { folder, store } = await storeIn();
  const log = await store.open(BUILD);
  const line = (index: number) => `${createHash('sha256').update(String(index)).digest('hex')}\n`;
  for (let part = 0; part < 50; part++) {
    await log.writer.write(Buffer.from(Array.from({ length: 1000 }, (_, index) => line(part * 1000 + index)).join('')));
  }
  const before = await viewOf(store, BUILD);
  expect(before.isComplete).toBe(false);
  const written = await textOf(before.read(0, before.size));
  await log.close();
  const view = await viewOf(store, BUILD);
  expect(view).toMatchObject({ isComplete: true, size: written.length });
  expect(await readdir(join(folder, BUILD))).toEqual(['console.log.gz', 'console.log.gz.index']);
  expect(execFileSync('zcat', [join(folder, BUILD, 'console.log.gz')], { maxBuffer: 1e8 }).toString() === written).toBe(
    true,
  );
  const edges = [
    0,
    1,
    1024 * 1024 - 1,
    1024 * 1024,
    1024 * 1024 + 1,
    3_000_000,
    written.length - 1,
    written.length,
    written.length + 5,
  ];
  for (const from of edges) {
    for (const to of edges)
      expect((await textOf(view.read(from, to))) === written.slice(from, Math.max(from, to))).toBe(true);
  }
});

test('follows a log to its end, also one that is there already', async () => {
  const { store } = await storeIn();
  const log = await store.open(BUILD);
  await log.writer.note('first');
  const never = new AbortController().signal;
  const following = textOf((await viewOf(store, BUILD)).follow(0, never));
  await log.writer.write(Buffer.from('second\nthird'));
  await log.close();
  const text = await following;
  expect(text.replaceAll(/^.{26}/gm, '')).toBe('[ci] first\nsecond\nthird\n[ci] No trailing newline\n');
  expect(await textOf((await viewOf(store, BUILD)).follow(10, never))).toBe(text.slice(10));
  const again = await store.open(BUILD);
  await again.writer.note('attempt 2');
  const abort = new AbortController();
  const endless = textOf((await viewOf(store, BUILD)).follow(text.length, abort.signal));
  abort.abort();
  expect(text.includes('attempt 2')).toBe(false);
  await endless;
  await again.close();
  expect(await textOf((await viewOf(store, BUILD)).read(0, 1e6))).toMatch(
    /third\n.*No trailing newline\n.*attempt 2\n$/,
  );
});

test('drops what a log has no room for, and says so', async () => {
  const { store } = await storeIn({ maxMb: 1 });
  const log = await store.open(BUILD);
  for (let part = 0; part < 40; part++) await log.writer.write(Buffer.alloc(64 * 1024, 'x'));
  await log.writer.note('exit code 0');
  await log.close();
  const view = await viewOf(store, BUILD);
  expect(view.size).toBeLessThan(1.2 * 1024 * 1024);
  expect((await textOf(view.read(view.size - 200, view.size))).replaceAll(/^.*\| /gm, '')).toContain(
    '[ci] The log has its 1 MB: further output is not kept\n[ci] exit code 0\n',
  );
});

test('finds no log by an id that names another place', async () => {
  const { store } = await storeIn();
  for (const id of ['../x', 'a/b', '.', '..', '', '/etc/passwd', 'a\0b', 'x'.repeat(200), '.hidden']) {
    await expect(store.view(id)).rejects.toThrow('no such log');
  }
  expect(await store.view(BUILD)).toBeUndefined();
});

test('removes what is too old or too much, and compresses what a crash left', async () => {
  const { folder, store } = await storeIn({ keepMb: 3 });
  const now = Date.now();
  for (const [id, days] of [
    ['old', 11],
    ['large', 3],
    ['middle', 2],
    ['young', 1],
  ] as const) {
    await mkdir(join(folder, id));
    await writeFile(join(folder, id, 'console.log'), 'text\n');
    await writeFile(join(folder, id, 'artifact'), Buffer.alloc(1.2 * 1024 * 1024));
    const time = new Date(now - days * 24 * 3600 * 1000);
    await utimes(join(folder, id, 'console.log'), time, time);
  }
  await store.prune(now);
  expect((await readdir(folder)).sort()).toEqual(['middle', 'young']);
  expect(await readdir(join(folder, 'young'))).toContain('console.log.gz');
  expect(await textOf((await viewOf(store, 'young')).read(0, 10))).toBe('text\n');
});

test('tells of whole lines with their offsets, and of the last part where there is too much', async () => {
  const told: ConsoleText[] = [];
  const feed = new ConsoleFeed((_log, text) => told.push(text));
  feed.append(BUILD, 0, Buffer.from('one\ntw'));
  feed.append(BUILD, 6, Buffer.from('o\nthr'));
  await waitFor('the first message', () => told.length > 0);
  expect(told).toEqual([{ offset: 0, text: 'one\ntwo\n' }]);
  await waitFor('the line that does not end', () => told.length > 1);
  expect(told[1]).toEqual({ offset: 8, text: 'thr' });
  feed.append(BUILD, 11, Buffer.from(`ee\n${'many lines\n'.repeat(10_000)}`));
  feed.end(BUILD);
  const last = told[2];
  expect(last?.text).toMatch(/^many lines\n/);
  expect(last?.text.length).toBeLessThan(33 * 1024);
  expect((last?.offset ?? 0) + (last?.text.length ?? 0)).toBe(14 + 110_000);
});
