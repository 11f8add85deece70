import type { Store } from 'cupboard/sdk';
import type { Changes } from './tags.ts';

/** What is to be done to one file. */
export type Edit =
  | { readonly kind: 'write'; readonly changes: Changes; readonly overwrite: boolean }
  | { readonly kind: 'keywords'; readonly add: readonly string[]; readonly remove: readonly string[] }
  /** The clock was wrong by `seconds`, to be added; the shot moves to `folder`. */
  | { readonly kind: 'shift'; readonly seconds: number }
  | { readonly kind: 'move'; readonly folder: string };

/** Where a file goes and what it is then: enough to tell after a crash whether it got there. */
export interface Written {
  /** Path in the archive: the file's own or its sidecar's. */
  readonly target: string;
  readonly sha256: string;
  readonly size: number;
  readonly mtime: number;
}

export interface QueuedEdit {
  readonly id: number;
  readonly batch: number;
  readonly path: string;
  readonly edit: Edit;
  readonly written: Written | undefined;
}

export type NewEdit = Pick<QueuedEdit, 'path' | 'edit'>;

/** What is still to be written, on disk. */
export interface EditQueue {
  /** Adds a batch, all of it or nothing; answers its number. */
  add(edits: readonly NewEdit[]): number;
  next(): QueuedEdit | undefined;
  size(): number;
  /** Notes what the file is about to become. */
  note(id: number, written: Written): void;
  remove(id: number): void;
}

interface Row {
  readonly id: number;
  readonly batch: number;
  readonly path: string;
  readonly edit: string;
  readonly written: string | null;
}

export function openEditQueue(store: Store): EditQueue {
  const insert = store.prepare('INSERT INTO edits (batch, path, edit) VALUES (?, ?, ?)');
  const lastBatch = store.prepare('SELECT coalesce(max(batch), 0) FROM edits').pluck();
  const first = store.prepare<[], Row>('SELECT * FROM edits ORDER BY id LIMIT 1');
  const count = store.prepare('SELECT count(*) FROM edits').pluck();
  const note = store.prepare('UPDATE edits SET written = ? WHERE id = ?');
  const remove = store.prepare('DELETE FROM edits WHERE id = ?');
  let newest = lastBatch.get() as number;
  return {
    add: store.transaction((edits: readonly NewEdit[]) => {
      newest += 1;
      for (const { path, edit } of edits) insert.run(newest, path, JSON.stringify(edit));
      return newest;
    }),
    next: () => {
      const row = first.get();
      if (row === undefined) return undefined;
      const written = row.written === null ? undefined : (JSON.parse(row.written) as Written);
      return { ...row, edit: JSON.parse(row.edit) as Edit, written };
    },
    size: () => count.get() as number,
    note: (id, written) => void note.run(JSON.stringify(written), id),
    remove: (id) => void remove.run(id),
  };
}
