import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rateLimit } from '../../../plugins/photo-backup/rate-limit.ts';
import { Uploader } from '../../../plugins/photo-backup/uploader.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { bed } from './bed.ts';
import { StrictS3 } from './strict-s3.ts';

const A = '2016-W05/P1010001.JPG';
const VIDEO = '2016-W05/P1010002.MOV';
const MIB = 1 << 20;
const S3 = { type: 's3', bucket: 'photos', access_key_id: 'KEY', secret_access_key: 'SECRET' } as const;

/** An uploader at work on a bed, with what it told. */
async function working(settings: Parameters<typeof bed>[0]) {
  const made = await bed(settings);
  const stop = new AbortController();
  const events: { name: string; [key: string]: unknown }[] = [];
  const lines: string[] = [];
  const say = (text: string) => void lines.push(text);
  const uploader = new Uploader({
    place: made,
    catalogue: made.catalogue,
    hashes: made.hashes,
    archive: () => made.archive,
    timezone: 'UTC',
    verifyDays: 30,
    log: { debug: say, info: say, warn: say, error: say },
    signal: stop.signal,
    event: (name, data) => void events.push({ name, ...data }),
    progress: () => undefined,
    changed: () => undefined,
    afterPass: async () => undefined,
  });
  const running = uploader.run();
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const until = (state: string) => waitFor(state, () => uploader.state().state === state);
  return { ...made, uploader, events, lines, until };
}

describe('an uploader', () => {
  it('sends what is new when it is woken, and tells', async () => {
    const { uploader, photo, until, events } = await working({ type: 'directory', path: 'safe' });
    await until('ok');
    await photo(A);
    uploader.wake();
    await waitFor('the photo to be safe', () => uploader.state().safe === 1);
    await until('ok');
    expect(events).toMatchObject([{ name: 'backup_finished', target: 'safe', uploaded: 1, failed: 0, safe: 1 }]);
    expect(uploader.state().last_success).toBeGreaterThan(0);
  });

  it('stops in the middle of a file when paused, and goes on from there', async () => {
    const server = await new StrictS3().start();
    const { uploader, photo, until } = await working({ ...S3, endpoint: server.url });
    await until('ok');
    server.fault = (request) => {
      if (/partNumber=3/.test(request)) uploader.pause(true);
      return undefined;
    };
    await photo(VIDEO, randomBytes(40 * MIB));
    uploader.wake();
    await until('paused');
    await expect(uploader.runNow(false)).rejects.toThrow('it is paused');
    expect(server.objects.size).toBe(0);
    server.fault = () => undefined;
    uploader.pause(false);
    await waitFor('the video to be safe', () => uploader.state().safe === 1);
    const parts = server.requests.flatMap((request) => /partNumber=(\d+)/.exec(request)?.[1] ?? []);
    expect(parts.filter((part) => part === '1' || part === '2')).toEqual(['1', '2']);
  });

  it('keeps its hours, but for a run that was asked for', async () => {
    const now = new Date();
    const hour = (add: number) => `${String((now.getUTCHours() + add) % 24).padStart(2, '0')}:00`;
    const window = `${hour(3)}-${hour(5)}`;
    const { uploader, photo, until } = await working({ type: 'directory', path: 'safe', window });
    await photo(A);
    uploader.wake();
    await until('waiting_window');
    expect(uploader.state()).toMatchObject({ safe: 0, pending: 1 });
    expect(await uploader.runNow(false)).toMatchObject({ uploaded: 1 });
  });

  it('names a line that is down, and works again when it is up', async () => {
    const server = await new StrictS3().start();
    server.fault = () => ({ status: 503, code: 'ServiceUnavailable' });
    const { uploader, photo, until, lines } = await working({ ...S3, endpoint: server.url });
    await photo(A);
    await until('unreachable');
    expect(uploader.state().advice).toContain('tried again');
    server.fault = () => undefined;
    uploader.wake();
    await until('ok');
    expect(lines).toContain('safe: works again');
  });

  it('waits for an archive that is not mounted', async () => {
    const { uploader, photo, until, archive } = await working({ type: 'directory', path: 'safe' });
    await photo(A);
    await rename(archive, `${archive}-away`);
    await expect(uploader.runNow(false)).rejects.toThrow('the archive is not at');
    await until('archive_missing');
    await rename(`${archive}-away`, archive);
    expect(await uploader.runNow(false)).toMatchObject({ uploaded: 1 });
  });

  it('lets nothing simulated out of the house', async () => {
    const outside = await temporaryFolder();
    const { uploader, photo, until, catalogue } = await working({ type: 'rclone', remote: `:local:${outside}` });
    await photo(A);
    catalogue.take([], { ...catalogue.position(), simulated: true });
    uploader.wake();
    await until('simulated');
    await expect(uploader.runNow(false)).rejects.toThrow('stay in the house');
  });

  it('shows what sending changed files early would cost', async () => {
    const server = await new StrictS3().start();
    const settings = { ...S3, endpoint: server.url, storage_class: 'STANDARD_IA', price: 1000 };
    const { uploader, photo, until } = await working(settings);
    await photo(A, randomBytes(MIB));
    await uploader.runNow(false);
    await photo(A, randomBytes(MIB));
    uploader.wake();
    await until('rewrites_waiting');
    expect(uploader.state().rewrites).toMatchObject({ waiting: 1, bytes: MIB, after_days: 30 });
    expect(uploader.state().rewrites.cost_now).toBeCloseTo(1000 / 1024, 1);
    expect(await uploader.runNow(true)).toMatchObject({ replaced: 1 });
  });

  it('tells once of a file that fails, with its reason', async () => {
    const { uploader, photo, until, archive, events } = await working({ type: 'directory', path: 'safe' });
    await photo(A);
    await mkdir(join(archive, '2016-W05'), { recursive: true });
    await writeFile(join(archive, A), 'something else');
    await uploader.runNow(false);
    await until('failing');
    await uploader.runNow(false);
    expect(events.filter(({ name }) => name === 'file_failed')).toMatchObject([{ path: A, kind: 'source_changed' }]);
  });
});

it('lets bytes pass no faster than the rate', async () => {
  const limiter = rateLimit(1000);
  const { signal } = new AbortController();
  const start = performance.now();
  for (let block = 0; block < 7; block++) await limiter.take(100_000, signal);
  // 700 kB at 1000 kB/s, half a second of it at once.
  expect(performance.now() - start).toBeGreaterThan(150);
});
