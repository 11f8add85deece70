import { createHash, randomBytes } from 'node:crypto';
import type { Identity } from '../broker/contract.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { DocumentStore } from '../support/store.ts';
import { createLimiter, type Limiter } from './limiter.ts';

export type Role = 'admin' | 'viewer';

/** Who asks over HTTP. */
export interface User {
  readonly name: string;
  readonly role: Role;
}

/** A person who is logged in, or a script with a token. `key` names the session or token, so that it can be ended. */
export interface Login extends User {
  readonly key: string;
}

export interface UserRow extends User {
  /** Epoch ms. */
  readonly created: number;
}

export interface OpenedSession {
  readonly user: User;
  /** What the cookie carries; only its hash is kept. */
  readonly secret: string;
  /** How long it is valid, ms. */
  readonly maxAge: number;
}

/** The accounts of the hub: people with passwords, their sessions, tokens for scripts, one-time links. */
export interface Accounts {
  users(): readonly UserRow[];
  /** @throws HubError `user_exists` | `user_name` | `password_short` */
  addUser(name: string, password: string, role: Role): Promise<UserRow>;
  /** @throws HubError `user_unknown` | `last_admin` | `password_short` */
  changeUser(name: string, change: { password?: string | undefined; role?: Role | undefined }): Promise<UserRow>;
  /** @throws HubError `user_unknown` | `last_admin` */
  removeUser(name: string): Promise<void>;
  /** For the broker: a user's name and password, or the name and text of a token. */
  verify(name: string, password: string): Promise<Identity | undefined>;
  /**
   * Checks a password and opens a session.
   * @throws HubError `login_refused`, TooManyLogins
   */
  login(name: string, password: string, address: string): Promise<OpenedSession>;
  logout(key: string): Promise<void>;
  /** Who holds this session's secret, if it is still valid. */
  session(secret: string): Login | undefined;

  tokens(): readonly UserRow[];
  /** Answers the token's text, which cannot be read again. @throws HubError `token_exists` | `user_name` */
  addToken(name: string, role: Role): Promise<string>;
  /** @throws HubError `token_unknown` */
  removeToken(name: string): Promise<void>;
  token(text: string): Login | undefined;

  /** Makes a secret that creates one admin account within the hour. */
  createLink(): string;
  /** Uses such a secret up. @throws HubError `link_invalid` and those of addUser, TooManyLogins */
  useLink(secret: string, name: string, password: string, address: string): Promise<OpenedSession>;
  /** Calls back with the key of every session and token that ends before its time. */
  onEnd(listener: (key: string) => void): void;
}

/** Too many wrong passwords from one address or for one name. */
export class TooManyLogins extends HubError {
  constructor(readonly retrySeconds: number) {
    super('too_many_logins', `too many failed logins: try again in ${Math.ceil(retrySeconds / 60)} min`);
  }
}

const USERS = 'users';
const SESSIONS = 'sessions';
const TOKENS = 'tokens';
const SESSION_MS = 30 * 24 * 3_600_000;
const LINK_MS = 3_600_000;
const SHORTEST_PASSWORD = 8;
/** A name may become part of a log line and of an MQTT user property. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/;
/** Wrong passwords within a quarter of an hour; more for a name, so that a stranger cannot lock its owner out easily. */
const WINDOW_MS = 15 * 60_000;
const FAILURES_PER_ADDRESS = 10;
const FAILURES_PER_NAME = 50;

interface StoredUser {
  readonly role: Role;
  readonly hash: string;
  readonly created: number;
}
interface StoredSession {
  readonly user: string;
  readonly expires: number;
}
interface StoredToken {
  readonly name: string;
  readonly role: Role;
  readonly created: number;
}

export interface AccountsOptions {
  readonly documents: DocumentStore;
  readonly log: Logger;
  readonly now?: () => number;
}

export function createAccounts({ documents, log, now = Date.now }: AccountsOptions): Accounts {
  const byAddress = createLimiter(FAILURES_PER_ADDRESS, WINDOW_MS, now);
  const byName = createLimiter(FAILURES_PER_NAME, WINDOW_MS, now);
  const links = new Map<string, number>();
  const endListeners: ((key: string) => void)[] = [];

  const stored = (name: string): StoredUser => {
    const user = documents.get<StoredUser>(USERS, name);
    if (!user) throw new HubError('user_unknown', `there is no user ${JSON.stringify(name)}`);
    return user;
  };
  const notStored = (error: unknown) => log.warn(`a session was not stored: ${errorText(error)}`);
  const toRow = (name: string, { role, created }: StoredUser | StoredToken): UserRow => ({ name, role, created });

  const end = async (space: string, key: string) => {
    const deleted = documents.delete(space, key);
    for (const listener of endListeners) listener(key);
    await deleted;
  };
  const endSessionsOf = async (name: string) => {
    const own = documents.list<StoredSession>(SESSIONS).filter(([, session]) => session.user === name);
    await Promise.all(own.map(([key]) => end(SESSIONS, key)));
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
    if (documents.get(USERS, name)) throw new HubError('user_exists', `there is already a user ${name}`);
    await documents.put(USERS, name, user);
    log.info(`user ${name} was added (${role})`);
    return toRow(name, user);
  };

  // Nobody waits for sessions to be on disk: a full one must not keep out who comes to see what is wrong.
  const openSession = (name: string): OpenedSession => {
    const old = documents.list<StoredSession>(SESSIONS).filter(([, session]) => session.expires <= now());
    for (const [key] of old) end(SESSIONS, key).catch(notStored);
    const secret = randomBytes(32).toString('base64url');
    const session: StoredSession = { user: name, expires: now() + SESSION_MS };
    documents.put(SESSIONS, digest(secret), session).catch(notStored);
    return { secret, user: { name, role: stored(name).role }, maxAge: SESSION_MS };
  };

  const token = (text: string): Login | undefined => {
    const key = digest(text);
    const found = documents.get<StoredToken>(TOKENS, key);
    return found && { name: found.name, role: found.role, key };
  };

  return {
    users: () => documents.list<StoredUser>(USERS).map(([name, user]) => toRow(name, user)),
    addUser,

    async changeUser(name, { password, role }) {
      const user = stored(name);
      if (role === 'viewer') checkStaysAdministered(name);
      if (password !== undefined) checkPassword(password);
      const hash = password === undefined ? user.hash : await hashPassword(password);
      const changed: StoredUser = { ...user, hash, role: role ?? user.role };
      await documents.put(USERS, name, changed);
      await endSessionsOf(name);
      log.info(`user ${name} was changed (${changed.role}${password === undefined ? '' : ', new password'})`);
      return toRow(name, changed);
    },

    async removeUser(name) {
      stored(name);
      checkStaysAdministered(name);
      await documents.delete(USERS, name);
      await endSessionsOf(name);
      log.info(`user ${name} was removed`);
    },

    async verify(name, password) {
      const bearer = token(password);
      if (bearer?.name === name) return { kind: 'user', name, role: bearer.role };
      const user = documents.get<StoredUser>(USERS, name);
      const isRight = await isPassword(password, user?.hash);
      return user && isRight ? { kind: 'user', name, role: user.role } : undefined;
    },

    async login(name, password, address) {
      spend(byAddress, address);
      spend(byName, name);
      const user = documents.get<StoredUser>(USERS, name);
      if (!(await isPassword(password, user?.hash))) {
        log.warn(`a login was refused: wrong name or password, from ${address}`);
        throw new HubError('login_refused', 'wrong name or password');
      }
      byAddress.forgive(address);
      byName.forgive(name);
      return openSession(name);
    },

    logout: (key) => end(SESSIONS, key),

    session(secret) {
      const key = digest(secret);
      const found = documents.get<StoredSession>(SESSIONS, key);
      const user = found && found.expires > now() ? documents.get<StoredUser>(USERS, found.user) : undefined;
      return found && user && { name: found.user, role: user.role, key };
    },

    tokens: () => documents.list<StoredToken>(TOKENS).map(([, each]) => toRow(each.name, each)),

    async addToken(name, role) {
      checkName(name);
      if (documents.list<StoredToken>(TOKENS).some(([, each]) => each.name === name)) {
        throw new HubError('token_exists', `there is already a token ${name}`);
      }
      const text = `cup_${randomBytes(32).toString('base64url')}`;
      await documents.put(TOKENS, digest(text), { name, role, created: now() } satisfies StoredToken);
      log.info(`token ${name} was added (${role})`);
      return text;
    },

    async removeToken(name) {
      const found = documents.list<StoredToken>(TOKENS).find(([, each]) => each.name === name);
      if (!found) throw new HubError('token_unknown', `there is no token ${JSON.stringify(name)}`);
      await end(TOKENS, found[0]);
      log.info(`token ${name} was removed`);
    },

    token,

    createLink() {
      const secret = randomBytes(32).toString('base64url');
      links.set(digest(secret), now() + LINK_MS);
      return secret;
    },

    async useLink(secret, name, password, address) {
      spend(byAddress, address);
      const key = digest(secret);
      if ((links.get(key) ?? 0) <= now()) {
        throw new HubError(
          'link_invalid',
          'this link was used or is older than an hour: `cupboard users link` makes another',
        );
      }
      checkName(name);
      checkPassword(password);
      // Taken before anything is awaited: of two who use it at once, one gets the account. The others end with it,
      // so that no link lies about that its owner has forgotten.
      const others = new Map(links);
      links.clear();
      try {
        await addUser(name, password, 'admin');
      } catch (error) {
        for (const [each, expires] of others) links.set(each, expires);
        throw error;
      }
      byAddress.forgive(address);
      return openSession(name);
    },

    onEnd(listener) {
      endListeners.push(listener);
    },
  };
}

function spend(limiter: Limiter, key: string): void {
  const retryMs = limiter.spend(key);
  if (retryMs > 0) throw new TooManyLogins(Math.ceil(retryMs / 1000));
}

function checkName(name: string): void {
  if (!NAME.test(name)) {
    throw new HubError(
      'user_name',
      'expected a name of 1 to 64 letters, digits and . _ @ -, starting with a letter or digit',
    );
  }
}

function checkPassword(password: string): void {
  if (password.length < SHORTEST_PASSWORD) {
    throw new HubError('password_short', `expected a password of ${SHORTEST_PASSWORD} characters or more`);
  }
}

/** Secrets of 256 random bits need no salt and no slow hash: nobody can try them all. */
function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

async function hashPassword(password: string): Promise<string> {
  const argon2 = await import('@node-rs/argon2');
  return argon2.hash(password);
}

let hashOfNobody: Promise<string> | undefined;

/** Takes equally long when there is no such user, so that names cannot be found out by the clock. */
async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const argon2 = await import('@node-rs/argon2');
  hashOfNobody ??= hashPassword(randomBytes(32).toString('base64url'));
  const isRight = await argon2.verify(hash ?? (await hashOfNobody), password);
  return isRight && hash !== undefined;
}
