import type { Ledger } from './ledger.ts';
import { sha256Of } from './local-file.ts';
import { listed } from './pass.ts';
import type { Target } from './targets/target.ts';

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
  const { target, ledger, folder, readBack, signal, onProgress } = options;
  ledger.identify(await target.check(signal, ledger.isNew));
  const holdings = ledger.holdings(folder, true);
  const findings: Finding[] = [];
  let remote: Awaited<ReturnType<typeof listed>> = new Map();
  let at: string | undefined;
  for (const [index, holding] of holdings.entries()) {
    signal.throwIfAborted();
    if (holding.folder !== at) {
      remote = await listed(target, holding.folder, signal);
      at = holding.folder;
    }
    const object = remote.get(holding.key);
    const isSame = object?.tag === holding.tag && object.size === holding.size;
    const problem = object === undefined ? 'missing' : isSame ? await damage(holding, options) : 'changed';
    if (problem === undefined) {
      // Damage does not show in a listing: only what is fetched again clears a suspicion.
      if (readBack || !holding.suspect) ledger.verified(holding.path, Date.now());
    } else {
      ledger.suspect(holding.path);
      findings.push({ path: holding.path, problem });
    }
    onProgress(index + 1, holdings.length, holding.path);
  }
  return { checked: holdings.length, findings };
}

async function damage(
  { key, sha256 }: { key: string; sha256: string },
  { target, readBack, signal }: VerifyOptions,
): Promise<'damaged' | undefined> {
  if (!readBack) return undefined;
  return (await sha256Of(await target.get(key, 0, signal))) === sha256 ? undefined : 'damaged';
}
