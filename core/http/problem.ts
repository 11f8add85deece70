import { STATUS_CODES } from 'node:http';
import { ConfigError, HubError, ManifestError, type Problem } from '../support/errors.ts';
import { TooManyLogins } from './login-guard.ts';

/** An answer other than success, as RFC 9457 has it. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** What is wrong with the request, by path. */
  readonly problems?: readonly Problem[];
}

export const PROBLEM_TYPE = 'application/problem+json';

/** Ends a request with a status of its own. */
export class HttpProblem extends HubError {
  constructor(
    readonly status: number,
    code: string,
    detail: string,
    readonly problems?: readonly Problem[],
  ) {
    super(code, detail);
  }
}

/** What the errors of the hub's parts mean over HTTP; an error that is not here is a fault of the hub: 500. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  bundle_failed: 422,
  config_invalid: 422,
  install_source: 422,
  install_taken: 409,
  last_admin: 409,
  link_invalid: 403,
  login_refused: 401,
  manifest_invalid: 422,
  password_short: 422,
  no_previous: 409,
  plugin_first_party: 409,
  plugin_not_runnable: 409,
  plugin_unknown: 404,
  recorder_blocked: 503,
  recorder_not_running: 503,
  series_unknown: 404,
  topic_invalid: 422,
  token_exists: 409,
  token_unknown: 404,
  too_many_logins: 429,
  user_exists: 409,
  user_name: 422,
  user_unknown: 404,
};

/** Says an error in HTTP; undefined when it is a fault that is not for the caller's eyes. */
export function toProblem(error: unknown): { body: ProblemBody; headers: Record<string, string> } | undefined {
  const parserStatus = statusOfBodyParser(error);
  if (parserStatus !== undefined) return problem(parserStatus, 'body_unreadable', (error as Error).message);
  if (!(error instanceof HubError)) return undefined;
  const status = error instanceof HttpProblem ? error.status : STATUS_OF_CODE[error.code];
  if (status === undefined) return undefined;
  const problems = hasProblems(error) ? error.problems : undefined;
  return problem(status, error.code, error.message, problems, headersOf(error, status));
}

function hasProblems(error: HubError): error is HttpProblem | ConfigError | ManifestError {
  return [HttpProblem, ConfigError, ManifestError].some((kind) => error instanceof kind);
}

function headersOf(error: HubError, status: number): Record<string, string> {
  if (error instanceof TooManyLogins) return { 'retry-after': String(error.retrySeconds) };
  // Not `Basic`: the browser would ask for the password itself.
  return status === 401 ? { 'www-authenticate': 'Bearer' } : {};
}

export function problem(
  status: number,
  code: string,
  detail: string,
  problems?: readonly Problem[],
  headers: Record<string, string> = {},
): { body: ProblemBody; headers: Record<string, string> } {
  return {
    body: {
      type: `urn:cupboard:problem:${code}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail,
      ...(problems && { problems }),
    },
    headers,
  };
}

/** express.json marks its own errors (broken JSON 400, too large 413) as fit to be shown. */
function statusOfBodyParser(error: unknown): number | undefined {
  const { expose, status } = error as { expose?: unknown; status?: unknown };
  return expose === true && typeof status === 'number' ? status : undefined;
}
