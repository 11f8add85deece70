import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { SourceEventType } from '../../contract.ts';
import { isCommit } from '../git/names.ts';

/** A pull request, as webhooks and the API of GitHub, Gitea and Forgejo tell it. */
export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly isOpen: boolean;
  readonly isMerged: boolean;
  /** Commit it proposes. */
  readonly head: string;
  /** Branch it is for. */
  readonly base: string;
  readonly url: string;
  readonly author: string;
}

/** What a webhook tells of. */
export interface Delivery {
  /** `owner/name` and the URLs of the repository. */
  readonly repository: { readonly name: string; readonly urls: readonly string[] };
  /** `push`: branches moved; otherwise something with a pull request. */
  readonly event: 'push' | 'pull' | Extract<SourceEventType, 'comment-added'>;
  readonly number?: number;
  readonly pull?: Pull;
  readonly comment?: string;
  readonly isApproval?: boolean;
  readonly account?: string;
}

/**
 * Whether one of the signature headers is the HMAC-SHA256 of the body's own bytes. Gitea signs the JSON within a form
 * and not the form, so both are accepted; the caller parses what was signed.
 * @returns the bytes that are signed; `undefined` = none
 */
export function signedBody(headers: IncomingHttpHeaders, body: Buffer, secret: string): Buffer | undefined {
  if (secret === '') return undefined;
  const given = ['x-hub-signature-256', 'x-gitea-signature', 'x-forgejo-signature'].flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [value.replace(/^sha256=/, '')] : [];
  });
  const form = isForm(headers) ? new URLSearchParams(body.toString('utf8')).get('payload') : null;
  const bodies = form === null ? [body] : [body, Buffer.from(form)];
  const isSigned = bodies.some((bytes) => given.some((signature) => isSignature(signature, bytes, secret)));
  return isSigned ? bodies.at(-1) : undefined;
}

const isForm = (headers: IncomingHttpHeaders) =>
  /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');

function isSignature(signature: string, body: Buffer, secret: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'hex'), createHmac('sha256', secret).update(body).digest());
}

/** The delivery's id, which is the same when it is sent again. */
export function deliveryId(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['x-github-delivery'] ?? headers['x-gitea-delivery'] ?? headers['x-forgejo-delivery'];
  return typeof id === 'string' && id.length <= 100 ? id : undefined;
}

/** Reads a payload; `undefined` = an event that says nothing to us, or not what it should be. */
export function parseDelivery(headers: IncomingHttpHeaders, payload: unknown): Delivery | undefined {
  // Gitea sends GitHub's names too, but tells reviews by its own.
  const event = text(headers['x-gitea-event'] ?? headers['x-forgejo-event'] ?? headers['x-github-event']);
  const body = fields(payload);
  const { full_name, clone_url, ssh_url, html_url } = fields(body['repository']);
  if (typeof full_name !== 'string') return undefined;
  const urls = [clone_url, ssh_url, html_url].filter((url) => typeof url === 'string');
  const { login } = fields(body['sender']);
  const common = { repository: { name: full_name, urls }, ...(typeof login === 'string' && { account: login }) };
  if (event === 'push' || event === 'create' || event === 'delete') return { ...common, event: 'push' };
  const pull = parsePull(body['pull_request']);
  if (event === 'issue_comment' || event === 'pull_request_comment') {
    const issue = fields(body['issue']);
    const number = Number(issue['number'] ?? pull?.number);
    const isOfPull = Boolean(issue['pull_request'] ?? body['is_pull'] ?? pull);
    const { body: comment } = fields(body['comment']);
    if (!isOfPull || body['action'] !== 'created' || !isNumber(number) || typeof comment !== 'string') return undefined;
    return { ...common, event: 'comment-added', number, comment };
  }
  if (pull === undefined) return undefined;
  if (event === 'pull_request') return { ...common, event: 'pull', number: pull.number, pull };
  if (!/^pull_request_(?:review(?:_\w+)?|approved|rejected)$/.test(event)) return undefined;
  const review = fields(body['review']);
  const state = `${text(review['state'])} ${text(review['type'])} ${event}`;
  const comment = text(review['body'] ?? review['content']);
  return { ...common, event: 'comment-added', number: pull.number, pull, comment, isApproval: /approved/i.test(state) };
}

/** Reads a pull request; `undefined` where a part is missing that we cannot do without. */
export function parsePull(value: unknown): Pull | undefined {
  const pull = fields(value);
  const number = Number(pull['number']);
  const head = text(fields(pull['head'])['sha']);
  const base = text(fields(pull['base'])['ref']);
  if (!isNumber(number) || !isCommit(head) || base === '') return undefined;
  const isMerged = pull['merged'] === true || typeof pull['merged_at'] === 'string';
  return {
    number,
    title: text(pull['title']),
    body: text(pull['body']),
    isOpen: pull['state'] === 'open' && !isMerged,
    isMerged,
    head,
    base: base.replace(/^refs\/heads\//, ''),
    url: text(pull['html_url']),
    author: text(fields(pull['user'])['login']),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isNumber = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
