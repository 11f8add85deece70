import type { ArchiveState } from '../ingest/archive.ts';
import type { ImportError, ImportProgress, ImportReport } from '../ingest/report.ts';

export type CardState = 'inserted' | 'scanning' | 'importing' | 'verified' | 'removed' | 'failed';

/** Why a card is not simply `verified` or `removed`; each has its line of advice. */
export type CardReason =
  | 'waiting'
  | 'empty'
  | 'unreadable_files'
  | 'unreadable_card'
  | 'pulled_while_importing'
  | 'not_allowed'
  | 'mount_failed'
  | 'ptp_camera'
  | ImportError
  | Exclude<ArchiveState, 'ok'>;

/** What `photos/card/<id>` says. */
export type CardStatus = {
  readonly state: CardState;
  readonly label: string;
  /** Where it is mounted. */
  readonly path?: string;
  readonly new: number;
  /** Of the new ones, those that were read again from the archive and are right. */
  readonly verified: number;
  /** Files in the archive already, or not wanted there. */
  readonly known: number;
  readonly failed: number;
  /** Of the new ones. */
  readonly bytes: number;
  /** Files dealt with so far, and how many there are. */
  readonly done?: number;
  readonly total?: number;
  /** Nothing reads it any more, and every file on it is verified in the archive. */
  readonly safe_to_remove: boolean;
  readonly reason?: CardReason;
  readonly advice?: string;
  readonly simulated?: true;
};

/** What is wrong with the archive, the archive itself says best. */
const ADVICE: Readonly<Partial<Record<CardReason, string>>> = {
  waiting: 'Another import runs; this card is next.',
  empty: 'There is no photo or video on it.',
  unreadable_files:
    'Do not format it: what could not be read is nowhere else. Pulling it does no harm; try another reader, and see the list of files.',
  unreadable_card: 'It cannot be read. Clean its contacts and try another reader; do not format it.',
  pulled_while_importing: 'Put it in again: what is missing will be copied, nothing twice.',
  not_allowed:
    'The plugin may not mount cards. Install udisks2 and allow it with the polkit rule in the README of the plugin photos, or mount the card yourself.',
  mount_failed: 'The system refused to mount it. Does the camera still read it?',
  ptp_camera: 'Set the USB mode of the camera to mass storage, or put its card into a reader.',
  source_gone: 'It could not be read to its end. Put it in again, into another reader if that does not help.',
  stopped: 'The plugin was stopped; the import goes on when it runs again.',
};

export const NEW_CARD: CardStatus = {
  state: 'inserted',
  label: '',
  new: 0,
  verified: 0,
  known: 0,
  failed: 0,
  bytes: 0,
  safe_to_remove: false,
};

/** The status with a reason and its advice; `advice` where something more particular is known. */
export function withReason(status: CardStatus, reason: CardReason, advice = ADVICE[reason] ?? ''): CardStatus {
  return { ...status, reason, advice };
}

/** A status of its own for what cannot be imported at all. */
export const failedStatus = (label: string, reason: CardReason, advice?: string): CardStatus =>
  withReason({ ...NEW_CARD, state: 'failed', label }, reason, advice);

export function whileImporting(
  status: CardStatus,
  { phase, done, total, bytes, verified }: ImportProgress,
): CardStatus {
  const { reason, advice, ...rest } = status;
  return { ...rest, state: phase === 'scanning' ? 'scanning' : 'importing', done, total, bytes, verified };
}

/** After an import that ended by itself. @param isThere the card was still in its slot afterwards */
export function afterImport(status: CardStatus, report: ImportReport, isThere: boolean): CardStatus {
  const { reason, advice, done, total, ...rest } = status;
  const { new: fresh, verified: right, known, failed, bytes } = report;
  const counted = { ...rest, new: fresh, verified: right, known, failed, bytes };
  // A mount whose card is gone may list as empty without an error: what was found there means nothing.
  if (!isThere) return withReason({ ...counted, failed: 0, state: 'removed' }, 'pulled_while_importing');
  if (report.error !== undefined) return withReason({ ...counted, state: 'failed' }, report.error, report.advice);
  // Without content there is nothing to lose: a camera leaves such files when its battery dies.
  const lacking = report.files.filter(({ outcome }) => outcome === 'failed').length;
  if (lacking > 0) return withReason({ ...counted, state: 'failed' }, 'unreadable_files');
  const verified: CardStatus = { ...counted, state: 'verified', safe_to_remove: true };
  return report.new + report.known + report.failed === 0 ? withReason(verified, 'empty') : verified;
}

/** After the card left its slot. */
export function afterRemoval(status: CardStatus): CardStatus {
  const { done, total, path, ...rest } = status;
  const wasDone = status.state === 'verified' || status.state === 'failed' || status.state === 'removed';
  return wasDone ? { ...rest, state: 'removed' } : withReason({ ...rest, state: 'removed' }, 'pulled_while_importing');
}

/** What lights and programs are told of all cards together. */
export type SignalState = 'importing' | 'failed' | 'safe' | 'idle';

/** @param states of the cards that are in a slot */
export function signalOf(states: readonly CardState[]): SignalState {
  if (states.some((state) => state === 'inserted' || state === 'scanning' || state === 'importing')) return 'importing';
  if (states.includes('failed')) return 'failed';
  return states.includes('verified') ? 'safe' : 'idle';
}
