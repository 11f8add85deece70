import { HubError } from '../support/errors.ts';
import type { DocumentStore } from '../support/store.ts';
import type { Login, Role, UserRow } from './contract.ts';
import { digest, randomSecret } from './passwords.ts';

const SPACE = 'tokens';

/** Tokens for scripts, by the hash of their text. */
export class Tokens {
  readonly #documents: DocumentStore;
  readonly #ended: (key: string) => void;

  /** @param ended called with the key of every token that is removed */
  constructor(documents: DocumentStore, ended: (key: string) => void) {
    this.#documents = documents;
    this.#ended = ended;
  }

  list(): UserRow[] {
    return this.#documents.list<UserRow>(SPACE).map(([, token]) => token);
  }

  find(text: string): Login | undefined {
    const key = digest(text);
    const found = this.#documents.get<UserRow>(SPACE, key);
    return found && { name: found.name, role: found.role, key };
  }

  /** Answers the text. */
  async add(name: string, role: Role, created: number): Promise<string> {
    if (this.#keyOf(name)) throw new HubError('token_exists', `there is already a token ${name}`);
    // The prefix lets secret scanners know what they have found.
    const text = `cup_${randomSecret()}`;
    await this.#documents.put(SPACE, digest(text), { name, role, created } satisfies UserRow);
    return text;
  }

  async remove(name: string): Promise<void> {
    const key = this.#keyOf(name);
    if (!key) throw new HubError('token_unknown', `there is no token ${JSON.stringify(name)}`);
    const deleted = this.#documents.delete(SPACE, key);
    this.#ended(key);
    await deleted;
  }

  #keyOf(name: string): string | undefined {
    return this.#documents.list<UserRow>(SPACE).find(([, token]) => token.name === name)?.[0];
  }
}
