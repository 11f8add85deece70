import type { Broker, Identity, TopicRules } from '../broker/contract.ts';
import type { ConfigFile } from '../config/contract.ts';
import type { PluginManager } from '../plugins/contract.ts';
import type { Recorder } from '../recorder/contract.ts';
import type { LogBook } from '../support/log-book.ts';
import type { Tls } from '../tls/tls.ts';

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
  readonly rules?: TopicRules;
}

/** A user that was changed; `mustLeave`: what it opened with its old password or role has to end. */
export interface UserChange {
  readonly name: string;
  readonly mustLeave: boolean;
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
  changeUser(
    name: string,
    change: { password?: string | undefined; role?: Role | undefined; rules?: TopicRules | undefined },
  ): Promise<UserRow>;
  /** @throws HubError `user_unknown` | `last_admin` */
  removeUser(name: string): Promise<void>;
  /**
   * For the broker: a user's name and password, or the name and text of a token.
   * @throws TooManyLogins when this address was wrong too often: looking at a password is slow on purpose
   */
  verify(name: string, password: string, address: string): Promise<Identity | undefined>;
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
  onUserChange(listener: (change: UserChange) => void): void;
}

/** The parts of the hub that HTTP shows. */
export interface HttpParts {
  readonly config: ConfigFile;
  readonly broker: Broker;
  readonly recorder: Recorder;
  readonly plugins: PluginManager;
  readonly accounts: Accounts;
  readonly logs: LogBook;
  readonly dataDir: string;
  /** For `http.tls`. */
  readonly tls?: Tls | undefined;
  /** The built page: `dist/web`. */
  readonly webFolder: string;
  readonly version: string;
}

export interface HttpServer {
  /**
   * Opens `http.listen` and `<data>/hub.sock`.
   * @throws HubError `http_open_without_accounts` | `port_busy` | `http_listen`
   */
  start(): Promise<void>;
  /** Ends every connection. */
  stop(): Promise<void>;
  /** `http://127.0.0.1:8484`, with the port really taken. */
  readonly url: string;
  /** The one-time link that creates an account, as a person opens it. */
  accountLink(): string;
}
