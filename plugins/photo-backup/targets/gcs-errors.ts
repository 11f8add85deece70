import { errorCode, errorText } from 'cupboard/sdk';
import { TargetError, type TargetErrorKind } from './errors.ts';

const BY_STATUS: Readonly<Record<number, TargetErrorKind>> = {
  401: 'bad_credential',
  403: 'bad_credential',
  404: 'not_found',
  408: 'unreachable',
  412: 'precondition',
  429: 'unreachable',
};

/** Reasons in the body of an error that say more than its status. */
const BY_REASON: readonly (readonly [RegExp, TargetErrorKind])[] = [
  [/specified bucket does not exist|Invalid bucket name/i, 'misconfigured'],
  [/MD5 hash|crc32c|checksum|doesn't match calculated/i, 'mismatch'],
  [/quotaExceeded|accountDisabled|billing/i, 'full'],
  // What the sign-in answers when the time on a request is off, and when the key is not (or no longer) known.
  [/reasonable timeframe|Token must be a short-lived token|check your iat and exp/i, 'clock_skew'],
  [/invalid_grant|invalid_client|Could not load the default credentials|Invalid JWT Signature/i, 'bad_credential'],
];

/** What the library threw, in the words of a target. What never got an answer is a line or server that is down. */
export function gcsError(error: unknown): Error {
  if (error instanceof TargetError) return error;
  const { code, response, errors } = error as {
    code?: unknown;
    response?: { status?: number };
    errors?: readonly { reason?: string; message?: string }[];
  };
  const status = typeof code === 'number' ? code : response?.status;
  const text = [errorText(error), ...(errors ?? []).map(({ reason, message }) => `${reason} ${message}`)].join(' ');
  const byReason = BY_REASON.find(([pattern]) => pattern.test(text))?.[1];
  const refused = status !== undefined && status >= 400 && status < 500;
  const missingKey = errorCode(error) === 'ENOENT' ? 'bad_credential' : undefined;
  const kind = byReason ?? missingKey ?? BY_STATUS[status ?? 0] ?? (refused ? 'refused' : 'unreachable');
  return new TargetError(kind, [status, firstLine(error)].filter(Boolean).join(': '), { cause: error });
}

/** Some messages go on with whole responses, and some name the address of an upload session, which is a credential. */
const firstLine = (error: unknown): string =>
  (errorText(error).split('\n')[0] ?? '').replace(/(https?:\/\/[^/\s]+)\S*/g, '$1').slice(0, 200);

/** A 403: the credential may create, but not replace (which takes the right to delete). */
export const isForbidden = ({ cause }: TargetError): boolean => (cause as { code?: unknown } | undefined)?.code === 403;
