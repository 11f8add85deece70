import { expect, it } from 'vitest';
import {
  afterImport,
  afterRemoval,
  type CardStatus,
  NEW_CARD,
  signalOf,
  whileImporting,
  withReason,
} from '../../../../plugins/photos/cards/status.ts';
import type { FileOutcome, ImportReport } from '../../../../plugins/photos/ingest/report.ts';

const report = (more: Partial<ImportReport> = {}): ImportReport =>
  ({
    job: 1,
    ok: true,
    root: '/card',
    new: 2,
    verified: 2,
    known: 3,
    failed: 0,
    undated: 0,
    bytes: 20,
    files: [],
    ...more,
  }) as ImportReport;
const importing = whileImporting(withReason(NEW_CARD, 'waiting'), {
  phase: 'importing',
  done: 1,
  total: 5,
  bytes: 10,
  verified: 0,
});

it('says how far an import is, and no longer that it waits', () => {
  expect(importing).toMatchObject({ state: 'importing', done: 1, total: 5, safe_to_remove: false });
  expect(importing.reason).toBeUndefined();
  expect(whileImporting(NEW_CARD, { phase: 'scanning', done: 0, total: 0, bytes: 0, verified: 0 }).state).toBe(
    'scanning',
  );
});

it('lets a card be pulled when everything on it is verified', () => {
  const verified = afterImport(importing, report(), true);
  expect(verified).toEqual({
    state: 'verified',
    label: '',
    new: 2,
    verified: 2,
    known: 3,
    failed: 0,
    bytes: 20,
    safe_to_remove: true,
  });
  expect(afterRemoval(verified)).toEqual({ ...verified, state: 'removed' });
});

it('does not call a card safe when a file on it could not be read, unless there is nothing in it', () => {
  const outcome = (kind: FileOutcome['outcome']) =>
    report({ failed: 1, files: [{ source: 'DCIM/1.JPG', outcome: kind }] });
  const failed = afterImport(importing, outcome('failed'), true);
  expect(failed).toMatchObject({ state: 'failed', reason: 'unreadable_files', safe_to_remove: false });
  expect(failed.advice).toMatch(/Do not format/);
  expect(afterImport(importing, outcome('empty'), true)).toMatchObject({ state: 'verified', safe_to_remove: true });
});

it('believes nothing that was read from a card which was gone afterwards', () => {
  const stale = afterImport(importing, report({ new: 0, known: 0 }), false);
  expect(stale).toMatchObject({ state: 'removed', reason: 'pulled_while_importing', safe_to_remove: false });
  expect(afterRemoval(importing)).toMatchObject({ state: 'removed', reason: 'pulled_while_importing' });
  expect(afterRemoval(stale)).toMatchObject({ state: 'removed', reason: 'pulled_while_importing' });
});

it('passes on why the archive could not take a card', () => {
  const missing = afterImport(
    importing,
    report({ ok: false, error: 'archive_missing', advice: 'Mount its disk.' }),
    true,
  );
  expect(missing).toMatchObject({ state: 'failed', reason: 'archive_missing', advice: 'Mount its disk.' });
});

it('tells an empty card from a card whose files are all known', () => {
  expect(afterImport(importing, report({ new: 0, known: 0 }), true).reason).toBe('empty');
  expect(afterImport(importing, report({ new: 0 }), true).reason).toBeUndefined();
});

it('shows one signal for all cards: work before trouble before rest', () => {
  const of = (...states: CardStatus['state'][]) => signalOf(states);
  expect(of('verified', 'failed', 'scanning')).toBe('importing');
  expect(of('verified', 'failed', 'removed')).toBe('failed');
  expect(of('verified', 'removed')).toBe('safe');
  expect(of('removed')).toBe('idle');
});
