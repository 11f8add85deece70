import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../core/sdk/store.ts';
import { createLogger } from '../../../core/support/log.ts';
import type { SourceFile } from '../../../plugins/photo-backup/catalogue.ts';
import { folderOf } from '../../../plugins/photo-backup/documents/entry.ts';
import { openAccount } from '../../../plugins/photo-backup/flickr/account.ts';
import { openApi } from '../../../plugins/photo-backup/flickr/api.ts';
import { ADVICE, FlickrError, stateOf } from '../../../plugins/photo-backup/flickr/errors.ts';
import { openPace } from '../../../plugins/photo-backup/flickr/pace.ts';
import { type ShareArguments, select } from '../../../plugins/photo-backup/flickr/selection.ts';
import { FLICKR_MIGRATION, openShares } from '../../../plugins/photo-backup/flickr/shares.ts';
import { type SharedPhoto, shareWaiting } from '../../../plugins/photo-backup/flickr/sharing.ts';
import { keywordsOf } from '../../../plugins/photo-backup/flickr/tags.ts';
import { openTransport } from '../../../plugins/photo-backup/flickr/transport.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { APP, type StrictFlickr, startFlickr, VERIFIER } from './strict-flickr.ts';

const ALBUM = '2016-W05: Skiing';
const TITLE = `Ünï "quoted" & 日本 🎿 *'()!~ + %41`;

/** The smallest thing that passes for a JPEG. */
const jpeg = (content: string) =>
  Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.from(content), Buffer.from([0xff, 0xd9])]);
const hash = (path: string) => path.padEnd(64, '0').replace(/[^0-9a-f]/g, 'a');

/** A household with an archive, connected with a Flickr. */
async function household(flickr: StrictFlickr, app: { key: string; secret: string } = APP) {
  const dataDir = await temporaryFolder();
  const archive = join(dataDir, 'archive');
  await mkdir(join(archive, '.cupboard'), { recursive: true });
  const store = openStore(join(dataDir, 'store.db'), [FLICKR_MIGRATION]);
  onTestFinished(() => void store.close());
  const signal = AbortSignal.timeout(20_000);
  const transport = await openTransport(app, openPace(), flickr.url);
  const account = await openAccount(dataDir, app.key, transport);
  const api = openApi(transport, account, 'private');
  const shares = openShares(store);
  const photos = new Map<string, SharedPhoto>();
  return {
    dataDir,
    archive,
    account,
    api,
    shares,
    transport,
    signal,
    async connect() {
      await account.begin(signal);
      await account.finish(VERIFIER, signal);
    },
    async add(path: string, content: Buffer, more: Partial<SharedPhoto> = {}) {
      await mkdir(dirname(join(archive, path)), { recursive: true });
      await writeFile(join(archive, path), content);
      photos.set(path, { title: TITLE, caption: null, latitude: null, longitude: null, ...more });
      shares.add([{ album: ALBUM, path, sha256: hash(path) }]);
    },
    work: () =>
      shareWaiting({
        api,
        shares,
        archive: () => archive,
        photo: (path) => photos.get(path),
        log: createLogger('photo-backup', () => undefined),
        signal,
        onProgress: () => undefined,
        lookAgainMs: [1, 1, 1],
      }),
  };
}

async function connected() {
  const flickr = await startFlickr();
  const home = await household(flickr);
  await home.connect();
  return { flickr, home };
}

const state = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof FlickrError ? error.state : String(error)),
  );

describe('connecting', () => {
  it('shows an address, takes the code, and keeps the permission where only the owner can read it', async () => {
    const flickr = await startFlickr();
    const home = await household(flickr);
    expect(await home.account.begin(home.signal)).toBe(
      `${flickr.url}/services/oauth/authorize?oauth_token=request-token&perms=write`,
    );
    expect(await state(home.account.finish('000-000', home.signal))).toBe('bad_token');
    expect((await home.account.finish(` ${VERIFIER}\n`, home.signal)).name).toBe('ann');
    const file = join(home.dataDir, 'flickr.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await openAccount(home.dataDir, APP.key, home.transport);
    expect(again.grant()).toEqual(home.account.grant());
    const otherApp = await openAccount(home.dataDir, 'another-key', home.transport);
    expect(() => otherApp.grant()).toThrow('no permission');
    expect(await readFile(file, 'utf8')).not.toContain(APP.secret);
  });

  it.each([
    [{ key: 'unknown', secret: APP.secret }, 0, 'bad_key'],
    [{ key: APP.key, secret: 'wrong' }, 0, 'bad_signature'],
    [APP, 4_000, 'clock_skew'],
  ])('names what is wrong with %o and a clock that is off by %i s', async (app, clockAhead, expected) => {
    const flickr = await startFlickr();
    flickr.clockAhead = clockAhead;
    const home = await household(flickr, app);
    const error = await home.account.begin(home.signal).catch((thrown: unknown) => thrown as FlickrError);
    expect(error).toMatchObject({ state: expected });
    expect(String(error)).not.toContain(app.secret);
  });
});

describe('sharing', () => {
  it('uploads with title, caption, place and machine tag into one album, and never twice', async () => {
    const { flickr, home } = await connected();
    await home.add('2016-W05/P1.JPG', jpeg('one'), { caption: 'Line one\nline two', latitude: 47.5, longitude: -8.25 });
    await home.add('2016-W05/P "2"\r.JPG', jpeg('two'));
    await home.work();
    expect(flickr.refused).toEqual([]);
    const [second, first] = [...flickr.photos.values()];
    expect(first?.fields).toMatchObject({
      title: TITLE,
      description: 'Line one\nline two',
      is_public: '0',
      is_friend: '0',
      is_family: '0',
    });
    expect(first).toMatchObject({
      tags: [`hub:sha256=${hash('2016-W05/P1.JPG')}`],
      position: { lat: '47.5', lon: '-8.25' },
    });
    expect(second?.position).toBeUndefined();
    expect([...flickr.albums.values()]).toEqual([{ title: ALBUM, photos: [second?.id, first?.id] }]);
    expect(home.shares.albums()).toMatchObject([{ title: ALBUM, shared: 2, waiting: 0, refused: 0 }]);

    const before = flickr.calls.length;
    home.shares.add([{ album: ALBUM, path: '2016-W05/P1.JPG', sha256: hash('2016-W05/P1.JPG') }]);
    await home.work();
    expect(flickr.calls).toHaveLength(before);
  });

  it('finds what it uploaded in an earlier life, and the album too', async () => {
    const { flickr, home } = await connected();
    await home.add('a.JPG', jpeg('one'));
    await home.work();
    const reborn = await household(flickr);
    await reborn.connect();
    await reborn.add('a.JPG', jpeg('one'));
    await reborn.work();
    expect(flickr.photos.size).toBe(1);
    expect(flickr.albums.size).toBe(1);
    expect(reborn.shares.albums()).toMatchObject([{ shared: 1 }]);
  });

  it.each(['drop_after', 'garbage_after'] as const)(
    'looks an upload up that ended with %s, until Flickr finds it',
    async (fault) => {
      const { flickr, home } = await connected();
      flickr.faults.push(fault);
      flickr.indexLag = 2;
      await home.add('a.JPG', jpeg('one'));
      await home.work();
      expect(flickr.calls.filter((call) => call === 'upload')).toHaveLength(1);
      expect(home.shares.albums()).toMatchObject([{ shared: 1 }]);
    },
  );

  it('looks first and then sends again what never arrived', async () => {
    const { flickr, home } = await connected();
    flickr.faults.push('drop_before');
    await home.add('a.JPG', jpeg('one'));
    expect(await state(home.work())).toBe('unclear');
    expect(home.shares.waiting()).toHaveLength(1);
    const tried = flickr.calls.length;
    await home.work();
    expect(flickr.calls.slice(tried)[0]).toBe('flickr.photos.search');
    expect(flickr.photos.size).toBe(1);
  });

  it('takes a photo over that somebody uploaded by hand', async () => {
    const { flickr, home } = await connected();
    await home.add('a.JPG', jpeg('one'));
    await home.work();
    for (const photo of flickr.photos.values()) photo.tags = [];
    await home.add('copy.JPG', jpeg('one'));
    await home.work();
    expect(flickr.photos.size).toBe(1);
    expect(home.shares.albums()).toMatchObject([{ shared: 2 }]);
  });

  it('settles what is wrong with one photo and goes on with the others', async () => {
    const { flickr, home } = await connected();
    flickr.mostBytes = 1_000;
    await home.add('1-empty.JPG', Buffer.alloc(0));
    await home.add('2-text.JPG', Buffer.from('not a photo'));
    await home.add('3-large.JPG', jpeg('x'.repeat(2_000)));
    await home.add('4-lost.JPG', jpeg('lost'));
    await rm(join(home.archive, '4-lost.JPG'));
    await home.add('5-good.JPG', jpeg('good'));
    await home.work();
    expect(home.shares.refused(ALBUM).map(({ path, reason }) => [path, reason.split(':')[0]])).toEqual([
      ['1-empty.JPG', 'empty'],
      ['2-text.JPG', 'unknown_type'],
      ['3-large.JPG', 'too_large'],
      ['4-lost.JPG', 'missing'],
    ]);
    expect(home.shares.albums()).toMatchObject([{ shared: 1, refused: 4, waiting: 0 }]);
  });

  it('stops at what concerns the whole account, and keeps what waits', async () => {
    const { flickr, home } = await connected();
    await home.add('a.JPG', jpeg('one'));
    flickr.faults.push('down');
    expect(await state(home.work())).toBe('flickr_down');
    flickr.revoked = true;
    expect(await state(home.work())).toBe('bad_token');
    flickr.revoked = false;
    await home.work();
    expect(flickr.photos.size).toBe(1);
  });

  it('waits for the disk of the archive instead of calling every photo missing', async () => {
    const { flickr, home } = await connected();
    await home.add('a.JPG', jpeg('one'));
    await rename(home.archive, `${home.archive}-away`);
    await mkdir(home.archive);
    expect(await state(home.work())).toBe('archive_missing');
    await rm(home.archive, { recursive: true });
    await rename(`${home.archive}-away`, home.archive);
    await home.work();
    expect(flickr.photos.size).toBe(1);
  });

  it('says unreachable when nothing listens, without the need to look anything up', async () => {
    const { home } = await connected();
    await home.add('a.JPG', jpeg('one'));
    const nowhere = await openTransport(APP, openPace(), 'http://127.0.0.1:1');
    const upload = nowhere.upload(join(home.archive, 'a.JPG'), {}, home.account.grant(), home.signal);
    expect(await state(upload)).toBe('unreachable');
  });

  it('makes an album anew that was deleted on Flickr, and sends a deleted photo again when asked again', async () => {
    const { flickr, home } = await connected();
    await home.add('a.JPG', jpeg('one'));
    await home.work();
    flickr.albums.clear();
    await home.add('b.JPG', jpeg('two'));
    await home.work();
    expect([...flickr.albums.values()]).toMatchObject([{ title: ALBUM }]);

    flickr.photos.clear();
    home.shares.add([{ album: 'Best of', path: 'a.JPG', sha256: hash('a.JPG') }]);
    await home.work();
    expect(home.shares.refused('Best of')).toMatchObject([{ path: 'a.JPG' }]);
    home.shares.add([{ album: 'Best of', path: 'a.JPG', sha256: hash('a.JPG') }]);
    await home.work();
    expect(home.shares.albums().find(({ title }) => title === 'Best of')).toMatchObject({ shared: 1, refused: 0 });
  });

  it('finds an album beyond the first page of the list', async () => {
    const { flickr, home } = await connected();
    for (let index = 0; index < 501; index += 1)
      flickr.albums.set(`x${index}`, { title: `Album ${index}`, photos: [] });
    expect(await home.api.findAlbum('Album 500', home.signal)).toBe('x500');
    expect(await home.api.findAlbum('Album 501', home.signal)).toBeUndefined();
  });
});

it('keeps below 3,600 calls in any hour', async () => {
  let now = 0;
  const wait = (async (ms: number) => {
    now += ms;
  }) as unknown as Parameters<typeof openPace>[1];
  const pace = openPace(() => now, wait);
  const times: number[] = [];
  for (let call = 0; call < 9_000; call += 1) {
    await pace.take(AbortSignal.timeout(60_000));
    times.push(now);
  }
  const most = times.reduce((highest, from, first) => {
    const last = times.findIndex((time) => time >= from + 3_600_000);
    return Math.max(highest, (last < 0 ? times.length : last) - first);
  }, 0);
  expect(most).toBeLessThan(3_600);
  expect(times.at(-1)).toBeLessThan(3 * 3_600_000);
});

it('reads back what people tagged on Flickr', async () => {
  const { flickr, home } = await connected();
  await home.add('a.JPG', jpeg('one'));
  await home.work();
  flickr.photos.get(home.shares.uploaded()[0]?.id ?? '')?.tags.push('Beach', 'two words');
  const [photo] = home.shares.uploaded();
  expect(photo?.path).toBe('a.JPG');
  expect(await home.api.keywords(photo?.id ?? '', home.signal)).toEqual(['flickr:Beach', 'flickr:two words']);
});

describe('what is meant', () => {
  const file = (path: string, captured: string | null, title: string | null = null): SourceFile => ({
    ...{ path, folder: folderOf(path), size: 1, mtime: 0, sha256: path, original_sha256: path, state: 'verified' },
    ...{ captured, title, caption: null, latitude: null, longitude: null },
  });
  const files = [
    file('2016-W05/P1.JPG', '2016-01-31T10:00:00', 'Skiing'),
    file('2016-W05/P1.RW2', '2016-01-31T10:00:00', 'Skiing'),
    file('2016-W05/P2.MOV', '2016-02-01T10:00:00', 'Skiing'),
    file('2016-W06/P3.JPG', '2016-02-10T10:00:00'),
    file('undated/P4.JPG', null),
  ];
  const catalogue = {
    folders: () => [...new Set(files.map(({ folder }) => folder))],
    files: (folder: string) => files.filter((one) => one.folder === folder),
    get: (path: string) => files.find((one) => one.path === path),
  };
  const chosen = (args: ShareArguments) => {
    const selection = select(catalogue, args);
    return typeof selection === 'string'
      ? selection
      : [selection.album, selection.photos.map(({ path }) => path), selection.skipped];
  };

  it('is a week, a month or single files, without what Flickr does not take', () => {
    expect(chosen({ week: '2016-W05' })).toEqual(['2016-W05: Skiing', ['2016-W05/P1.JPG', '2016-W05/P2.MOV'], 1]);
    expect(chosen({ week: '2016-W06' })).toEqual(['2016-W06', ['2016-W06/P3.JPG'], 0]);
    expect(chosen({ month: '2016-02' })).toEqual(['2016-02', ['2016-W05/P2.MOV', '2016-W06/P3.JPG'], 0]);
    expect(chosen({ files: ['undated/P4.JPG'], album: ' Best ' })).toEqual(['Best', ['undated/P4.JPG'], 0]);
  });

  it('is asked for again where it is not clear', () => {
    expect(chosen({})).toContain('either');
    expect(chosen({ week: '2016-W05', month: '2016-02' })).toContain('either');
    expect(chosen({ files: ['2016-W05/P1.JPG', '2016-W06/P3.JPG'] })).toContain('name an album');
    expect(chosen({ files: ['2016-W05/nope.JPG'] })).toContain('nope.JPG is not in the archive');
    expect(chosen({ files: ['2016-W05/P1.RW2'] })).toContain('nothing');
  });
});

it('marks the tags it reads back and leaves machine tags out', () => {
  const tags = ['Beach', 'beach', 'two words', 'hub:sha256=00'].map((raw) => ({ raw, machine_tag: raw.includes('=') }));
  expect(keywordsOf(tags)).toEqual(['flickr:beach', 'flickr:two words']);
});

it('names every error number of the documents', () => {
  const upload = [2, 3, 4, 5, 6, 7, 8, 9, 96, 98, 99, 105].map((number) => stateOf(number, true));
  expect(upload).toEqual([
    ...['refused', 'refused', 'empty', 'unknown_type', 'limit', 'video_limit', 'too_large', 'duplicate'],
    ...['bad_signature', 'bad_token', 'no_permission', 'flickr_down'],
  ]);
  expect(stateOf(9)).toBe('refused');
  expect(Object.values(ADVICE).every((advice) => advice.length > 10)).toBe(true);
});
