// Without root: watched folders, and folders that are cards themselves; the shipped hub imports them.
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jpegOf, shoot } from '../../../support/card.mjs';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../../support/hub.ts';

/** Each starts whole hubs, and waits for what they wait for. */
const SLOW = { timeout: 90_000 };

/** The state that a card's topic tells, once there is one. */
async function cardOf(hub: RunningHub, id: string) {
  const { body } = await hub.api<{ payload: string }[]>('GET', `/api/v1/topics?filter=photos/card/${id}`);
  return (
    body[0] &&
    (JSON.parse(body[0].payload) as { state: string; new: number; simulated?: true; safe_to_remove: boolean })
  );
}

const cardIs = (hub: RunningHub, id: string, state: string) =>
  waitFor(
    `card ${id} ${state}`,
    async () => {
      const card = await cardOf(hub, id);
      return card?.state === state && card;
    },
    60,
  );

it('imports the simulated card of the demo, marked as simulated', SLOW, async () => {
  const hub = await startHub({
    config: { plugins: { photos: { archive: 'archive', simulate: true, mount: 'never' } } },
  });
  const card = await cardIs(hub, 'simulated-card', 'verified');
  expect(card).toMatchObject({ new: 37, simulated: true, safe_to_remove: true });
});

it('takes a root that is a card itself, and remembers it after a restart', SLOW, async () => {
  const root = await temporaryFolder();
  const slot = join(root, 'card');
  const archive = join(root, 'archive');
  await mkdir(slot);
  shoot(join(root, 'first'), { count: 3 });
  await rename(join(root, 'first/DCIM'), join(slot, 'DCIM'));
  const hub = await startHub({ config: { plugins: { photos: { archive, roots: [slot], mount: 'never' } } } });
  expect(await cardIs(hub, 'card', 'verified')).toMatchObject({ new: 3 });
  await hub.stop();

  await rm(join(slot, 'DCIM'), { recursive: true });
  const next = await startHub({ dataDir: hub.dataDir });
  expect(await cardIs(next, 'card', 'removed')).toMatchObject({ new: 3, safe_to_remove: true });
});

it('imports what arrives in an inbox, whole, however slowly it comes', SLOW, async () => {
  const root = await temporaryFolder();
  const [inbox, archive] = [join(root, 'inbox'), join(root, 'archive')];
  await mkdir(inbox);
  await startHub({ config: { plugins: { photos: { archive, inbox: [inbox], mount: 'never' } } } });
  const photo = jpegOf('2016:02:01 10:00:00', 'phone', 40_000);
  await writeFile(join(inbox, 'slow.jpg'), photo.subarray(0, 30_000));
  await writeFile(join(inbox, 'quick.jpg'), jpegOf('2016:02:01 11:00:00', 'quick'));
  const timer = setTimeout(() => void appendFile(join(inbox, 'slow.jpg'), photo.subarray(30_000)), 3000);
  const copy = await waitFor(
    'the slow photo',
    () => readFile(join(archive, '2016-W05/slow.jpg')).catch(() => undefined),
    60,
  );
  clearTimeout(timer);
  expect(copy.equals(photo)).toBe(true);
  expect((await readFile(join(archive, '2016-W05/quick.jpg'))).length).toBeGreaterThan(20_000);
});
