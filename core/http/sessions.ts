import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { DocumentStore } from '../support/store.ts';
import { digest, randomSecret } from './passwords.ts';

interface StoredSession {
  readonly user: string;
  readonly expires: number;
}

const SPACE = 'sessions';
export const SESSION_MS = 30 * 24 * 3_600_000;

export interface SessionsOptions {
  readonly documents: DocumentStore;
  readonly log: Logger;
  readonly now: () => number;
  /** Called with the key of every session that ends before its time. */
  readonly ended: (key: string) => void;
}

/** Who is logged in, by the hash of what the cookie carries. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /**
   * Answers the cookie's secret. Nobody waits for it to be on disk: a full one must not keep out who comes to see what
   * is wrong.
   */
  open(user: string): string {
    const { documents, log, now } = this.#options;
    const failed = (error: unknown) => log.warn(`a session was not stored: ${errorText(error)}`);
    for (const [key, { expires }] of this.#list()) if (expires <= now()) this.end(key).catch(failed);
    const secret = randomSecret();
    const session: StoredSession = { user, expires: now() + SESSION_MS };
    documents.put(SPACE, digest(secret), session).catch(failed);
    return secret;
  }

  find(secret: string): { readonly key: string; readonly user: string } | undefined {
    const key = digest(secret);
    const found = this.#options.documents.get<StoredSession>(SPACE, key);
    return found && found.expires > this.#options.now() ? { key, user: found.user } : undefined;
  }

  async end(key: string): Promise<void> {
    const deleted = this.#options.documents.delete(SPACE, key);
    this.#options.ended(key);
    await deleted;
  }

  async endAllOf(user: string): Promise<void> {
    const own = this.#list().filter(([, session]) => session.user === user);
    await Promise.all(own.map(([key]) => this.end(key)));
  }

  #list() {
    return this.#options.documents.list<StoredSession>(SPACE);
  }
}
