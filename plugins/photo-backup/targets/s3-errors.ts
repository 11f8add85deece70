import { errorCode, errorText } from 'cupboard/sdk';
import { TargetError, type TargetErrorKind } from './errors.ts';

/** By the code of the error document; codes of Amazon, and of others where they have their own for a thing. */
const BY_NAME: Readonly<Record<string, TargetErrorKind>> = {
  RequestTimeTooSkewed: 'clock_skew',
  InvalidAccessKeyId: 'bad_credential',
  SignatureDoesNotMatch: 'bad_credential',
  AccessDenied: 'bad_credential',
  ExpiredToken: 'bad_credential',
  InvalidToken: 'bad_credential',
  CredentialsProviderError: 'bad_credential',
  NoSuchBucket: 'misconfigured',
  PermanentRedirect: 'misconfigured',
  AuthorizationHeaderMalformed: 'misconfigured',
  InvalidBucketName: 'misconfigured',
  InvalidStorageClass: 'misconfigured',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
  InsufficientStorage: 'full',
  PreconditionFailed: 'precondition',
  ConditionalRequestConflict: 'precondition',
  BadDigest: 'mismatch',
  InvalidDigest: 'mismatch',
  IncompleteBody: 'mismatch',
  NoSuchKey: 'not_found',
  NoSuchUpload: 'not_found',
  NotImplemented: 'refused',
};

const BY_STATUS: Readonly<Record<number, TargetErrorKind>> = {
  401: 'bad_credential',
  403: 'bad_credential',
  404: 'not_found',
  408: 'unreachable',
  409: 'precondition',
  412: 'precondition',
  429: 'unreachable',
  507: 'full',
};

/** What the SDK threw, in the words of a target. What never got an answer is a line or server that is down. */
export function s3Error(error: unknown): Error {
  if (error instanceof TargetError) return error;
  const { name = '', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  const refused = status !== undefined && status >= 400 && status < 500;
  const kind = BY_NAME[name] ?? BY_STATUS[status ?? 0] ?? (refused ? 'refused' : 'unreachable');
  const code = errorCode(error) ?? name;
  return new TargetError(kind, [code, errorText(error)].filter(Boolean).join(': '), { cause: error });
}
