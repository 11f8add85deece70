// Cards as the kernel shows them: ext4 images on loop devices, tmpfs, a plain folder; the shipped hub imports them.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { changeCardImage, jpegOf, makeCardImage, shoot } from '../support/card.mjs';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

interface Status {
  readonly state: string;
  readonly label: string;
  readonly reason?: string;
  readonly advice?: string;
  readonly new: number;
  readonly verified: number;
  readonly known: number;
  readonly failed: number;
  readonly done?: number;
  readonly total?: number;
  readonly safe_to_remove: boolean;
}

const EXT4 = { megabytes: 24, mkfs: ['mkfs.ext4', '-q', '-L', 'EOS_DIGITAL'] };
const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
const inShell = (command: string) => run('sh', '-ec', command);

/** A hub that takes what is mounted below `media` for cards. */
async function cardHub(more: object = {}) {
  const folder = await temporaryFolder();
  const media = join(folder, 'media');
  const archive = join(folder, 'archive');
  await mkdir(media);
  const hub = await startHub({
    config: { plugins: { photos: { archive, roots: [media], mount: 'never', ...more } } },
  });
  return { hub, folder, media, archive };
}

/** Mounts something below a folder until the test ends. */
function mountUntilEnd(point: string, ...args: string[]): void {
  run('mkdir', '-p', point);
  run('mount', ...args, point);
  onTestFinished(
    () => inShell(`while mountpoint -q '${point}'; do umount -l '${point}'; done`) as unknown as undefined,
  );
}

async function cardsOf(hub: RunningHub): Promise<Map<string, Status>> {
  const { body } = await hub.api<{ topic: string; payload: string }[]>('GET', '/api/v1/topics?filter=photos/card/%2B');
  return new Map(body.map(({ topic, payload }) => [topic.replace('photos/card/', ''), JSON.parse(payload) as Status]));
}

/** Waits until one card, or the card of that label, is as asked. */
const cardThat = (hub: RunningHub, what: string, fits: (card: Status, id: string) => boolean) =>
  waitFor(`a card that ${what}`, async () => {
    const found = [...(await cardsOf(hub))].find(([id, card]) => fits(card, id));
    return found && { id: found[0], ...found[1] };
  });

const command = async <T>(hub: RunningHub, name: string, args: object = {}) =>
  (await hub.api<T>('POST', `/api/v1/plugins/photos/commands/${name}`, args)).body;

const archived = (archive: string) =>
  readdirSync(archive, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.JPG'))
    .sort();

testNeeding('root', 'mkfs.ext4')(
  'imports a card on mount, says when to pull it, and knows it when it comes again',
  async () => {
    const { hub, folder, media, archive } = await cardHub();
    const image = join(folder, 'card.img');
    makeCardImage(image, EXT4, (card) => shoot(card, { count: 5 }));
    const slot = join(media, 'EOS_DIGITAL');
    mountUntilEnd(slot, '-o', 'loop,ro', image);

    const first = await cardThat(hub, 'is verified', ({ state }) => state === 'verified');
    expect(first).toMatchObject({
      label: 'EOS_DIGITAL',
      new: 5,
      verified: 5,
      known: 0,
      failed: 0,
      safe_to_remove: true,
    });
    expect(archived(archive)).toEqual([1, 2, 3, 4, 5].map((number) => `2016-W05/IMG_000${number}.JPG`));
    const sums = (folder: string) => inShell(`cd '${folder}' && sha256sum *.JPG`);
    expect(sums(join(archive, '2016-W05'))).toBe(sums(join(slot, 'DCIM/100_TEST')));

    run('umount', slot);
    await cardThat(hub, 'is removed', ({ state, safe_to_remove }) => state === 'removed' && safe_to_remove);
    changeCardImage(image, (card) => shoot(card, { first: 6, count: 2 }));
    mountUntilEnd(slot, '-o', 'loop,ro', image);
    const second = await cardThat(hub, 'is verified again', ({ state }) => state === 'verified');
    expect(second).toMatchObject({ id: first.id, new: 2, known: 5 });

    await command(hub, 'label_card', { card: first.id, label: 'Blue, 32 GB', in_safe: true });
    const { cards } = await command<{
      cards: { id: string; label: string; files: number; all_safe: boolean; in_safe: number }[];
    }>(hub, 'cards');
    expect(cards).toMatchObject([{ id: first.id, label: 'Blue, 32 GB', files: 7, all_safe: true }]);
    expect(cards[0]?.in_safe).toBeGreaterThan(0);
    const holders = await command<{ cards: unknown[] }>(hub, 'cards', { file: '2016-W05/IMG_0006.JPG' });
    expect(holders.cards).toHaveLength(1);

    const events = await hub.api<{ topic: string }[]>('GET', '/api/v1/events?filter=photos/event/%2B');
    const names = JSON.stringify(events.body);
    expect(names).toContain('card_inserted');
    expect(names).toContain('import_finished');
  },
);

testNeeding('root', 'mkfs.ext4')(
  'a card pulled in mid-import is finished when it comes again: nothing lost, nothing twice',
  async () => {
    const { hub, folder, media, archive } = await cardHub();
    const image = join(folder, 'card.img');
    makeCardImage(image, { ...EXT4, megabytes: 300 }, (card) => shoot(card, { count: 400, bytes: 500_000 }));
    const slot = join(media, 'card');
    mountUntilEnd(slot, '-o', 'loop,ro', image);
    await cardThat(hub, 'is being imported', ({ state, done = 0 }) => state === 'importing' && done > 0);
    run('umount', '--lazy', slot);
    const pulled = await cardThat(hub, 'was pulled', ({ state }) => state === 'removed');
    expect(pulled).toMatchObject({ reason: 'pulled_while_importing', safe_to_remove: false });
    expect(pulled.advice).toMatch(/Put it in again/);

    mountUntilEnd(slot, '-o', 'loop,ro', image);
    const whole = await cardThat(hub, 'is verified', ({ state }) => state === 'verified');
    expect(whole.id).toBe(pulled.id);
    expect(whole.known).toBeGreaterThan(0);
    expect(whole.new + whole.known).toBe(400);
    expect(archived(archive)).toHaveLength(400);
  },
);

testNeeding('root', 'mkfs.ext4')('imports two cards at once, also when one is a copy of the other', async () => {
  const { hub, folder, media, archive } = await cardHub();
  const [image, copy] = [join(folder, 'card.img'), join(folder, 'copy.img')];
  makeCardImage(image, EXT4, (card) => shoot(card, { count: 3 }));
  run('cp', image, copy);
  changeCardImage(copy, (card) => shoot(card, { first: 4, count: 1 }));
  mountUntilEnd(join(media, 'one'), '-o', 'loop,ro', image);
  mountUntilEnd(join(media, 'two'), '-o', 'loop,ro', copy);
  const cards = await waitFor('two verified cards', async () => {
    const found = [...(await cardsOf(hub)).values()];
    return found.length === 2 && found.every(({ state }) => state === 'verified') && found;
  });
  expect(cards.map((card) => card.new + card.known).sort()).toEqual([3, 4]);
  expect(archived(archive)).toHaveLength(4);
});

testNeeding('root', 'mkfs.ext4')(
  'a card that cannot be read everywhere: what can be read is imported, the rest is named',
  async () => {
    const { hub, folder, media, archive } = await cardHub();
    const image = join(folder, 'card.img');
    makeCardImage(image, EXT4, (card) => shoot(card, { count: 12, bytes: 1_000_000 }));
    // The end of the image is missing below the mounted file system: reading there is a true EIO.
    const slot = join(media, 'worn');
    run('mkdir', '-p', slot);
    const device = run('losetup', '--find', '--show', '--read-only', image).trim();
    onTestFinished(() => run('losetup', '--detach', device) as unknown as undefined);
    await truncate(image, 10 << 20);
    inShell('echo 3 > /proc/sys/vm/drop_caches');
    mountUntilEnd(slot, '-o', 'ro,noload', device);

    const worn = await cardThat(hub, 'has failed', ({ state }) => state === 'failed');
    expect(worn).toMatchObject({ reason: 'unreadable_files', safe_to_remove: false });
    expect(worn.advice).toMatch(/Do not format/);
    expect(worn.new).toBeGreaterThan(0);
    expect(worn.failed).toBeGreaterThan(0);
    expect(worn.new + worn.failed).toBe(12);
    expect(archived(archive)).toHaveLength(worn.new);
  },
);

testNeeding('root')('follows no link and no name out of the archive', async () => {
  const { hub, media, archive, folder } = await cardHub();
  await writeFile(join(folder, 'secret.jpg'), jpegOf('2016:02:01 10:00:00', 'secret'));
  const slot = join(media, 'hostile');
  mountUntilEnd(slot, '-t', 'tmpfs', 'tmpfs');
  const camera = join(slot, 'DCIM', '100_TEST');
  await mkdir(camera, { recursive: true });
  await symlink(join(folder, 'secret.jpg'), join(camera, 'LINK.JPG'));
  await symlink(folder, join(camera, 'FOLDER'));
  for (const name of ['a\\..\\up.jpg', 'new\nline.jpg', ' .jpg', `${'ü'.repeat(120)}.jpg`, '-rf.jpg', 'IMG_1.JPG']) {
    await writeFile(join(camera, name), jpegOf('2016:02:01 10:00:00', name));
  }
  const card = await cardThat(hub, 'is verified', ({ state }) => state === 'verified');
  expect(card.new).toBe(6);
  expect(readdirSync(join(archive, '2016-W05'))).toHaveLength(6);
  expect(readdirSync(archive).sort()).toEqual(['.cupboard', '2016-W05']);
  expect(existsSync(join(folder, 'up.jpg'))).toBe(false);
});

testNeeding('root')('waits for an archive whose disk is not mounted', async () => {
  const { hub, media, folder, archive } = await cardHub();
  const disk = join(folder, 'nas');
  shoot(join(folder, 'first'), { count: 1 });
  await command(hub, 'import', { path: join(folder, 'first') });
  run('mv', archive, disk);
  await mkdir(archive);
  const slot = join(media, 'card');
  await mkdir(slot);
  shoot(join(folder, 'second'), { first: 2, count: 2 });
  mountUntilEnd(slot, '--bind', join(folder, 'second'));
  const card = await cardThat(hub, 'waits', ({ state }) => state === 'failed');
  expect(card).toMatchObject({ reason: 'archive_missing', safe_to_remove: false });
  expect(readdirSync(archive)).toEqual([]);
  expect(card.advice).not.toBe('');
});
