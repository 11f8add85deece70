import { join } from 'node:path';
import { deadline, errorText, type Logger } from 'cupboard/sdk';
import type { ImageSettings } from './config.ts';
import type { BuildRecord, BuildRecords, UploadRecord } from './records.ts';
import { createTarget, formatOf, type TargetSettings } from './targets.ts';

/** As many as stay with a target; the one before the newest is there in case the newest is bad. */
const KEPT = 2;
/** Clouds take their time to process what they were sent. */
const UPLOAD_MS = 6 * 3_600_000;

export interface UploadsOptions {
  readonly records: BuildRecords;
  readonly targets: Readonly<Record<string, TargetSettings>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told whenever an upload of the image changes its state. */
  readonly changed: (image: string) => void;
}

/** Brings good builds to their targets. A failed upload harms nothing: what was there before stays. */
export class Uploads {
  constructor(private readonly options: UploadsOptions) {}

  /** Uploads a build to every target of its image, one after the other; failures are told in the build's record. */
  async upload(id: string, { targets = [] }: ImageSettings): Promise<void> {
    for (const name of targets) {
      try {
        await this.#uploadTo(id, name);
      } catch (error) {
        this.options.log.warn(`${id} to ${name}: ${errorText(error)}`);
      }
    }
  }

  async #uploadTo(id: string, name: string): Promise<void> {
    const { records, targets, log } = this.options;
    const settings = targets[name];
    const image = records.get(id)?.name;
    if (image === undefined) return;
    if (!settings) {
      await this.#save(id, { target: name, state: 'failed', reason: `no target ${name} in the settings` });
      return;
    }
    const signal = deadline(UPLOAD_MS, this.options.signal);
    const target = createTarget(settings, (text) => log.info(`${id} to ${name}: ${text}`));
    await this.#save(id, { target: name, state: 'uploading' });
    try {
      const format = formatOf(settings);
      const file = join(records.folderOf(id), `image.${format}`);
      const uploaded = await target.upload({ image, build: id, file, format }, signal);
      await this.#save(id, { target: name, state: 'ready', uploaded });
    } catch (error) {
      await this.#save(id, { target: name, state: 'failed', reason: errorText(error) });
      return;
    }
    for (const { record, uploaded } of this.#uploadsOf(image, name).slice(KEPT)) {
      await target.remove(image, uploaded, signal);
      await this.#drop(record.id, name);
    }
  }

  /** Good uploads of an image to a target, newest first. */
  #uploadsOf(image: string, name: string): { record: BuildRecord; uploaded: string }[] {
    return this.options.records
      .of(image)
      .flatMap((record) =>
        (record.uploads ?? []).flatMap(({ target, state, uploaded }) =>
          target === name && state === 'ready' && uploaded !== undefined ? [{ record, uploaded }] : [],
        ),
      );
  }

  async #save(id: string, upload: UploadRecord): Promise<void> {
    await this.#change(id, (uploads) => [...uploads.filter(({ target }) => target !== upload.target), upload]);
  }

  async #drop(id: string, name: string): Promise<void> {
    await this.#change(id, (uploads) => uploads.filter(({ target }) => target !== name));
  }

  async #change(id: string, change: (uploads: readonly UploadRecord[]) => readonly UploadRecord[]): Promise<void> {
    const { records, changed } = this.options;
    const record = records.get(id);
    if (!record) return;
    await records.put({ ...record, uploads: change(record.uploads ?? []) });
    changed(record.name);
  }
}
