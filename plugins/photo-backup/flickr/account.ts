import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from 'cupboard/sdk';
import { FlickrError } from './errors.ts';
import type { Credentials, Transport } from './transport.ts';

/** Permission to act for a Flickr user; it does not expire until the user withdraws it. */
export interface Grant extends Credentials {
  readonly user: string;
  readonly name: string;
}

/** The connection with one Flickr account, kept in a file that only the hub's user can read. */
export interface Account {
  /** @throws FlickrError `not_connected` */
  grant(): Grant;
  /** The user's name there; `undefined` while not connected. */
  readonly name: string | undefined;
  /** Begins the dance and answers the address where the user allows writing and is shown a code. */
  begin(signal: AbortSignal): Promise<string>;
  /** Ends it with that code. @throws FlickrError `bad_token` for a wrong code */
  finish(verifier: string, signal: AbortSignal): Promise<Grant>;
}

interface Kept {
  /** The app's key the permission was given to: another key needs a permission of its own. */
  readonly app: string;
  readonly pending?: Credentials;
  readonly grant?: Grant;
}

const FILE = 'flickr.json';
const OWNER_ONLY = 0o600;

export async function openAccount(dataDir: string, app: string, transport: Transport): Promise<Account> {
  const file = join(dataDir, FILE);
  let kept = await readKept(file);
  if (kept.app !== app) kept = { app };
  const keep = async (now: Kept) => {
    await writeFileAtomic(file, `${JSON.stringify(now)}\n`, OWNER_ONLY);
    kept = now;
  };
  return {
    grant() {
      if (kept.grant === undefined)
        throw new FlickrError('not_connected', 'there is no permission of a Flickr user yet');
      return kept.grant;
    },
    get name() {
      return kept.grant?.name;
    },
    async begin(signal) {
      // `oob`: the hub has no address that Flickr could send the user's browser back to.
      const answer = await transport.oauth('request_token', { oauth_callback: 'oob' }, undefined, signal);
      const pending = credentialsOf(answer);
      await keep({ ...kept, pending });
      return transport.authorizeUrl(pending.key);
    },
    async finish(verifier, signal) {
      if (kept.pending === undefined)
        throw new FlickrError('not_connected', 'begin first: the code belongs to an address');
      const answer = await transport.oauth('access_token', { oauth_verifier: verifier.trim() }, kept.pending, signal);
      const user = answer.get('user_nsid') ?? '';
      const grant = { ...credentialsOf(answer), user, name: answer.get('username') ?? user };
      await keep({ app, grant });
      return grant;
    },
  };
}

async function readKept(file: string): Promise<Kept> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { app: '' };
    throw error;
  }
}

const credentialsOf = (answer: URLSearchParams): Credentials => ({
  key: answer.get('oauth_token') ?? '',
  secret: answer.get('oauth_token_secret') ?? '',
});
