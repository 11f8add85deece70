/** What can go wrong at a target. */
export type TargetErrorKind =
  | 'target_missing'
  | 'bad_credential'
  | 'unreachable'
  | 'full'
  | 'clock_skew'
  | 'misconfigured'
  | 'cannot_replace'
  | 'precondition'
  | 'not_found'
  | 'mismatch'
  | 'source_changed'
  | 'refused';

/**
 * An error of a target, translated from whatever its library or program said. The message never holds a secret.
 * @example throw new TargetError('full', 'the bucket is over its quota', { cause })
 */
export class TargetError extends Error {
  constructor(
    readonly kind: TargetErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TargetError';
  }
}

/** Kinds that concern the whole target: no other file would fare better, so the run stops and is tried again later. */
const WHOLE_TARGET: ReadonlySet<TargetErrorKind> = new Set([
  'target_missing',
  'bad_credential',
  'unreachable',
  'full',
  'clock_skew',
  'misconfigured',
]);

export const stopsRun = (error: TargetError): boolean => WHOLE_TARGET.has(error.kind);

/** One line for people about each kind. */
export const ADVICE: Readonly<Record<TargetErrorKind, string>> = {
  target_missing:
    'Mount the disk or share. If this is the right folder and it is new, press "this is the right disk" once.',
  bad_credential: 'The key is not accepted, or may not list, read and write: check it and its rights.',
  unreachable: 'Nothing to do: it is tried again, and what is half sent goes on from there.',
  full: 'Make room or raise the quota there; sending goes on by itself.',
  clock_skew: 'The clock of this machine is wrong: switch time synchronisation on (timedatectl set-ntp true).',
  misconfigured: 'Correct the settings of this target.',
  cannot_replace: 'The key may not replace objects: changed files land beside the old ones as NAME~hash.',
  precondition: 'Something else writes there at the same time; it is looked at again in the next run.',
  not_found: 'It is not there.',
  mismatch: 'What arrived is not what was sent; it is sent again. If this stays, suspect memory, cable or disk.',
  source_changed: 'The file in the archive is not what the catalogue says: run verify of photos.',
  refused: 'The target refused the file; see the reason.',
};
