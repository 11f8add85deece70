import { createHash, randomBytes } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../../core/sdk/store.ts';
import { openCatalogue, type SourceFile } from '../../../plugins/photo-backup/catalogue.ts';
import type { TargetSettings } from '../../../plugins/photo-backup/config.ts';
import { openHashBook } from '../../../plugins/photo-backup/hashes.ts';
import { noteTargets, openLedger } from '../../../plugins/photo-backup/ledger.ts';
import { MIGRATIONS } from '../../../plugins/photo-backup/migrations.ts';
import { type Outcome, type PassOptions, runPass } from '../../../plugins/photo-backup/pass.ts';
import { rateLimit } from '../../../plugins/photo-backup/rate-limit.ts';
import { openTarget } from '../../../plugins/photo-backup/targets/index.ts';
import { verifyTarget } from '../../../plugins/photo-backup/verify.ts';
import { temporaryFolder } from '../../support/hub.ts';

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** Settings with the manifest's defaults. */
export const settingsOf = (settings: Partial<TargetSettings> & Pick<TargetSettings, 'type'>): TargetSettings => ({
  name: 'safe',
  prefix: '',
  region: 'us-east-1',
  options: {},
  replace: 'versioned',
  ...settings,
});

/** An archive on disk, the catalogue of it, and one target with its ledger: the engine without hub and clock. */
export async function bed(settings: Partial<TargetSettings> & Pick<TargetSettings, 'type'>) {
  const folder = await temporaryFolder();
  const archive = join(folder, 'archive');
  await mkdir(join(archive, '.cupboard'), { recursive: true });
  const store = openStore(join(folder, 'store.db'), MIGRATIONS);
  onTestFinished(() => void store.close());
  const catalogue = openCatalogue(store);
  const complete = settingsOf(settings);
  const target = openTarget(complete, { dataDir: folder });
  noteTargets(store, [complete.name]);
  const ledger = openLedger(store, complete.name);
  const hashes = openHashBook(store);
  let change = 0;

  const enter = (file: SourceFile) => {
    change += 1;
    catalogue.take([file], { change, archive, simulated: false });
  };
  return {
    folder,
    archive,
    store,
    settings: complete,
    catalogue,
    target,
    ledger,
    hashes,
    /** Puts a file into the archive and the catalogue, or changes it. */
    async photo(path: string, bytes: Buffer = randomBytes(2000), more: Partial<SourceFile> = {}) {
      const file = join(archive, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      const { size, mtimeMs } = await stat(file);
      enter({
        path,
        folder: dirname(path),
        size,
        mtime: Math.floor(mtimeMs),
        sha256: sha256(bytes),
        original_sha256: sha256(bytes),
        state: 'verified',
        captured: '2016-02-01T10:00:00',
        title: null,
        caption: null,
        latitude: null,
        longitude: null,
        ...more,
      });
      return bytes;
    },
    async pass(options: Partial<PassOptions> = {}) {
      const outcomes: Record<string, Outcome> = {};
      const result = await runPass({
        target,
        ledger,
        catalogue,
        hashes,
        archive,
        policy: { replace: complete.replace === 'versioned', rewriteAfter: 0 },
        limiter: rateLimit(undefined),
        signal: new AbortController().signal,
        dryRun: false,
        retryAll: false,
        onProgress: () => undefined,
        onFile: (path, _, outcome) => {
          outcomes[path] = outcome;
        },
        ...options,
      });
      return { ...result, outcomes };
    },
    verify: (options: { folder?: string; readBack?: boolean } = {}) =>
      verifyTarget({
        target,
        ledger,
        readBack: false,
        signal: new AbortController().signal,
        onProgress: () => undefined,
        ...options,
      }),
  };
}
