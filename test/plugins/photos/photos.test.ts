import { execFileSync } from 'node:child_process';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { jpegOf, touch, writeCard } from '../../support/camera-files.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../support/hub.ts';

const FEBRUARY = '2016:02:01 12:00:00'; // 2016-W05

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly new: number;
  readonly known: number;
  readonly failed: number;
  readonly change: number;
  readonly files: readonly Readonly<Record<string, unknown>>[];
}

const command = async (hub: RunningHub, name: string, args: object = {}): Promise<Answer> => {
  const { status, body } = await hub.api<Answer>('POST', `/api/v1/plugins/photos/commands/${name}`, {
    ...args,
    wait: true,
  });
  if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
  return body;
};

async function startPhotos(
  dataDir?: string,
): Promise<{ hub: RunningHub; card: string; archive: string; dataDir: string }> {
  const folder = dataDir ?? (await temporaryFolder());
  const archive = join(folder, 'archive');
  const config = { plugins: { photos: { archive, mount: 'never' } } };
  return { hub: await startHub({ config, dataDir: folder }), card: join(folder, 'card'), archive, dataDir: folder };
}

/** SHA-256 of every file below a folder by name, hidden folders left out, as sha256sum sees it. */
const hashesOf = (folder: string): string[] =>
  execFileSync('find', [folder, '-name', '.*', '-prune', '-o', '-type', 'f', '-exec', 'sha256sum', '{}', '+'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(0, 64))
    .sort();

/** Changes a byte in the middle and puts size and mtime back: what a dying disk does. */
async function rot(file: string): Promise<void> {
  const { mtimeMs } = await stat(file);
  const content = await readFile(file);
  content[content.length >> 1] = (content[content.length >> 1] as number) ^ 1;
  await writeFile(file, content);
  await touch(file, Math.floor(mtimeMs));
}

describe('the photos plugin', () => {
  it('imports, follows, finds rot and heals it, discards', async () => {
    const { hub, card, archive } = await startPhotos();
    await writeCard(card, {
      'DCIM/1.JPG': { date: FEBRUARY, seed: 1 },
      'DCIM/2.JPG': { date: FEBRUARY, seed: 2 },
      'DCIM/3.JPG': { date: FEBRUARY, seed: 3 },
      'DCIM/4.JPG': { date: FEBRUARY, seed: 4 },
      'DCIM/5.JPG': '',
    });
    for (const name of ['1', '2', '3', '4']) await touch(join(card, `DCIM/${name}.JPG`), Date.UTC(2016, 1, 1));
    const client = await connectAsync(hub.mqtt);
    onTestFinished(() => client.endAsync());
    const events: string[] = [];
    client.on('message', (topic, payload) => events.push(`${topic} ${payload}`));
    await client.subscribeAsync(['photos/event/#', 'photos/archive']);

    expect(await command(hub, 'import', { path: card })).toMatchObject({ ok: true, new: 4, known: 0, failed: 1 });
    expect(hashesOf(join(archive, '2016-W05'))).toEqual(hashesOf(card).filter((hash) => !hash.startsWith('e3b0c442')));
    await waitFor('the event', () => events.some((event) => event.startsWith('photos/event/import_finished')));
    expect(events.find((event) => event.startsWith('photos/event/file_failed'))).toContain('DCIM/5.JPG');
    expect(await command(hub, 'import_report', { from: 1, limit: 1 })).toMatchObject({ ok: true, total: 5 });

    const followed = await command(hub, 'files');
    expect(followed.files.map(({ path, state }) => [path, state])).toEqual(
      ['1', '2', '3', '4'].map((name) => [`2016-W05/${name}.JPG`, 'verified']),
    );

    const at = (path: string) => join(archive, path);
    await rot(at('2016-W05/1.JPG'));
    await rm(at('2016-W05/2.JPG'));
    await rename(at('2016-W05/3.JPG'), at('2016-W05/three.JPG'));
    await writeFile(at('2016-W05/4.JPG'), jpegOf({ date: FEBRUARY, bytes: 9000 }));
    const scrubbed = await command(hub, 'verify');
    expect(scrubbed).toMatchObject({ ok: true, verified: 0, rot: 1, missing: 1, moved: 1, edited: 1 });
    const found = Object.fromEntries(scrubbed.files.map((file) => [file['path'], file]));
    expect(found['2016-W05/1.JPG']).toMatchObject({ state: 'rot', cards: [`folder:${card}`] });
    expect(found['2016-W05/three.JPG']).toMatchObject({ state: 'moved', was: '2016-W05/3.JPG' });
    await waitFor('the event', () => events.some((event) => event.startsWith('photos/event/file_damaged')));
    const changes = await command(hub, 'files', { after: followed.change });
    expect(changes.files.filter(({ removed }) => removed).map(({ path }) => path)).toEqual(['2016-W05/3.JPG']);

    expect(await command(hub, 'restore', { from: card })).toMatchObject({ ok: true, restored: 2, not_found: 0 });
    const healed = execFileSync('sha256sum', [at('2016-W05/1.JPG'), at('2016-W05/2.JPG')], { encoding: 'utf8' });
    expect(healed.match(/^[0-9a-f]{64}/gm)).toEqual(
      execFileSync('sha256sum', [join(card, 'DCIM/1.JPG'), join(card, 'DCIM/2.JPG')], { encoding: 'utf8' }).match(
        /^[0-9a-f]{64}/gm,
      ),
    );
    expect(await readdir(at('.cupboard/damaged'))).toHaveLength(1);
    expect(await command(hub, 'verify', { week: '2016-W05' })).toMatchObject({ ok: true, verified: 4, files: [] });
    await writeFile(at('2016-W05/2.JPG'), '');
    expect(await command(hub, 'verify')).toMatchObject({ ok: true, verified: 3, rot: 1, edited: 0 });
    expect(await command(hub, 'restore', { from: card })).toMatchObject({ ok: true, restored: 1 });

    expect(await command(hub, 'discard', { files: ['2016-W05/1.JPG', '../card'] })).toMatchObject({
      ok: false,
      discarded: 1,
      failed: 1,
    });
    const again = await command(hub, 'import', { path: card });
    expect(again).toMatchObject({ new: 0, known: 4, failed: 1 });
    expect(again.files.find(({ source }) => source === 'DCIM/1.JPG')?.['outcome']).toBe('discarded');
    expect(await readdir(at('2016-W05'))).toEqual(['2.JPG', '4.JPG', 'three.JPG']);
  });

  it('waits for an archive that is away, and says so', async () => {
    const { hub, card, archive } = await startPhotos();
    await writeCard(card, { '1.JPG': { date: FEBRUARY } });
    await command(hub, 'import', { path: card });
    await rename(archive, `${archive}-away`);
    expect(await command(hub, 'import', { path: card })).toMatchObject({ ok: false, error: 'archive_missing' });
    expect(await command(hub, 'verify')).toMatchObject({ ok: false, error: 'archive_missing' });
    expect((await command(hub, 'files')).files[0]).toMatchObject({ state: 'verified' });
  });

  it('does several imports at once in turn', async () => {
    const { hub, card, archive } = await startPhotos();
    for (const name of ['a', 'b', 'c']) {
      await writeCard(join(card, name), {
        'IMG_1.JPG': { date: FEBRUARY, seed: name },
        'IMG_2.JPG': { date: FEBRUARY, seed: 'same' },
      });
    }
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => command(hub, 'import', { path: join(card, name) })),
    );
    expect(answers.map((answer) => answer.new).sort()).toEqual([1, 1, 2]);
    expect(await readdir(join(archive, '2016-W05'))).toEqual(['IMG_1-1.JPG', 'IMG_1-2.JPG', 'IMG_1.JPG', 'IMG_2.JPG']);
  });

  it('loses nothing and stores nothing twice when it is killed at any moment', { timeout: 120_000 }, async () => {
    const dataDir = await temporaryFolder();
    const card = join(dataDir, 'card');
    const files = Object.fromEntries(
      Array.from({ length: 160 }, (_, index) => [
        `DCIM/${100 + (index % 3)}/IMG_${index >> 1}.${index % 2 === 0 ? 'JPG' : 'CR2'}`,
        jpegOf({ date: FEBRUARY, seed: index, bytes: 60_000 }),
      ]),
    );
    await writeCard(card, files);
    for (let round = 0; round < 4; round += 1) {
      const { hub } = await startPhotos(dataDir);
      const plugin = await waitFor('the plugin', async () => {
        const { body } = await hub.api<{ id: string; state: string }[]>('GET', '/api/v1/plugins');
        return body.some(({ id, state }) => id === 'photos' && state === 'running');
      });
      expect(plugin).toBe(true);
      const importing = command(hub, 'import', { path: card }).catch(() => undefined);
      await sleep(20 + Math.random() * 250); // any moment will do: what is asserted holds at all of them
      await hub.kill();
      await importing;
    }
    const { hub, archive } = await startPhotos(dataDir);
    expect(await command(hub, 'import', { path: card })).toMatchObject({ ok: true, failed: 0 });
    expect(hashesOf(archive)).toEqual(hashesOf(card));
    expect(await readdir(join(archive, '.cupboard/incoming'))).toEqual([]);
    const { files: rows } = await command(hub, 'files');
    expect(rows).toHaveLength(160);
    await command(hub, 'verify');
    expect((await command(hub, 'files')).files.filter(({ state }) => state !== 'verified')).toEqual([]);
    expect(await command(hub, 'import', { path: card })).toMatchObject({ new: 0, known: 160 });
  });
});
