import type { Catalogue, CatalogueFile, NewFile } from '../catalogue.ts';
import { shiftWallClock } from './clock.ts';
import type { EditQueue, QueuedEdit, Written } from './edits.ts';
import type { Changes } from './tags.ts';

interface FollowParts {
  readonly catalogue: Catalogue;
  readonly queue: EditQueue;
}

/**
 * Lets the catalogue follow what was written, in one transaction with the queue.
 * @param written undefined where only the catalogue knows of the change
 */
export function follow(
  file: CatalogueFile,
  queued: QueuedEdit,
  changes: Changes,
  written: Written | undefined,
  { catalogue, queue }: FollowParts,
): void {
  const { edit } = queued;
  const described: Partial<NewFile> = {
    ...(changes.title !== undefined && { title: changes.title }),
    ...(changes.caption !== undefined && { caption: changes.caption }),
    ...(changes.keywords !== undefined && { keywords: changes.keywords }),
    ...(changes.position !== undefined && { altitude: null, ...changes.position }),
    ...(edit.kind === 'shift' && { captured: shiftWallClock(file.captured ?? '', edit.seconds) ?? null }),
  };
  const now = Date.now();
  catalogue.transaction(() => {
    if (written === undefined || written.target !== file.path) catalogue.update(file.path, described);
    if (written !== undefined) {
      const { sha256, size, mtime, target } = written;
      const content = { currentSha256: sha256, size, mtime, state: 'verified' as const, verified: now };
      if (target === file.path) catalogue.update(target, { ...described, ...content });
      else if (!catalogue.update(target, content))
        catalogue.add(sidecarRow({ ...file, ...described }, { ...content, path: target }));
    }
    queue.remove(queued.id);
  });
}

type Content = Pick<NewFile, 'path' | 'currentSha256' | 'size' | 'mtime' | 'state' | 'verified'>;

const sidecarRow = (file: CatalogueFile, content: Content): NewFile => ({
  ...content,
  folder: file.folder,
  shot: file.shot,
  kind: 'sidecar',
  originalSha256: content.currentSha256,
  imported: Date.now(),
  captured: file.captured,
  capturedFrom: file.capturedFrom,
  utcOffset: file.utcOffset,
  camera: file.camera,
  latitude: null,
  longitude: null,
  altitude: null,
  title: null,
  caption: null,
  keywords: [],
});
