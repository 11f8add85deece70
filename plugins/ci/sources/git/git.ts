import { type ChildProcess, spawn } from 'node:child_process';
import { HubError } from 'cupboard/sdk';

export interface GitOptions {
  /** The repository to work in. */
  readonly repository?: string;
  /** More environment: credentials of a remote, the date of a merge. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Exit statuses besides 0 that are answers. */
  readonly accept?: readonly number[];
  readonly timeoutMs?: number;
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: string;
}

/**
 * Runs git with an argv, never through a shell: no prompt, no hook, no configuration of the machine or the user, no
 * transport helper, and an end after its time.
 * @throws HubError `git_missing`, `git_failed` with what git said, `git_timeout`
 */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitAnswer>;

const TIMEOUT_MS = 60_000;
const GRACE_MS = 2000;
/** More than any answer that is read here; a file that is read is bounded by its caller. */
const MOST_OUTPUT = 64 * 1024 * 1024;

/**
 * The settings of every git run. Given as a file and not by `-c`, because git hands a file on to the `upload-pack` it
 * starts in another local repository and drops the rest. Repositories may belong to another user: the owner of the hub
 * named them in the configuration.
 */
export const GIT_CONFIG = `[safe]
  directory = *
[user]
  name = Cupboard CI
  email = ci@cupboard.invalid
[init]
  defaultBranch = main
[gc]
  autoDetach = false
[fetch]
  recurseSubmodules = false
[credential]
  helper =
[http]
  lowSpeedLimit = 1
  lowSpeedTime = 60
`;

/** @param configFile a file with `GIT_CONFIG`; without one, as in hooks, the repository's own settings alone count */
export function createGit(configFile = '/dev/null', signal?: AbortSignal): Git {
  return (args, options = {}) => {
    const where = options.repository === undefined ? [] : ['--git-dir', options.repository];
    const argv = [
      '--no-pager',
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'core.fsmonitor=false',
      '-c',
      'safe.directory=*',
      ...where,
      ...args,
    ];
    return run(
      argv,
      { ...inherited(), ...FIXED, GIT_CONFIG_GLOBAL: configFile, ...options.environment },
      options,
      signal,
    );
  };
}

const FIXED = {
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  SSH_ASKPASS: '/bin/false',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=20',
} as const;

/** What git needs of our environment; GIT_* of a caller, such as a hook's, would point it at another repository. */
function inherited(): Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME, TMPDIR, USER } = process.env;
  return { PATH, ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }), ...(USER && { USER }) };
}

function run(
  argv: readonly string[],
  env: Record<string, string>,
  { input, accept = [], timeoutMs = TIMEOUT_MS }: GitOptions,
  signal?: AbortSignal,
): Promise<GitAnswer> {
  const verb = argv.find((word) => /^[a-z][a-z-]+$/.test(word)) ?? '';
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new HubError('git_timeout', `git ${verb}: the plugin is stopping`));
    // A group of its own, so that the ssh or http helper ends with it.
    const child = spawn('git', argv, { env, detached: true, stdio: 'pipe' });
    const stdout: Buffer[] = [];
    let size = 0;
    let stderr = '';
    let failure: HubError | undefined;
    const end = (error: HubError) => {
      failure ??= error;
      // Asked first: git then takes its lock files with it.
      endGroup(child, 'SIGTERM');
      setTimeout(() => endGroup(child, 'SIGKILL'), GRACE_MS).unref();
    };
    const timer = setTimeout(
      () => end(new HubError('git_timeout', `git ${verb}: no end within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const stop = () => end(new HubError('git_timeout', `git ${verb}: the plugin is stopping`));
    signal?.addEventListener('abort', stop, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MOST_OUTPUT) end(new HubError('git_failed', `git ${verb}: answered more than ${MOST_OUTPUT} bytes`));
      else stdout.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    // Closed early by git: its exit status tells more than EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const settle = (error?: Error, code: number | null = null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      if (failure) reject(failure);
      else if (error) reject(new HubError('git_missing', 'git cannot be started: apt install git', { cause: error }));
      else if (code === 0 || accept.includes(code ?? -1)) {
        resolve({ code: code ?? 0, stdout: Buffer.concat(stdout).toString('utf8') });
      } else reject(new HubError('git_failed', `git ${verb}: ${withoutSecrets(stderr.trim()) || `status ${code}`}`));
    };
    child.on('error', (error) => settle(error));
    child.on('close', (code) => settle(undefined, code));
  });
}

/** A URL that git repeats in its messages may have come with a password. */
const withoutSecrets = (text: string): string => text.replace(/\b([a-z+]+:\/\/)[^\s/@]+@/g, '$1');

function endGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // gone meanwhile
  }
}
