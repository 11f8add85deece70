import { createHash, randomBytes } from 'node:crypto';
import { HubError } from '../support/errors.ts';

const SHORTEST = 8;

export function checkPassword(password: string): void {
  if (password.length < SHORTEST) {
    throw new HubError('password_short', `expected a password of ${SHORTEST} characters or more`);
  }
}

export async function hashPassword(password: string): Promise<string> {
  const argon2 = await import('@node-rs/argon2');
  return argon2.hash(password);
}

let hashOfNobody: Promise<string> | undefined;

/** Takes equally long when there is no such user, so that names cannot be found out by the clock. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const argon2 = await import('@node-rs/argon2');
  hashOfNobody ??= hashPassword(randomSecret());
  const isRight = await argon2.verify(hash ?? (await hashOfNobody), password);
  return isRight && hash !== undefined;
}

export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a random secret. Of 256 bits nobody can try them all, so it needs neither salt nor a slow hash. */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
