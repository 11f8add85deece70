import { rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Hub } from '../../../core/sdk/index.ts';
import type { Config } from '../../../plugins/photo-backup/config.ts';
import { publishDocuments } from '../../../plugins/photo-backup/documents/publish.ts';
import { openDrills } from '../../../plugins/photo-backup/drill.ts';
import { bed } from './bed.ts';

const DAY = 86_400_000;

/** Drills on schedule over a real directory target; the hub is what was said to it, and its clock the copies' age. */
async function scheduled() {
  const home = await bed({ type: 'directory', path: 'safe' });
  await home.photo('2016-W05/P1.JPG');
  await home.pass();
  const signal = AbortSignal.timeout(20_000);
  await publishDocuments(
    home,
    { owner: '', contact: '', note: '' },
    { store: home.store, signal, now: Date.now(), timezone: 'UTC' },
  );
  const said: string[] = [];
  let look: () => void | Promise<void> = () => undefined;
  const hub = {
    id: 'photo-backup',
    config: { drill: '0 0 * * *' },
    timezone: 'UTC',
    dataDir: home.folder,
    signal,
    log: { warn: (line: string) => said.push(`warn ${line}`), error: (line: string) => said.push(`error ${line}`) },
    publish: async (_topic: string, { state }: { state: string }) => void said.push(`state ${state}`),
    event: async (name: string) => void said.push(`event ${name}`),
    command: () => undefined,
    every: (_seconds: number, task: typeof look) => {
      look = task;
    },
  };
  const places = new Map([['safe', { settings: home.settings, target: home.target, ledger: home.ledger }]]);
  openDrills(hub as unknown as Hub<Config>, { places, store: home.store });
  said.length = 0;
  return {
    ...home,
    said,
    safe: join(home.folder, 'safe'),
    /** Asks whether a drill is due, when the first copy was made so long ago and no drill was since. */
    async lookAfter(days: number) {
      said.length = 0;
      home.store.exec('DELETE FROM drill');
      home.store.prepare('UPDATE copy SET stored = ?').run(Date.now() - days * DAY);
      await look();
      return [...said];
    },
    look: async () => {
      said.length = 0;
      await look();
      return [...said];
    },
  };
}

it('drills when the schedule has come, also late, and then not before the next date', async () => {
  const { lookAfter, look } = await scheduled();
  expect(await lookAfter(0)).toEqual([]);
  expect(await lookAfter(40)).toEqual(['state ok', 'event drill_passed']);
  expect(await look()).toEqual([]);
});

it('is loud about a damaged file', async () => {
  const { lookAfter, safe } = await scheduled();
  await truncate(join(safe, '2016-W05/P1.JPG'), 10);
  const said = await lookAfter(40);
  expect(said.slice(0, 2)).toEqual(['state failed', 'event drill_failed']);
  expect(said[2]).toMatch(/^error .*FAILED.*2016-W05\/P1\.JPG/);
});

it('puts the drill off while the disk is away, but not for ever', async () => {
  const { lookAfter, look, safe } = await scheduled();
  await rename(safe, `${safe}-away`);
  expect(await lookAfter(2)).toEqual([expect.stringMatching(/^warn .*put off/)]);
  expect(await lookAfter(40)).toContain('event drill_failed');
  await rename(`${safe}-away`, safe);
  expect(await lookAfter(2)).toContain('event drill_passed');
  expect(await look()).toEqual([]);
});
