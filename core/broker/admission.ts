import { timingSafeEqual } from 'node:crypto';
import { errorText } from '../support/errors.ts';
import { type Access, nameOf } from './access.ts';
import type { ConnectPacket } from './aedes.ts';
import type { Identity } from './contract.ts';
import type { Origin } from './guard.ts';
import type { Session } from './persistence.ts';
import { isReservedName, nameProblem, topicProblem } from './topics.ts';

/** CONNACK return codes of MQTT 3.1.1; aedes translates them for MQTT 5. */
const IDENTIFIER_REJECTED = 2;
const UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;

/** Why a client may not connect. */
export class Refused extends Error {
  constructor(
    readonly returnCode: 2 | 3 | 4 | 5,
    message: string,
  ) {
    super(message);
  }
}

export interface Applicant {
  /** The client id in force; MQTT 5 may have left it to the broker. */
  readonly clientId: string;
  readonly origin: Origin;
  readonly connect: ConnectPacket;
  /** It wants a session that outlives its connection. */
  readonly keepsSession: boolean;
  readonly password?: Buffer;
}

export interface AdmissionOptions {
  readonly access: Access;
  /** May clients on loopback connect without a user? */
  readonly anonymous: () => boolean;
  readonly authenticate: (user: string, password: string, address: string) => Promise<Identity | undefined>;
  /** Who is connected under this client id at the moment. */
  readonly connected: (clientId: string) => Identity | undefined;
  readonly session: (clientId: string) => Session | undefined;
  /** Why there is no room for another session. */
  readonly sessionsProblem: () => string | undefined;
}

/** Who a session belongs to. */
export function ownerOf(identity: Identity): string {
  return identity.kind === 'user' ? `user:${identity.name}` : nameOf(identity);
}

/**
 * Finds out who a client is and whether it may connect as it wants to.
 * @throws Refused
 */
export async function admit(applicant: Applicant, options: AdmissionOptions): Promise<Identity> {
  checkClientId(applicant);
  const identity = await identify(applicant, options);
  checkOwner(applicant.clientId, identity, options);
  checkWill(applicant, identity, options.access);
  const full = applicant.keepsSession && !options.session(applicant.clientId) && options.sessionsProblem();
  if (full) throw new Refused(UNAVAILABLE, full);
  return identity;
}

function checkClientId({ clientId, origin, connect }: Applicant): void {
  const problem = nameProblem(clientId);
  if (problem) throw new Refused(IDENTIFIER_REJECTED, `its client id cannot be used: ${problem}`);
  if (isReservedName(clientId)) throw new Refused(IDENTIFIER_REJECTED, 'its client id is a reserved name');
  if (clientId.startsWith('plugin:') && origin.listener !== 'plugin') {
    throw new Refused(IDENTIFIER_REJECTED, 'client ids that begin with plugin: are taken only on the plugin listeners');
  }
  // Nobody would notice that such a client is gone, and its place would never be free again.
  if (connect.keepalive === 0 && !origin.local)
    throw new Refused(NOT_AUTHORIZED, 'keepalive 0 is taken only from this machine');
}

async function identify(applicant: Applicant, options: AdmissionOptions): Promise<Identity> {
  const { origin, connect, password } = applicant;
  if (origin.listener === 'plugin') return identifyPlugin(applicant, options.access);
  if (origin.identity) return origin.identity;
  if (connect.username !== undefined) {
    const address = origin.address ?? 'this machine';
    const user = await options
      .authenticate(connect.username, password?.toString() ?? '', address)
      .catch((error: unknown) => {
        throw new Refused(NOT_AUTHORIZED, errorText(error));
      });
    if (!user) throw new Refused(BAD_CREDENTIALS, `wrong name or password for the user ${connect.username}`);
    return user;
  }
  if (origin.local && options.anonymous()) return { kind: 'anonymous' };
  throw new Refused(
    NOT_AUTHORIZED,
    origin.local ? 'it names no user and broker.anonymous is off' : 'it names no user; only this machine may do so',
  );
}

function identifyPlugin({ clientId, connect, password }: Applicant, access: Access): Identity {
  const id = connect.username ?? '';
  const token = access.grantOf(id)?.token;
  if (clientId !== `plugin:${id}`) throw new Refused(IDENTIFIER_REJECTED, 'this listener takes plugins only');
  if (token === undefined || !isSame(token, password)) throw new Refused(BAD_CREDENTIALS, 'its token is not valid');
  return { kind: 'plugin', id };
}

function isSame(expected: string, given: Buffer | undefined): boolean {
  const bytes = Buffer.from(expected);
  return given !== undefined && given.length === bytes.length && timingSafeEqual(bytes, given);
}

/** A session holds messages for whoever opened it: another user under the same client id must not get them. */
function checkOwner(clientId: string, identity: Identity, { connected, session }: AdmissionOptions): void {
  const owner = ownerOf(identity);
  const present = connected(clientId);
  const kept = session(clientId)?.owner;
  if (present && ownerOf(present) !== owner) {
    throw new Refused(IDENTIFIER_REJECTED, 'another user is connected with its client id');
  }
  // What nobody in particular left behind is cleared away by the broker, not handed over.
  if (kept !== undefined && kept !== owner && kept !== 'anonymous') {
    throw new Refused(IDENTIFIER_REJECTED, 'another user has a session with its client id');
  }
}

function checkWill({ clientId, connect: { will } }: Applicant, identity: Identity, access: Access): void {
  if (!will) return;
  const problem = topicProblem(will.topic);
  if (problem) throw new Refused(NOT_AUTHORIZED, `the topic of its will cannot be used: ${problem}`);
  if (!access.mayPublish(identity, will.topic, clientId)) {
    throw new Refused(NOT_AUTHORIZED, `its will goes to ${will.topic}, where it may not publish`);
  }
}
