import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAccounts } from '../../../core/http/accounts.ts';
import { TooManyLogins } from '../../../core/http/login-guard.ts';
import { openHubStore } from '../../../core/support/store.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { openDocuments, silentLog } from './parts.ts';

const HOUR_MS = 3_600_000;

async function start(now = { ms: 0 }) {
  const documents = await openDocuments();
  const accounts = createAccounts({ documents, log: silentLog, now: () => now.ms });
  return { accounts, documents, now };
}

test('keeps neither passwords nor session secrets nor tokens as they are', async () => {
  const { accounts, documents } = await start();
  await accounts.addUser('ada', 'correct horse', 'admin');
  const { secret } = await accounts.login('ada', 'correct horse', '127.0.0.1');
  const token = await accounts.addToken('backup', 'viewer');
  const stored = JSON.stringify(['users', 'sessions', 'tokens'].map((space) => documents.list(space)));
  expect(stored).toContain('$argon2id$');
  for (const each of ['correct horse', secret, token]) expect(stored).not.toContain(each);
});

test('a session lasts until logout and at most thirty days', async () => {
  const { accounts, now } = await start();
  await accounts.addUser('ada', 'correct horse', 'viewer');
  const { secret } = await accounts.login('ada', 'correct horse', '127.0.0.1');
  expect(accounts.session(secret)).toMatchObject({ name: 'ada', role: 'viewer' });
  now.ms += 30 * 24 * HOUR_MS - 1;
  expect(accounts.session(secret)).toBeDefined();
  now.ms += 1;
  expect(accounts.session(secret)).toBeUndefined();

  const { secret: next } = await accounts.login('ada', 'correct horse', '127.0.0.1');
  await accounts.logout(accounts.session(next)!.key);
  expect(accounts.session(next)).toBeUndefined();
});

test('a new password ends the sessions of the old one and says so to what they opened', async () => {
  const { accounts } = await start();
  const ended: string[] = [];
  accounts.onEnd((key) => ended.push(key));
  await accounts.addUser('ada', 'correct horse', 'admin');
  const { secret } = await accounts.login('ada', 'correct horse', '127.0.0.1');
  const key = accounts.session(secret)!.key;
  await accounts.changeUser('ada', { password: 'battery staple' });
  expect(accounts.session(secret)).toBeUndefined();
  expect(ended).toEqual([key]);
  await expect(accounts.login('ada', 'correct horse', '127.0.0.1')).rejects.toMatchObject({ code: 'login_refused' });
});

test('an address that guesses waits, another one does not', async () => {
  const { accounts, now } = await start();
  await accounts.addUser('ada', 'correct horse', 'admin');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await expect(accounts.login('ada', 'wrong', '10.0.0.9')).rejects.toMatchObject({ code: 'login_refused' });
  }
  const refused = await accounts.login('ada', 'correct horse', '10.0.0.9').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TooManyLogins);
  expect((refused as TooManyLogins).retrySeconds).toBe(15 * 60);
  await expect(accounts.login('ada', 'correct horse', '10.0.0.8')).resolves.toBeDefined();
  now.ms += 15 * 60_000;
  await expect(accounts.login('ada', 'correct horse', '10.0.0.9')).resolves.toBeDefined();
});

test('one name cannot be guessed from many addresses', async () => {
  const { accounts } = await start();
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await accounts.login('nobody', 'wrong', `10.0.0.${attempt}`).catch(() => undefined);
  }
  await expect(accounts.login('nobody', 'wrong', '10.0.1.1')).rejects.toMatchObject({ code: 'too_many_logins' });
}, 60_000);

test('a link makes one account, within the hour', async () => {
  const { accounts, now } = await start();
  const link = accounts.createLink();
  const other = accounts.createLink();
  await expect(accounts.useLink(link, 'ada', 'short', '127.0.0.1')).rejects.toMatchObject({ code: 'password_short' });
  await expect(accounts.useLink(link, 'ada', 'correct horse', '127.0.0.1')).resolves.toMatchObject({
    user: { name: 'ada', role: 'admin' },
  });
  for (const used of [link, other]) {
    const again = accounts.useLink(used, 'eve', 'correct horse', '127.0.0.1');
    await expect(again).rejects.toMatchObject({ code: 'link_invalid' });
  }
  const late = accounts.createLink();
  now.ms += HOUR_MS;
  await expect(accounts.useLink(late, 'eve', 'correct horse', '127.0.0.1')).rejects.toMatchObject({
    code: 'link_invalid',
  });
});

test('of two who use a link at once, one gets an account', async () => {
  const { accounts } = await start();
  const link = accounts.createLink();
  const both = await Promise.allSettled(
    ['ada', 'eve'].map((name) => accounts.useLink(link, name, 'correct horse', '127.0.0.1')),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(accounts.users()).toHaveLength(1);
});

test('the last admin stays one', async () => {
  const { accounts } = await start();
  await accounts.addUser('ada', 'correct horse', 'admin');
  await accounts.addUser('guest', 'correct horse', 'viewer');
  await expect(accounts.removeUser('ada')).rejects.toMatchObject({ code: 'last_admin' });
  await expect(accounts.changeUser('ada', { role: 'viewer' })).rejects.toMatchObject({ code: 'last_admin' });
  await accounts.changeUser('guest', { role: 'admin' });
  await accounts.removeUser('ada');
  expect(accounts.users().map(({ name }) => name)).toEqual(['guest']);
});

test('the broker lets in who knows a password or holds a token', async () => {
  const { accounts } = await start();
  await accounts.addUser('ada', 'correct horse', 'admin');
  const token = await accounts.addToken('garden', 'viewer');
  expect(await accounts.verify('ada', 'correct horse', '192.0.2.7')).toEqual({
    kind: 'user',
    name: 'ada',
    role: 'admin',
  });
  expect(await accounts.verify('ada', 'wrong', '192.0.2.7')).toBeUndefined();
  expect(await accounts.verify('garden', token, '192.0.2.7')).toEqual({ kind: 'user', name: 'garden', role: 'viewer' });
  expect(await accounts.verify('ada', token, '192.0.2.7')).toBeUndefined();
  await accounts.removeToken('garden');
  expect(accounts.token(token)).toBeUndefined();
});

test('refuses names that could be mistaken in a log or on a topic', async () => {
  const { accounts } = await start();
  for (const name of ['', 'a b', 'a/b', 'a\nb', '-x', '#', 'x'.repeat(65)]) {
    await expect(accounts.addUser(name, 'correct horse', 'viewer')).rejects.toMatchObject({ code: 'user_name' });
  }
});

test('sessions and accounts are there again after a restart', async () => {
  const folder = await temporaryFolder();
  const first = await openHubStore(join(folder, 'hub.db'), silentLog);
  const before = createAccounts({ documents: first.documents, log: silentLog });
  await before.addUser('ada', 'correct horse', 'admin');
  const { secret } = await before.login('ada', 'correct horse', '127.0.0.1');
  await first.close();
  const after = createAccounts({ documents: await openDocuments(folder), log: silentLog });
  expect(after.session(secret)).toMatchObject({ name: 'ada', role: 'admin' });
});

test('MQTT clients of one address guess sixty times a minute at most; others are let in meanwhile', async () => {
  const { accounts, now } = await start();
  await accounts.addUser('ada', 'correct horse', 'admin');
  const guess = (password: string, address = '192.0.2.7') => accounts.verify('ada', password, address);
  for (let count = 0; count < 60; count += 1) expect(await guess('wrong')).toBeUndefined();
  await expect(guess('correct horse')).rejects.toThrow(TooManyLogins);
  expect(await guess('correct horse', '192.0.2.8')).toMatchObject({ name: 'ada' });
  now.ms += 60_000;
  expect(await guess('correct horse')).toMatchObject({ name: 'ada' });
});
