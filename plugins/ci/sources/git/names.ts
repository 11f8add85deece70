import { HubError } from 'cupboard/sdk';

/** What a ref that was created or deleted had or has for a commit. */
export const NO_COMMIT = '0'.repeat(40);

/** Whether it is a full object name, SHA-1 or SHA-256. */
export const isCommit = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);

// The rules of git-check-ref-format(1), and no component that begins with `-`, which a program could take for an option.
const FORBIDDEN_IN_REF = /[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\.lock(?:\/|$)|(?:^|\/)[-.]|[./]$|^\/|^@$/u;

/** Whether git takes it as the name of a branch, short: `main`, `release/1.2`. */
export const isBranch = (name: string): boolean =>
  name.length > 0 && name.length <= 200 && !FORBIDDEN_IN_REF.test(name) && name !== 'HEAD';

/** Whether it is a full ref: `refs/heads/main`. */
export const isRef = (name: string): boolean => /^refs\/[^/]+\/./.test(name) && isBranch(name);

/** Whether it may name a project: `lamp`, `home/lamp`, `c++/lamp.web`. */
export const isProject = (name: string): boolean =>
  name.length <= 200 &&
  /^[A-Za-z0-9_][\w.+-]*(?:\/[A-Za-z0-9_][\w.+-]*)*$/.test(name) &&
  !/\.\.|\.git(?:\/|$)|\.lock(?:\/|$)|[./]$/.test(name);

/**
 * Throws unless `isValid`, naming what was refused; the name may come from anyone who can push.
 * @throws HubError `name_refused`
 */
export function checkName(what: string, name: string, isValid: (name: string) => boolean): void {
  if (!isValid(name))
    throw new HubError('name_refused', `${JSON.stringify(name.slice(0, 200))} is no name of a ${what}`);
}

/** The branch of `refs/heads/main`; other refs stay as they are, so that no tag passes for a branch. */
export const branchOf = (ref: string): string =>
  ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ref;
