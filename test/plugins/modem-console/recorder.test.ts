import { mkdirSync, rmSync, truncateSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../core/sdk/store.ts';
import type { EventName } from '../../../plugins/modem-console/decode/boot.ts';
import { MIGRATIONS } from '../../../plugins/modem-console/migrations.ts';
import { RateLimit } from '../../../plugins/modem-console/rate-limit.ts';
import {
  ConsoleIndex,
  findBoot,
  lastBootId,
  recordedBoots,
} from '../../../plugins/modem-console/recorder/index-store.ts';
import { RawLog } from '../../../plugins/modem-console/recorder/raw-log.ts';
import { Recorder } from '../../../plugins/modem-console/recorder/recorder.ts';
import { searchLines } from '../../../plugins/modem-console/recorder/search.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { CM } from './transcripts.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

/** A recorder on real files and a real database; `again` is what follows a kill -9: nothing was closed. */
async function openRecorder(options: { keepBytes?: number; keepBoots?: number } = {}) {
  const folder = await temporaryFolder();
  const { keepBytes = 1e9, keepBoots = 100 } = options;
  const start = async () => {
    const store = openStore(join(folder, 'store.db'), MIGRATIONS);
    onTestFinished(() => void store.close());
    const log = new RawLog(join(folder, 'cm'));
    const index = new ConsoleIndex(store, 'cm', keepBoots);
    const events: EventName[] = [];
    let bootId = lastBootId(store);
    const recorder = new Recorder({
      log,
      index,
      keepBytes,
      nextBootId: () => ++bootId,
      localDate: (time) => new Date(time).toISOString().slice(0, 10),
      onEvent: ({ name }) => events.push(name),
      onLine: () => undefined,
    });
    await recorder.catchUp();
    onTestFinished(() => recorder.close());
    const search = (text: string) =>
      searchLines(store, new Map([['cm', { log, index, recorder }]]), { text, limit: 1000 }) ?? [];
    const boots = () => recordedBoots(store, { limit: 100 });
    return { recorder, log, index, store, events, search, boots };
  };
  return { ...(await start()), again: start, folder };
}

async function bytesOf(log: RawLog, from = log.start, to = log.end): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of log.read(from, to)) parts.push(part);
  return Buffer.concat(parts);
}

describe('the raw log', () => {
  it('goes on in a new file after 4 MiB and reads across files', async () => {
    const folder = join(await temporaryFolder(), 'cm');
    const log = new RawLog(folder);
    const part = Buffer.alloc(1024 * 1024, 'abcdefgh');
    for (let index = 0; index < 9; index += 1) log.append(part, log.end);
    log.close();
    expect(await readdir(folder)).toEqual(['000000000000000.raw', '000000004194304.raw', '000000008388608.raw']);
    const read = await bytesOf(new RawLog(folder), 4194300, 4194310);
    expect(read.toString()).toBe('efghabcdef');
    expect(new RawLog(folder).readSync(4194300, 10).toString()).toBe('efghabcdef');
  });

  it('drops the oldest files beyond what is kept', async () => {
    const folder = join(await temporaryFolder(), 'cm');
    const log = new RawLog(folder);
    const part = Buffer.alloc(4 * 1024 * 1024);
    for (let index = 0; index < 4; index += 1) log.append(part, log.end);
    await log.trim(9 * 1024 * 1024);
    expect([log.start, log.end]).toEqual([8 * 1024 * 1024, 16 * 1024 * 1024]);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('keeps the offsets of later bytes when some were lost', async () => {
    const log = new RawLog(join(await temporaryFolder(), 'cm'));
    log.append(Buffer.from('before'), 0);
    log.append(Buffer.from('after'), 100);
    expect(log.end).toBe(105);
    expect((await bytesOf(log, 3, 103)).toString()).toBe('oreaft');
    log.close();
  });
});

describe('a recorder', () => {
  it('understands what it records, and finds it', async () => {
    const { recorder, boots, search, log, events } = await openRecorder();
    recorder.push(CM, NOON);
    recorder.writeIndex();
    expect(boots()).toMatchObject([{ id: 1, console: 'cm', time: NOON, finished: null, offset: 0 }]);
    expect(boots()[0]?.boot.images).toHaveLength(3);
    expect(search('spiboot dual-flash')).toMatchObject([
      { time: NOON, text: expect.stringContaining('2.4.0alpha14R6T') },
    ]);
    expect(search('Dual flash detected')).toHaveLength(1);
    expect(search('imag*')).toHaveLength(8);
    expect(search('"flash detected" nowhere')).toEqual([]);
    expect(search('NEAR( OR -"')).toEqual([]);
    expect(await bytesOf(log)).toEqual(CM);
    expect(events).toEqual(['boot_started', 'menu']);
  });

  it('shows terminal sequences and control bytes neither in lines nor in search', async () => {
    const { recorder, search } = await openRecorder();
    recorder.push(Buffer.from('\x1b[31mred\x1b[0m\0 alert\x1b]0;title\x07\r\n'), NOON);
    expect(search('red alert')).toMatchObject([{ text: 'red alert' }]);
    expect(search('title')).toEqual([]);
  });

  it('takes up after a kill -9 in mid-line: nothing twice, nothing lost, the same boot', async () => {
    const cut = CM.indexOf('Image 2') + 4;
    const first = await openRecorder();
    first.recorder.push(CM.subarray(0, 200), NOON);
    first.recorder.writeIndex();
    first.recorder.push(CM.subarray(200, cut), NOON + 1000);
    await first.recorder.flush();

    const second = await first.again();
    expect(second.events).toEqual([]);
    second.recorder.push(CM.subarray(cut), NOON + 5000);
    second.recorder.writeIndex();
    expect(second.boots()).toHaveLength(1);
    expect(second.boots()[0]).toMatchObject({ time: NOON, boot: { chip: 'BCM338332', images: [{}, {}, {}] } });
    expect(second.search('MemSize')).toHaveLength(1);
    expect(second.search('Image 2 Program Header')).toHaveLength(1);
    expect(await bytesOf(second.log)).toEqual(CM);
    expect(second.recorder.bootsOn('2026-11-22')).toBe(1);
  });

  it('goes on where the index says when a power cut took the end of a file', async () => {
    const first = await openRecorder();
    first.recorder.push(CM, NOON);
    first.recorder.writeIndex();
    truncateSync(join(first.folder, 'cm', '000000000000000.raw'), 1000);
    const second = await first.again();
    second.recorder.push(Buffer.from('after the cut\n'), NOON + 9000);
    expect(second.search('after the cut')).toMatchObject([{ offset: CM.length, text: 'after the cut' }]);
    expect(second.search('dynnv')).toMatchObject([{ text: '' }]);
  });

  it('forgets the lines of bytes that are not kept', async () => {
    const { recorder, search, log } = await openRecorder({ keepBytes: 5e6 });
    recorder.push(Buffer.from('oldest line\n'), NOON);
    const filler = Buffer.from(`${'filler'.repeat(100)}\n`.repeat(1000));
    for (let count = 0; count < 13; count += 1) recorder.push(filler, NOON + count);
    recorder.writeIndex();
    expect(search('oldest')).toHaveLength(1);
    await recorder.trim();
    expect(search('oldest')).toEqual([]);
    expect(log.end - log.start).toBeLessThanOrEqual(5e6);
  });

  it('counts every boot of a day, and keeps the last of them', async () => {
    const { recorder, boots, store } = await openRecorder({ keepBoots: 3 });
    for (let count = 0; count < 5; count += 1) recorder.push(CM, NOON + count * 1000);
    recorder.writeIndex();
    recorder.push(CM, NOON + 24 * 3600_000);
    recorder.writeIndex();
    expect([recorder.bootsOn('2026-11-22'), recorder.bootsOn('2026-11-23')]).toEqual([5, 1]);
    expect(boots().map(({ id }) => id)).toEqual([6, 5, 4]);
    expect(findBoot(store, 5)).toMatchObject({ offset: CM.length * 4, end: CM.length * 5 });
    expect(findBoot(store, 1)).toBeUndefined();
  });

  it('says at the next flush that the disk took nothing, and goes on when it does', async () => {
    const { recorder, folder, search } = await openRecorder();
    rmSync(join(folder, 'cm'), { recursive: true });
    recorder.push(Buffer.from('lost\n'), NOON);
    await expect(recorder.flush()).rejects.toThrow('ENOENT');
    mkdirSync(join(folder, 'cm'));
    recorder.push(Buffer.from('kept\n'), NOON);
    await recorder.flush();
    expect(search('kept')).toMatchObject([{ offset: 5, text: 'kept' }]);
  });
});

describe('a rate limit', () => {
  it('lets so many of each kind through a minute, and counts the rest', () => {
    let now = 0;
    const limit = new RateLimit(2, () => now);
    expect([limit.admit('a'), limit.admit('a'), limit.admit('a'), limit.admit('a')]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ]);
    expect(limit.admit('b')).toBe(0);
    now = 60_000;
    expect([limit.admit('a'), limit.admit('a'), limit.admit('a')]).toEqual([2, 0, undefined]);
    expect(new RateLimit(0).admit('a')).toBeUndefined();
  });
});
