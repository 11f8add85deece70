import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';

const run = promisify(execFile);

/** Debian's own: the path of npm's scripts has the one under test before it. */
export const EXIFTOOL = '/usr/bin/exiftool';

/** What Debian's ExifTool, not the one under test, reads: `-G1 -n` names to values. */
export async function judgedByExiftool(path: string, ...options: string[]): Promise<Record<string, unknown>> {
  return (await allJudgedByExiftool([path], ...options))[0] as Record<string, unknown>;
}

/** The same for many files in one run, in their order. */
export async function allJudgedByExiftool(paths: readonly string[], ...options: string[]) {
  const { stdout } = await run(EXIFTOOL, ['-json', '-G1', '-n', ...options, ...paths], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Record<string, unknown>[];
}

/** Values of keys as exiv2 reads them; absent keys are absent. */
export async function judgedByExiv2(path: string, ...keys: string[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const key of keys) {
    const { stdout } = await run('exiv2', ['-K', key, '-Pv', path]).catch(() => ({ stdout: '' }));
    if (stdout !== '') values[key] = stdout.replace(/\n$/, '');
  }
  return values;
}

/** A real JPEG of random pixels, different each time, with what `exiftool` arguments put into it. */
export async function makeJpeg(path: string, ...tags: string[]): Promise<void> {
  const [width, height] = [64, 48];
  const raw = randomBytes(width * height * 3);
  await writeFile(
    path,
    await sharp(raw, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 80 })
      .toBuffer(),
  );
  if (tags.length > 0) await run(EXIFTOOL, ['-q', '-overwrite_original', ...tags, path]);
}

/** The picture as decoded pixels: nothing of the metadata is in them. */
export const pixelsOf = (path: string): Promise<Buffer> => sharp(path, { failOn: 'none' }).raw().toBuffer();
