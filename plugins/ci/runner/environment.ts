import type { BuildRequest } from '../contract.ts';
import { quote } from '../nodes/channel.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The environment of a build's steps: the job's own, then parameters, then secrets, later ones winning; names that are
 * none for a shell and values with NUL are left out, for no process could be given them.
 */
export function environmentOf(request: BuildRequest, workspace: string): Record<string, string> {
  const all = {
    CI: 'true',
    ...request.job.environment,
    ...request.parameters,
    ...request.secrets,
    WORKSPACE: workspace,
    BUILD_ID: request.build,
    JOB_NAME: request.job.name,
  };
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => NAME.test(name) && !value.includes('\0')));
}

/** A shell command that exports variables. They go over the shell's input: an argument could be read by others. */
export function exportScript(environment: Readonly<Record<string, string>>): string {
  const words = Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}`);
  return words.length > 0 ? `export ${words.join(' ')}` : ':';
}
