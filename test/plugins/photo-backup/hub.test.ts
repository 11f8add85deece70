import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../support/hub.ts';
import { StrictS3 } from './strict-s3.ts';

const MIB = 1 << 20;

/** A JPEG that a camera could have made on a day of week 2016-W05, no two alike. */
const jpeg = (shade: number) =>
  sharp({ create: { width: 64, height: 48, channels: 3, background: { r: shade, g: 90, b: 30 } } })
    .withExif({ IFD2: { DateTimeOriginal: '2016:02:03 10:11:12' } })
    .jpeg()
    .toBuffer();

async function command<T = Record<string, unknown>>(hub: RunningHub, plugin: string, name: string, args = {}) {
  return (await hub.api<T>('POST', `/api/v1/plugins/${plugin}/commands/${name}`, args)).body;
}

async function topic<T>(hub: RunningHub, name: string): Promise<T | undefined> {
  const { body } = await hub.api<{ payload: string }[]>('GET', `/api/v1/topics?filter=${encodeURIComponent(name)}`);
  return body[0] && (JSON.parse(body[0].payload) as T);
}

interface State {
  readonly state: string;
  readonly safe: number;
  readonly pending: number;
}

/** photos and photo-backup as users run them, with a strict S3 server and a directory. */
async function house() {
  const server = await new StrictS3().start();
  const [archive, card] = [await temporaryFolder(), await temporaryFolder()];
  const config = {
    timezone: 'Europe/Berlin',
    plugins: {
      photos: { archive, mount: 'never' },
      'photo-backup': {
        settle_seconds: 0,
        targets: {
          disk: { type: 'directory', path: 'disk' },
          cloud: {
            type: 's3',
            bucket: 'photos',
            endpoint: server.url,
            access_key_id: 'KEY',
            secret_access_key: 'SECRET-NEVER-SHOWN',
          },
        },
      },
    },
  };
  const hub = await startHub({ config });
  const state = (of: RunningHub, target: string) => topic<State>(of, `photo-backup/${target}`);
  return { server, archive, card, config, hub, state };
}

it('follows the photos plugin: what is imported is backed up everywhere, week by week', async () => {
  const { server, card, hub, state } = await house();
  for (const number of [1, 2, 3]) await writeFile(join(card, `P101000${number}.JPG`), await jpeg(number * 20));
  expect(await command(hub, 'photos', 'import', { path: card })).toMatchObject({ ok: true, new: 3 });
  for (const target of ['disk', 'cloud']) {
    await waitFor(`${target} to be complete`, async () => {
      const { state: is, safe } = (await state(hub, target)) ?? {};
      return is === 'ok' && safe === 3;
    });
  }
  // The weeks follow the targets' own topics, each a message of its own.
  const complete = { disk: { safe: 3, pending: 0 }, cloud: { safe: 3, pending: 0 } };
  await waitFor('the week to be complete', async () => {
    const { weeks } = (await topic<{ weeks: object }>(hub, 'photo-backup/weeks')) ?? {};
    return isDeepStrictEqual(weeks, { '2016-W05': complete });
  });
  const object = server.objects.get('2016-W05/P1010001.JPG');
  expect(object?.bytes).toEqual(await readFile(join(card, 'P1010001.JPG')));

  // A caption changes the file; the follower hears of it without another import.
  const captioned = await command(hub, 'photos', 'caption', {
    files: ['2016-W05/P1010001.JPG'],
    caption: 'Elm Street',
  });
  expect(captioned).toMatchObject({ ok: true });
  expect(await command(hub, 'photo-backup', 'run')).toMatchObject({ ok: true });
  expect(server.objects.get('2016-W05/P1010001.JPG')?.bytes.includes('Elm Street')).toBe(true);
  expect(await command(hub, 'photo-backup', 'verify', { read_back: true })).toMatchObject({
    ok: true,
    targets: { disk: { checked: 3, findings: [] }, cloud: { checked: 3, findings: [] } },
  });
  expect(await command(hub, 'photo-backup', 'status', { target: 'nowhere' })).toMatchObject({ ok: false });
  expect(hub.output()).not.toContain('SECRET-NEVER-SHOWN');
});

it('goes on with a half-sent video after kill -9', async () => {
  const { server, card, hub, config, state } = await house();
  const video = randomBytes(30 * MIB);
  await mkdir(join(card, 'DCIM'));
  await writeFile(join(card, 'DCIM/MVI_0001.MOV'), video);
  let killed: Promise<void> | undefined;
  server.fault = (request) => {
    if (!/partNumber=3/.test(request)) return undefined;
    killed ??= hub.kill();
    return { cutAfter: MIB };
  };
  expect(await command(hub, 'photos', 'import', { path: card })).toMatchObject({ ok: true, new: 1 });
  await waitFor('the third part', () => killed !== undefined);
  await killed;
  server.fault = () => undefined;
  const sentBefore = server.requests.length;
  const again = await startHub({ config, dataDir: hub.dataDir });
  await waitFor('the video to be safe', async () => (await state(again, 'cloud'))?.safe === 1);
  const [stored] = [...server.objects].filter(([key]) => key.endsWith('MVI_0001.MOV'));
  expect(stored?.[1].bytes.equals(video)).toBe(true);
  const parts = server.requests.slice(sentBefore).flatMap((request) => /partNumber=(\d+)/.exec(request)?.[1] ?? []);
  expect(parts).toEqual(['3', '4']);
  expect(server.uploads.size).toBe(0);
});

it('stays paused over a restart, and tells what it would do', async () => {
  const { card, hub, config, state, server } = await house();
  await command(hub, 'photo-backup', 'pause', { target: 'cloud' });
  await writeFile(join(card, 'P1010001.JPG'), await jpeg(50));
  await command(hub, 'photos', 'import', { path: card });
  await waitFor('the disk to be complete', async () => (await state(hub, 'disk'))?.safe === 1);
  await hub.stop();
  const again = await startHub({ config, dataDir: hub.dataDir });
  await waitFor('the state', async () => (await state(again, 'cloud'))?.state === 'paused');
  expect(await command(again, 'photo-backup', 'run', { target: 'cloud', dry_run: true })).toMatchObject({
    ok: true,
    targets: { cloud: { uploaded: 1, found: 0 } },
  });
  expect([...server.objects.keys()].filter((key) => key.endsWith('.JPG'))).toEqual([]);
  await command(again, 'photo-backup', 'resume');
  await waitFor('the cloud to be complete', async () => (await state(again, 'cloud'))?.safe === 1);

  // A target taken out of the settings leaves the page.
  await again.stop();
  const { cloud } = config.plugins['photo-backup'].targets;
  const plugins = { ...config.plugins, 'photo-backup': { targets: { cloud } } };
  const last = await startHub({ config: { ...config, plugins }, dataDir: hub.dataDir });
  await waitFor('its topic to be cleared', async () => (await topic(last, 'photo-backup/disk')) === undefined);
  expect(await state(last, 'cloud')).toMatchObject({ safe: 1 });
}, 90_000);
