/** All that a plugin may import from the hub. */

export { nearMiss } from '../config/near-miss.ts';
export { joinPath, toProblems } from '../config/problems.ts';
export { deadline } from '../support/deadline.ts';
export { errorCode, errorText, HubError } from '../support/errors.ts';
export { makeCacheFolder, syncFolder, writeFileAtomic } from '../support/files.ts';
export type { Logger, LogLevel } from '../support/log.ts';
export { backoff } from '../support/retry.ts';
export type * from './contract.ts';
export { readSecrets, secretsExposure } from './secrets.ts';
