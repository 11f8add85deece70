import { HubError } from '../support/errors.ts';
import { digest, randomSecret } from './passwords.ts';

const LINK_MS = 3_600_000;

/** One-time links, in memory only: a hub that starts again prints another. */
export class Links {
  #expiries = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  create(): string {
    const secret = randomSecret();
    this.#expiries.set(digest(secret), this.#now() + LINK_MS);
    return secret;
  }

  /**
   * Does what the link is for. It is used up before the work begins, so of two who come at once one gets it; the other
   * links end with it, so that none lies about that its owner has forgotten. When the work fails they are there again.
   * @throws HubError `link_invalid`
   */
  async use<T>(secret: string, work: () => Promise<T>): Promise<T> {
    if ((this.#expiries.get(digest(secret)) ?? 0) <= this.#now()) {
      const advice = '`cupboard users link` makes another';
      throw new HubError('link_invalid', `this link was used or is older than an hour: ${advice}`);
    }
    const before = this.#expiries;
    this.#expiries = new Map();
    try {
      return await work();
    } catch (error) {
      this.#expiries = new Map([...before, ...this.#expiries]);
      throw error;
    }
  }
}
