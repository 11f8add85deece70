import type { Summary } from './ledger.ts';
import { ADVICE, type TargetErrorKind } from './targets/errors.ts';

/** What a target does or why it does not; the first that applies. */
export interface Situation {
  /** A setting is wanting. */
  readonly incomplete?: string;
  /** The photos are simulated and this target is outside the house. */
  readonly staysIn: boolean;
  readonly paused: boolean;
  readonly trouble?: { readonly kind: TargetErrorKind | 'archive_missing'; readonly message: string };
  readonly busy?: 'uploading' | 'verifying';
  /** Waits for its hours. */
  readonly outsideWindow: boolean;
  readonly cannotReplace: boolean;
  /** Changed files whose copies are too young to be replaced. */
  readonly rewritesWaiting: number;
  readonly summary: Summary;
}

/** The state of a target by name, with a line of advice where there is something to do or to know. */
export function describe(situation: Situation): { state: string; advice: string | null; reason: string | null } {
  const { summary, trouble, rewritesWaiting } = situation;
  const is = (state: string, advice: string | null = null, reason: string | null = null) => ({ state, advice, reason });
  if (situation.incomplete) return is('disabled', `Complete the settings: ${situation.incomplete}.`);
  if (situation.staysIn) return is('simulated', 'Simulated photos stay in the house, unless endpoint is set.');
  if (situation.paused) return is('paused', 'Press "go on" to send again; what is half sent is kept.');
  if (situation.busy) return is(situation.busy);
  if (trouble?.kind === 'archive_missing') return is(trouble.kind, 'Mount the disk of the archive.', trouble.message);
  if (trouble) return is(trouble.kind, ADVICE[trouble.kind], trouble.message);
  if (summary.failed > 0) return is('failing', 'Some files could not be sent and are tried again: see status.');
  if (summary.pending > rewritesWaiting) {
    return situation.outsideWindow ? is('waiting_window', 'Sending begins when its hours come.') : is('pending');
  }
  if (situation.cannotReplace) return is('cannot_replace', ADVICE.cannot_replace);
  if (summary.changed_remotely > 0) {
    return is(
      'changed_remotely',
      'Objects were changed there by somebody else; our copies lie beside them as NAME~hash.',
    );
  }
  if (summary.pending > 0) {
    return is(
      'rewrites_waiting',
      'Changed photos are sent again when that is not billed twice; "send now" does it at once.',
    );
  }
  return is('ok');
}
