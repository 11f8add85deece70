import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Abilities, Found, Shot, Week } from '../../../plugins/photos/gallery/contract.ts';
import { hashOf, jpeg, startGallery } from './gallery-bed.ts';

const run = promisify(execFile);
const READER = join(import.meta.dirname, '../../../node_modules/exiftool-vendored.pl/bin/exiftool');

interface WeekAnswer {
  readonly title: string | null;
  readonly shots: readonly Shot[];
}

describe('weeks', () => {
  it('lists them newest first with counts, dates, states and covers', async () => {
    const bed = await startGallery();
    const red = await jpeg('red');
    const captured = (day: number) => ({ captured: `2016-02-0${day}T10:00:00` });
    const first = await bed.add('2016-W05/A.JPG', red, {
      ...captured(1),
      caption: 'Low tide',
      latitude: 50,
      longitude: -5,
    });
    await bed.add('2016-W05/A.CR2', Buffer.from('raw'), { kind: 'raw', ...captured(1) });
    await bed.add('2016-W05/A.xmp', Buffer.from('xmp'), { kind: 'sidecar' });
    await bed.add('2016-W05/B.MOV', Buffer.from('film'), { kind: 'video', ...captured(3), state: 'copied' });
    await bed.add('2015-W53/C.JPG', red, { captured: '2016-01-01T00:00:00', state: 'rot' });
    await bed.add('undated/D.JPG', red);
    bed.catalogue.setFolderTitle('2016-W05', 'Cornwall');

    const weeks = await bed.json<Week[]>('weeks');
    expect(weeks.map(({ folder }) => folder)).toEqual(['2016-W05', '2015-W53', 'undated']);
    expect(weeks[0]).toMatchObject({
      title: 'Cornwall',
      shots: 2,
      photos: 1,
      videos: 1,
      files: 4,
      first: '2016-02-01T10:00:00',
      last: '2016-02-03T10:00:00',
      captioned: 1,
      located: 1,
      states: { verified: 3, copied: 1 },
      covers: [{ id: first, version: hashOf(red) }],
    });
    expect(weeks[1]?.states).toEqual({ rot: 1 });
  });

  it('makes one shot of the files of one press of the button', async () => {
    const bed = await startGallery();
    const red = await jpeg('red');
    await bed.add('2016-W05/A.CR2', Buffer.from('raw'), {
      kind: 'raw',
      captured: '2016-02-01T10:00:00',
      latitude: 50,
      longitude: -5,
    });
    const id = await bed.add('2016-W05/A.JPG', red, {
      caption: 'Low tide',
      keywords: ['sea'],
      captured: '2016-02-01T10:00:00',
    });
    const { shots } = await bed.json<WeekAnswer>('week?folder=2016-W05');
    expect(shots).toHaveLength(1);
    expect(shots[0]).toMatchObject({
      id,
      kind: 'photo',
      name: 'A.JPG',
      caption: 'Low tide',
      latitude: 50,
      keywords: ['sea'],
    });
    expect(shots[0]?.files.map(({ name }) => name)).toEqual(['A.JPG', 'A.CR2']);
  });

  it('knows nothing of a folder that is none', async () => {
    const bed = await startGallery();
    expect(await bed.json('week?folder=../etc')).toEqual({ title: null, shots: [] });
  });
});

describe('thumbnails', () => {
  it('are upright squares of the picture and of what fits on a screen, made once', async () => {
    const bed = await startGallery();
    const content = await jpeg('red', 3000, 1500, 6);
    const id = await bed.add('2016-W05/A.JPG', content);
    const tile = await bed.get(`pictures/${id}/tile`);
    expect(tile.headers.get('content-type')).toBe('image/webp');
    expect(await sizeOf(tile)).toEqual([400, 400]);
    expect(await sizeOf(await bed.get(`pictures/${id}/screen`))).toEqual([1024, 2048]);
    expect(
      (await readdir(bed.cache, { recursive: true })).filter((name) => name.includes(hashOf(content))),
    ).toHaveLength(2);
  });

  it('may be kept by the browser for ever under an address that names the content, and checked under any other', async () => {
    const bed = await startGallery();
    const content = await jpeg('red');
    const id = await bed.add('2016-W05/A.JPG', content);
    const named = await bed.get(`pictures/${id}/tile?v=${hashOf(content)}`);
    expect(named.headers.get('cache-control')).toContain('immutable');
    const plain = await bed.get(`pictures/${id}/tile`);
    expect(plain.headers.get('cache-control')).toBe('private, no-cache');
    // fetch() would ask past every cache on its own.
    const check = { 'if-none-match': plain.headers.get('etag') ?? '', 'cache-control': 'max-age=0' };
    const again = await bed.get(`pictures/${id}/tile`, check);
    expect(again.status).toBe(304);
  });

  it('are made anew of a file that somebody changed', async () => {
    const bed = await startGallery();
    const id = await bed.add('2016-W05/A.JPG', await jpeg('red'));
    const before = await bytesOf(await bed.get(`pictures/${id}/tile`));
    const path = join(bed.archive, '2016-W05/A.JPG');
    await writeFile(path, await jpeg('blue'));
    await utimes(path, 1, 1);
    expect(await bytesOf(await bed.get(`pictures/${id}/tile`))).not.toEqual(before);
  });

  it('outlive the file they show', async () => {
    const bed = await startGallery();
    const id = await bed.add('2016-W05/A.JPG', await jpeg('red'));
    await bed.get(`pictures/${id}/tile`);
    await rm(join(bed.archive, '2016-W05/A.JPG'));
    expect((await bed.get(`pictures/${id}/tile`)).status).toBe(200);
    expect((await bed.get(`files/${id}`)).status).toBe(404);
  });

  it('come from inside a file that cannot be decoded itself', async () => {
    const bed = await startGallery();
    const path = '2016-W05/A.JPG';
    await bed.add(path, await jpeg('red', 64, 64));
    const [small, file] = [join(bed.archive, 'small.jpg'), join(bed.archive, path)];
    await writeFile(small, await jpeg('green', 160, 120));
    await run(READER, ['-q', '-overwrite_original', `-ThumbnailImage<=${small}`, file]);
    const bytes = await readFile(file);
    // Without its tables the picture proper is lost; what stands in the header is not.
    const id = await bed.add('2016-W06/B.JPG', without(bytes, 0xdb));
    const { data } = await sharp(await bytesOf(await bed.get(`pictures/${id}/tile`)))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([data[0], data[1], data[2]].map((value) => Math.round((value ?? 0) / 64))).toEqual([0, 2, 0]);
  });

  it('show a film by the picture the camera laid beside it', async () => {
    const bed = await startGallery();
    const id = await bed.add('2016-W05/M.AVI', Buffer.from('RIFF film'), { kind: 'video' });
    await bed.add('2016-W05/M.THM', await jpeg('green', 160, 120), { kind: 'thumbnail' });
    expect((await bed.get(`pictures/${id}/tile`)).status).toBe(200);
  });

  it('do not try a broken file twice', async () => {
    const bed = await startGallery();
    const content = Buffer.from('no picture at all');
    const id = await bed.add('2016-W05/A.JPG', content);
    const answer = await bed.get(`pictures/${id}/tile`);
    expect([answer.status, await answer.json()]).toEqual([404, { error: 'no_preview' }]);
    expect(
      (await readdir(bed.cache, { recursive: true })).some((name) => name.endsWith(`${hashOf(content)}.none`)),
    ).toBe(true);
    expect((await bed.get(`pictures/${id}/screen`)).status).toBe(404);
  });

  it('are missing with a reason where their library is, and the originals are there all the same', async () => {
    const bed = await startGallery({ loadRenderer: () => Promise.reject(new Error("Cannot find package 'sharp'")) });
    const content = await jpeg('red');
    const id = await bed.add('2016-W05/A.JPG', content);
    expect((await bed.get(`pictures/${id}/tile`)).status).toBe(503);
    expect((await bed.json<Abilities>('abilities')).thumbnails).toContain('sharp');
    expect(await bytesOf(await bed.get(`files/${id}`))).toEqual(content);
  });

  it('are not made of what has no number or no size', async () => {
    const bed = await startGallery();
    const id = await bed.add('2016-W05/A.JPG', await jpeg('red'));
    const asked = [`pictures/${id}/huge`, 'pictures/999/tile', 'pictures/A.JPG/tile', `pictures/${id}/toString`];
    expect(await Promise.all(asked.map(async (path) => (await bed.get(path)).status))).toEqual([404, 404, 404, 404]);
  });
});

describe('originals', () => {
  it('are sent as they lie there, whole or in parts', async () => {
    const bed = await startGallery();
    const content = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
    const id = await bed.add('2016-W05/M.MP4', content, { kind: 'video' });
    const whole = await bed.get(`files/${id}`);
    expect(whole.headers.get('content-type')).toBe('video/mp4');
    expect(whole.headers.get('etag')).toBe(`"${hashOf(content)}"`);
    expect(hashOf(await bytesOf(whole))).toBe(hashOf(content));
    const part = await bed.get(`files/${id}`, { range: 'bytes=1000-1999' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 1000-1999/5000']);
    expect(await bytesOf(part)).toEqual(content.subarray(1000, 2000));
    expect((await bed.get(`files/${id}`, { range: 'bytes=9000-' })).status).toBe(416);
  });

  it('are offered for download where a browser might take them for more than a picture', async () => {
    const bed = await startGallery();
    const svg = await bed.get(`files/${await bed.add('2016-W05/x é.svg', Buffer.from('<svg/>'), { kind: 'other' })}`);
    expect(svg.headers.get('content-type')).toBe('application/octet-stream');
    expect(svg.headers.get('content-disposition')).toMatch(/^attachment; .*x%20%C3%A9\.svg/);
    const photo = await bed.get(`files/${await bed.add('2016-W05/A.JPG', await jpeg('red'))}?download`);
    expect(photo.headers.get('content-disposition')).toBe('attachment; filename=A.JPG');
  });

  it('never come from outside the archive, whatever lies in it', async () => {
    const bed = await startGallery();
    const outside = join(bed.archive, '..', 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'secret.jpg'), await jpeg('red'));
    const content = await jpeg('blue');
    const [link, folder, above, inside] = [
      await bed.add('2016-W05/link.JPG', content),
      await bed.add('2016-W06/secret.jpg', content),
      await bed.add('2016-W07/A.JPG', content),
      await bed.add('2016-W08/B.JPG', content),
    ];
    await rm(join(bed.archive, '2016-W05/link.JPG'));
    await symlink(join(outside, 'secret.jpg'), join(bed.archive, '2016-W05/link.JPG'));
    await rm(join(bed.archive, '2016-W06'), { recursive: true });
    await symlink(outside, join(bed.archive, '2016-W06'));
    bed.catalogue.update('2016-W07/A.JPG', { path: '../outside/secret.jpg' });
    // Not even where the link stays inside: what is not the file itself is not the catalogue's file.
    await rename(join(bed.archive, '2016-W08/B.JPG'), join(bed.archive, '2016-W08/C.JPG'));
    await symlink('C.JPG', join(bed.archive, '2016-W08/B.JPG'));
    for (const id of [link, folder, above, inside]) {
      expect((await bed.get(`files/${id}`)).status).toBe(404);
      expect((await bed.get(`pictures/${id}/tile`)).status).toBe(404);
    }
  });
});

describe('search', () => {
  it('finds shots by words of any kind, the newest first', async () => {
    const bed = await startGallery();
    const red = await jpeg('red');
    await bed.add('2016-W05/A.JPG', red, { captured: '2016-02-01T10:00:00', caption: 'Ebbe in Zürich' });
    await bed.add('2017-W05/B.JPG', red, { captured: '2017-02-01T10:00:00', keywords: ['zurich'] });
    await bed.add('2017-W05/C.JPG', red, { captured: '2017-02-02T10:00:00', latitude: 50.2001, longitude: -5.4 });
    bed.catalogue.setFolderTitle('2017-W05', 'Half-term');
    const names = async (query: string) =>
      (await bed.json<Found>(`search?q=${encodeURIComponent(query)}`)).shots.map(({ name }) => name);
    expect(await names('zürich')).toEqual(['B.JPG', 'A.JPG']);
    expect(await names('ZURICH 2016')).toEqual(['A.JPG']);
    expect(await names('half')).toEqual(['C.JPG', 'B.JPG']);
    expect(await names('granny')).toEqual(['C.JPG']);
    expect(await names('  ')).toEqual([]);
    expect((await bed.json<Found>('search?q=half')).titles).toEqual({ '2017-W05': 'Half-term' });
  });
});

describe('map tiles', () => {
  it('are fetched once and come from the hub', async () => {
    const asked: string[] = [];
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const survey = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(request.url === '/5/9/9.png' ? 'no picture' : png);
    });
    survey.listen(0, '127.0.0.1');
    await once(survey, 'listening');
    onTestFinished(() => void survey.close());
    const { port } = survey.address() as AddressInfo;
    const bed = await startGallery({ tiles: `http://127.0.0.1:${port}/{z}/{x}/{y}.png` });
    expect((await bed.json<Abilities>('abilities')).tiles).toEqual({ attribution: 'the survey' });
    for (let time = 0; time < 2; time += 1) {
      const tile = await bed.get('map/5/3/4');
      expect([tile.status, tile.headers.get('content-type')]).toEqual([200, 'image/png']);
    }
    expect(asked).toEqual(['/5/3/4.png']);
    const refused = ['map/5/32/0', 'map/5/-1/0', 'map/25/1/1', 'map/x/1/1', 'map/5/1.5/1'];
    expect(await Promise.all(refused.map(async (path) => (await bed.get(path)).status))).toEqual([
      404, 404, 404, 404, 404,
    ]);
    expect((await bed.get('map/5/9/9')).status).toBe(500);
    expect(asked).toEqual(['/5/3/4.png', '/5/9/9.png']);
  });

  it('are not there unless a map is configured', async () => {
    const bed = await startGallery();
    expect((await bed.json<Abilities>('abilities')).tiles).toBeNull();
    expect((await bed.get('map/5/3/4')).status).toBe(404);
  });
});

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

async function sizeOf(response: Response): Promise<[number | undefined, number | undefined]> {
  const { width, height } = await sharp(await bytesOf(response)).metadata();
  return [width, height];
}

/** A JPEG without its segments of one kind. */
function without(image: Buffer, marker: number): Buffer {
  const parts = [image.subarray(0, 2)];
  let at = 2;
  while (image[at] === 0xff && image[at + 1] !== 0xda) {
    const end = at + 2 + image.readUInt16BE(at + 2);
    if (image[at + 1] !== marker) parts.push(image.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...parts, image.subarray(at)]);
}
