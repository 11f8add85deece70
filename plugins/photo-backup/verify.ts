import type { Holding, Ledger } from './ledger.ts';
import { sha256Of } from './local-file.ts';
import { listed } from './pass.ts';
import type { RemoteObject, Target } from './targets/target.ts';

export interface VerifyOptions {
  readonly target: Target;
  readonly ledger: Ledger;
  /** One folder; default all. */
  readonly folder?: string;
  /** Fetch every object and hash it. */
  readonly readBack: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number, path: string) => void;
}

/** What was wrong with one copy. */
export interface Finding {
  readonly path: string;
  readonly problem: 'missing' | 'changed' | 'damaged';
}

export interface VerifyResult {
  readonly checked: number;
  readonly findings: readonly Finding[];
}

/**
 * Compares what lies at a target with what was noted, also of files that are gone from the archive. What is not as
 * noted counts as not safe from now on, and the next pass sees to it. @throws TargetError that concerns the target
 */
export async function verifyTarget(options: VerifyOptions): Promise<VerifyResult> {
  const { target, ledger, folder, signal } = options;
  ledger.identify(await target.check(signal, ledger.isNew));
  const holdings = ledger.holdings(folder, true);
  const folders = new Map<string, Holding[]>();
  for (const holding of holdings) folders.set(holding.folder, [...(folders.get(holding.folder) ?? []), holding]);
  const findings: Finding[] = [];
  let done = 0;
  for (const [name, held] of folders) {
    const remote = await listed(target, name, signal);
    const sound: string[] = [];
    const doubtful: Finding[] = [];
    for (const holding of held) {
      signal.throwIfAborted();
      const problem = await problemOf(holding, remote.get(holding.key), options);
      if (problem !== undefined) doubtful.push({ path: holding.path, problem });
      // Damage does not show in a listing: only what is fetched again clears a suspicion.
      else if (options.readBack || !holding.suspect) sound.push(holding.path);
      options.onProgress(++done, holdings.length, holding.path);
    }
    ledger.checked(
      sound,
      doubtful.map(({ path }) => path),
      Date.now(),
    );
    findings.push(...doubtful);
  }
  return { checked: holdings.length, findings };
}

async function problemOf(
  { key, sha256, tag, size }: Holding,
  object: RemoteObject | undefined,
  { target, readBack, signal }: VerifyOptions,
): Promise<Finding['problem'] | undefined> {
  if (object === undefined) return 'missing';
  if (object.tag !== tag || object.size !== size) return 'changed';
  if (!readBack) return undefined;
  return (await sha256Of(await target.get(key, 0, signal))) === sha256 ? undefined : 'damaged';
}
