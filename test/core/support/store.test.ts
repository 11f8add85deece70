import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { GroupCommit } from '../../../core/support/group-commit.ts';
import { createLogger } from '../../../core/support/log.ts';
import { openHubStore } from '../../../core/support/store.ts';
import type { StoreRequest } from '../../../core/support/store-schema.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';

async function open(file: string) {
  const lines: string[] = [];
  const store = await openHubStore(
    file,
    createLogger('hub', ({ message }) => lines.push(message)),
  );
  onTestFinished(() => store.close());
  return { store, lines };
}

test('documents are durable when put resolves', async () => {
  const file = join(await temporaryFolder(), 'hub.db');
  const { store } = await open(file);
  await store.documents.put('users', 'ada', { role: 'admin' });
  await store.documents.put('users', 'bob', { role: 'viewer' });
  await store.documents.delete('users', 'bob');
  expect(store.documents.list('users')).toEqual([['ada', { role: 'admin' }]]);
  const reader = new Database(file, { readonly: true });
  expect(reader.prepare('SELECT space, key, value FROM documents').all()).toEqual([
    { space: 'users', key: 'ada', value: '{"role":"admin"}' },
  ]);
  reader.close();
});

test('a reader cannot change the mirror behind the store', async () => {
  const { store } = await open(join(await temporaryFolder(), 'hub.db'));
  await store.documents.put('plugins', 'acurite', { enabled: true });
  const read = store.documents.get<{ enabled: boolean }>('plugins', 'acurite');
  if (read) read.enabled = false;
  expect(store.documents.get('plugins', 'acurite')).toEqual({ enabled: true });
});

test('a damaged hub.db is moved aside, said so, and the hub starts', async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'hub.db'), 'this is not a database'.repeat(500));
  const { store, lines } = await open(join(folder, 'hub.db'));
  await store.documents.put('a', 'b', 1);
  expect(lines.join()).toContain('is damaged');
  expect(readdirSync(folder).filter((name) => name.startsWith('hub.db.damaged-'))).toHaveLength(1);
});

test('a hub.db of a newer Cupboard is left alone', async () => {
  const file = join(await temporaryFolder(), 'hub.db');
  const newer = new Database(file);
  newer.pragma('user_version = 999');
  newer.close();
  await expect(open(file)).rejects.toMatchObject({ code: 'store_newer' });
});

/** A group commit whose worker is the test. */
function commitByHand() {
  const sent: StoreRequest[] = [];
  const lines: string[] = [];
  const commit = new GroupCommit(
    (request) => sent.push(request),
    createLogger('hub', ({ message }) => lines.push(message)),
  );
  return { commit, sent, lines };
}

test('what is written while a batch is under way shares the next commit', async () => {
  const { commit, sent } = commitByHand();
  const released: string[] = [];
  commit.write('deleteWill', ['a']);
  commit.whenDurable(() => released.push('first'));
  await waitFor('the first batch', () => sent.length === 1);
  commit.write('deleteWill', ['b']);
  commit.whenDurable(() => released.push('second'));
  commit.write('putWill', ['c', new Uint8Array()], 'will:c');
  commit.write('deleteWill', ['c'], 'will:c');
  expect(released).toEqual([]);
  commit.answered({ kind: 'committed' });
  expect(released).toEqual(['first']);
  await waitFor('the second batch', () => sent.length === 2);
  expect(sent[1]).toEqual({
    kind: 'commit',
    sync: true,
    writes: [
      ['deleteWill', 'b'],
      ['deleteWill', 'c'],
    ],
  });
});

test('nothing is released while the disk is full, and everything when there is room again', async () => {
  const { commit, sent, lines } = commitByHand();
  let isReleased = false;
  commit.write('deleteWill', ['a']);
  commit.whenDurable(() => {
    isReleased = true;
  });
  await waitFor('the batch', () => sent.length === 1);
  commit.answered({ kind: 'failed', code: 'SQLITE_FULL', message: 'database or disk is full' });
  expect(commit.problem).toBe('disk full');
  await waitFor('the second attempt', () => sent.length === 2);
  expect(sent[1]).toEqual(sent[0]);
  expect(isReleased).toBe(false);
  commit.answered({ kind: 'committed' });
  expect(isReleased).toBe(true);
  expect(commit.problem).toBeUndefined();
  expect(lines).toHaveLength(2);
});

test('what nobody waits for is synced a moment later', async () => {
  const { commit, sent } = commitByHand();
  commit.write('deleteWill', ['a']);
  await waitFor('the batch', () => sent.length === 1);
  expect(sent[0]).toMatchObject({ sync: false });
  commit.answered({ kind: 'committed' });
  await waitFor('the sync', () => sent.length === 2);
  expect(sent[1]).toEqual({ kind: 'commit', sync: true, writes: [] });
});
