import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdoptJob } from '../../plugins/photos/ingest/adopt.ts';
import { ImportJob } from '../../plugins/photos/ingest/import.ts';
import { jpegOf, writeCard } from '../support/camera-files.ts';
import { openPhotoArchive } from '../support/photo-archive.ts';
import type { BenchRow } from './row.ts';

const PHOTOS = 60;
const PHOTO_BYTES = 6_600_000;
const CARD_FILES = 5000;
const ARCHIVE_FILES = 25_000;
const SMALL_BYTES = 4000;
const VIDEOS = 5;
const VIDEO_BYTES = 4 * 1024 ** 3;

const { signal } = new AbortController();

export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  try {
    // Memory first: what the others leave behind would hide it.
    const memory = await videos(folder);
    return [...(await importing(folder)), ...(await again(folder)), ...(await adopting(folder)), ...memory];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Photos of full size: read, hashed, written, made durable and read again, against cp -a and sha256sum of source and copy. */
async function importing(folder: string): Promise<BenchRow[]> {
  const card = await fill(join(folder, 'card'), PHOTOS, PHOTO_BYTES);
  const rates = { ours: 0, verified: 0, plain: 0 };
  for (const round of [1, 2, 3]) {
    const copy = join(folder, `cp${round}`);
    rates.plain = Math.max(
      rates.plain,
      await rate(() =>
        inShell(`cp -a '${card}' '${copy}' && cd '${card}' && find . -type f -exec sha256sum {} + > /dev/null`),
      ),
    );
    const both = `cp -a '${card}' '${copy}b' && cd '${card}' && find . -type f -exec sha256sum {} + > ../sums && sync -f '${copy}b' && cd '${copy}b' && sha256sum --quiet -c ../sums`;
    rates.verified = Math.max(rates.verified, await rate(() => inShell(both)));
    const bed = openBed(join(folder, `archive${round}`));
    rates.ours = Math.max(rates.ours, await rate(() => bed.import(card)));
    bed.close();
    inShell(`rm -rf '${copy}' '${copy}b' '${bed.root}'`);
  }
  await rm(card, { recursive: true });
  const row = { name: `import of ${PHOTOS} photos of 6.6 MB, verified`, value: rates.ours, unit: 'MB/s' };
  return [
    { ...row, target: '>= 0.9', ratioTo: { name: 'cp -a and sha256sum', value: rates.plain } },
    { ...row, ratioTo: { name: 'the same with sync and sha256sum -c of the copy', value: rates.verified } },
  ];
}

const rate = async (work: () => unknown): Promise<number> => (PHOTOS * PHOTO_BYTES) / 1e6 / (await seconds(work));

/** A card that comes again with nothing new. */
async function again(folder: string): Promise<BenchRow[]> {
  const card = await fill(join(folder, 'small'), CARD_FILES, SMALL_BYTES);
  const bed = openBed(join(folder, 'archive-small'));
  const first = await seconds(() => bed.import(card));
  const second = await seconds(() => bed.import(card));
  bed.close();
  await rm(card, { recursive: true });
  return [
    { name: `first import of ${CARD_FILES} small files`, value: first, unit: 's' },
    { name: 'second insert of that card', value: second, unit: 's', target: '<= 2' },
  ];
}

async function adopting(folder: string): Promise<BenchRow[]> {
  const bed = openBed(join(folder, 'archive-old'));
  await fill(bed.root, ARCHIVE_FILES, SMALL_BYTES);
  const first = await seconds(() => bed.adopt());
  const second = await seconds(() => bed.adopt());
  bed.close();
  return [
    { name: `adopting ${ARCHIVE_FILES} small files`, value: first, unit: 's' },
    { name: 'adopting them again', value: second, unit: 's' },
  ];
}

/** Memory while 20 GB of video come in; the files are sparse, and the disk needs room for the copies. */
async function videos(folder: string): Promise<BenchRow[]> {
  const card = join(folder, 'videos');
  mkdirSync(card);
  for (let video = 0; video < VIDEOS; video += 1) {
    const file = await open(join(card, `MVI_${video}.MP4`), 'w');
    await file.write(`video ${video}`);
    await file.truncate(VIDEO_BYTES);
    await file.close();
  }
  const bed = openBed(join(folder, 'archive-video'));
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 100);
  const took = await seconds(() => bed.import(card));
  clearInterval(timer);
  bed.close();
  return [
    {
      name: 'most memory added while 20 GB of sparse video come in',
      value: (most - before) / 1e6,
      unit: 'MB',
      target: 'flat',
    },
    { name: 'import of that video, verified', value: (VIDEOS * VIDEO_BYTES) / 1e6 / took, unit: 'MB/s' },
  ];
}

/** Photos of three months in folders as a camera makes them. */
async function fill(folder: string, count: number, bytes: number): Promise<string> {
  for (let shot = 0; shot < count; shot += 1) {
    const date = `2016:0${1 + (shot % 3)}:${10 + (shot % 18)} 12:00:00`;
    const path = `DCIM/${100 + Math.floor(shot / 1000)}TEST/IMG_${shot}.JPG`;
    await writeCard(folder, { [path]: jpegOf({ date, bytes }) });
  }
  return folder;
}

/** Everything an import needs but the hub around it. */
function openBed(root: string) {
  mkdirSync(root);
  const { context, close } = openPhotoArchive(root, `${root}.db`);
  const checked = async (working: Promise<{ ok: boolean; failed: number }>) => {
    const { ok, failed } = await working;
    if (!ok || failed > 0) throw new Error(`not all was imported: ${failed} failed`);
  };
  return {
    root,
    import: (card: string) => checked(new ImportJob(context, card, { signal }).run()),
    adopt: () => checked(new AdoptJob(context, { dryRun: false, signal, onProgress: () => undefined }).run(root)),
    close,
  };
}

const inShell = (command: string) => execFileSync('sh', ['-ec', command]);

async function seconds(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
