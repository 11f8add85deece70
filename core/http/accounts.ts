import type { TopicRules } from '../broker/contract.ts';
import { HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { DocumentStore } from '../support/store.ts';
import type { Accounts, OpenedSession, Role, User, UserChange, UserRow } from './contract.ts';
import { Links } from './links.ts';
import { createLimiter, createLoginGuard, TooManyLogins } from './login-guard.ts';
import { checkPassword, hashPassword, isPassword } from './passwords.ts';
import { SESSION_MS, Sessions } from './sessions.ts';
import { Tokens } from './tokens.ts';

interface StoredUser {
  readonly role: Role;
  /** argon2id, in PHC form. */
  readonly hash: string;
  readonly created: number;
  readonly rules?: TopicRules;
}

const USERS = 'users';
/** Wrong passwords of MQTT clients from one address; many of them may come back at once after a power cut. */
const CLIENT_FAILURES = 60;
const CLIENT_WINDOW_MS = 60_000;
/** A name may become part of a log line and of an MQTT user property. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/;

export interface AccountsOptions {
  readonly documents: DocumentStore;
  readonly log: Logger;
  readonly now?: () => number;
}

export function createAccounts({ documents, log, now = Date.now }: AccountsOptions): Accounts {
  const listeners: ((key: string) => void)[] = [];
  const userListeners: ((change: UserChange) => void)[] = [];
  const told = (change: UserChange) => {
    for (const listener of userListeners) listener(change);
  };
  const ended = (key: string) => {
    for (const listener of listeners) listener(key);
  };
  const sessions = new Sessions({ documents, log, now, ended });
  const tokens = new Tokens(documents, ended);
  const links = new Links(now);
  const guard = createLoginGuard(now);
  const clientLogins = createLimiter(CLIENT_FAILURES, CLIENT_WINDOW_MS, now);

  const find = (name: string) => documents.get<StoredUser>(USERS, name);
  const existing = (name: string): StoredUser => {
    const user = find(name);
    if (!user) throw new HubError('user_unknown', `there is no user ${JSON.stringify(name)}`);
    return user;
  };
  const checkStaysAdministered = (name: string) => {
    const admins = documents.list<StoredUser>(USERS).filter(([, user]) => user.role === 'admin');
    if (admins.length === 1 && admins[0]?.[0] === name) {
      throw new HubError('last_admin', `${name} is the only admin: make another one first`);
    }
  };
  const addUser = async (name: string, password: string, role: Role) => {
    checkName(name);
    checkPassword(password);
    const user: StoredUser = { role, hash: await hashPassword(password), created: now() };
    // Checked after the slow hash, so that of two at once only one gets the name.
    if (find(name)) throw new HubError('user_exists', `there is already a user ${name}`);
    await documents.put(USERS, name, user);
    log.info(`user ${name} was added (${role})`);
    return toRow(name, user);
  };
  const open = ({ name, role }: User): OpenedSession => ({
    secret: sessions.open(name),
    user: { name, role },
    maxAge: SESSION_MS,
  });

  return {
    users: () => documents.list<StoredUser>(USERS).map(([name, user]) => toRow(name, user)),
    addUser,

    async changeUser(name, { password, role, rules }) {
      if (password !== undefined) checkPassword(password);
      const hash = password === undefined ? undefined : await hashPassword(password);
      const user = existing(name);
      if (role === 'viewer') checkStaysAdministered(name);
      const changed: StoredUser = {
        ...user,
        hash: hash ?? user.hash,
        role: role ?? user.role,
        ...(rules && { rules }),
      };
      const isOther = hash !== undefined || changed.role !== user.role;
      await Promise.all([documents.put(USERS, name, changed), isOther && sessions.endAllOf(name)]);
      told({ name, mustLeave: isOther });
      log.info(`user ${name} was changed (${changed.role}${hash === undefined ? '' : ', new password'})`);
      return toRow(name, changed);
    },

    async removeUser(name) {
      existing(name);
      checkStaysAdministered(name);
      await Promise.all([documents.delete(USERS, name), sessions.endAllOf(name)]);
      told({ name, mustLeave: true });
      log.info(`user ${name} was removed`);
    },

    async verify(name, password, address) {
      const token = tokens.find(password);
      if (token?.name === name) return { kind: 'user', name, role: token.role };
      const waitMs = clientLogins.spend(address);
      if (waitMs > 0) throw new TooManyLogins(waitMs / 1000);
      const user = find(name);
      if (!(await isPassword(password, user?.hash)) || !user) return undefined;
      clientLogins.forgive(address);
      return { kind: 'user', name, role: user.role };
    },

    async login(name, password, address) {
      guard.attempt(address, name);
      if (!(await isPassword(password, find(name)?.hash))) {
        log.warn(`a login was refused: wrong name or password, from ${address}`);
        throw new HubError('login_refused', 'wrong name or password');
      }
      guard.succeeded(address, name);
      return open({ name, role: existing(name).role });
    },

    logout: (key) => sessions.end(key),

    session(secret) {
      const session = sessions.find(secret);
      const user = session && find(session.user);
      return session && user && { name: session.user, role: user.role, key: session.key };
    },

    tokens: () => tokens.list(),

    async addToken(name, role) {
      checkName(name);
      const text = await tokens.add(name, role, now());
      log.info(`token ${name} was added (${role})`);
      return text;
    },

    async removeToken(name) {
      await tokens.remove(name);
      told({ name, mustLeave: true });
      log.info(`token ${name} was removed`);
    },

    token: (text) => tokens.find(text),

    createLink: () => links.create(),

    async useLink(secret, name, password, address) {
      guard.attempt(address, name);
      const user = await links.use(secret, () => addUser(name, password, 'admin'));
      guard.succeeded(address, name);
      return open(user);
    },

    onEnd: (listener) => void listeners.push(listener),
    onUserChange: (listener) => void userListeners.push(listener),
  };
}

const toRow = (name: string, { role, created, rules }: StoredUser): UserRow => {
  return { name, role, created, ...(rules && { rules }) };
};

function checkName(name: string): void {
  if (NAME.test(name)) return;
  const expected = '1 to 64 letters, digits and . _ @ -, starting with a letter or digit';
  throw new HubError('user_name', `expected a name of ${expected}`);
}
