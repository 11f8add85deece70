import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../plugins/ci/contract.ts';
import { parseFooters } from '../../../../plugins/ci/sources/change-id.ts';
import { createDependencies, neededChanges } from '../../../../plugins/ci/sources/dependencies.ts';
import type { Stored } from '../../../../plugins/ci/sources/local/change-refs.ts';
import { decodePackets, encodePacket, FLUSH } from '../../../../plugins/ci/sources/local/pkt-line.ts';
import { matchCommits, type PushedCommit } from '../../../../plugins/ci/sources/local/receive.ts';
import { openMemory, SOURCE_MIGRATIONS } from '../../../../plugins/ci/sources/memory.ts';
import type { OpenedSource } from '../../../../plugins/ci/sources/opened.ts';

const CHANGE_ID = `I${'0a'.repeat(20)}`;

describe('the footers of a message', () => {
  test('are read wherever a line begins with them', () => {
    const message = `Brighter\n\nDepends-On: lamp/12\n\nChange-Id: I${'0A'.repeat(20)}\ndepends-on: #5\nSee Depends-On: no\n`;
    expect(parseFooters(message)).toEqual({ changeId: CHANGE_ID, dependsOn: ['lamp/12', '#5'] });
    expect(parseFooters('Change-Id: I12')).toEqual({ dependsOn: [] });
  });
});

describe('Depends-On', () => {
  const source = (name: string, projects: readonly string[]): OpenedSource =>
    ({
      name,
      has: (project: string) => projects.includes(project),
      findByChangeId: async (id: string) => (id === CHANGE_ID ? projects.map((project) => `${name}:${project}/1`) : []),
      findByUrl: (url: string) => (url === `https://${name}/5` ? `${name}:${projects[0]}/5` : undefined),
    }) as unknown as OpenedSource;
  const dependencies = createDependencies(() => [source('hub', ['lamp', 'home/web']), source('gerrit', ['nova'])]);

  test.each([
    [CHANGE_ID, ['hub:lamp/1', 'hub:home/web/1', 'gerrit:nova/1']],
    ['https://gerrit/5', ['gerrit:nova/5']],
    ['https://elsewhere/5', []],
    ['12', ['hub:lamp/12']],
    ['#12', ['hub:lamp/12']],
    ['home/web/7,2', ['hub:home/web/7']],
    ['nova/7', ['gerrit:nova/7']],
    ['unknown/7', []],
    ['--all', []],
  ])('%s', async (target, ids) => {
    expect(await dependencies({ source: 'hub', project: 'lamp', message: `A\n\nDepends-On: ${target}` })).toEqual(ids);
  });

  const graph = (edges: Readonly<Record<string, readonly string[]>>) => {
    const change = (id: string) => ({ id, dependsOn: edges[id] ?? [], isMerged: false }) as unknown as Change;
    return { change, find: async (id: string) => (id in edges ? change(id) : undefined) };
  };

  test('is followed to the end, what is needed first', async () => {
    const { change, find } = graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] });
    expect((await neededChanges(change('a'), find)).map(({ id }) => id)).toEqual(['d', 'b', 'c']);
  });

  test('in a circle is refused, with the circle', async () => {
    const { change, find } = graph({ a: ['b'], b: ['c'], c: ['b'] });
    await expect(neededChanges(change('a'), find)).rejects.toThrow('depends on itself: b -> c -> b');
    await expect(neededChanges(change('c'), find)).rejects.toMatchObject({ code: 'dependency_cycle' });
  });

  test('on what is gone is refused', async () => {
    const { change, find } = graph({ a: ['z'] });
    await expect(neededChanges(change('a'), find)).rejects.toMatchObject({ code: 'dependency_unknown' });
  });
});

describe('packets', () => {
  test('are read however the bytes are cut', () => {
    const lists = fc.array(
      fc.array(
        fc.string({ maxLength: 50 }).filter((text) => !text.endsWith('\n')),
        { maxLength: 4 },
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(lists, fc.array(fc.nat(200), { maxLength: 5 }), (expected, cuts) => {
        const bytes = Buffer.from(expected.map((list) => list.map(encodePacket).join('') + FLUSH).join(''));
        const read: (readonly string[])[] = [];
        let waiting = Buffer.alloc(0);
        const places = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
          (one, other) => one - other,
        );
        places.forEach((end, at) => {
          const part = decodePackets(Buffer.concat([waiting, bytes.subarray(places[at - 1] ?? 0, end)]));
          read.push(...part.lists);
          waiting = Buffer.from(part.rest);
        });
        expect(read).toEqual(expected);
        expect(waiting).toHaveLength(0);
      }),
    );
  });

  test('with a length that cannot be are refused', () => {
    expect(() => decodePackets(Buffer.from('zzzz'))).toThrow('no length');
    expect(() => decodePackets(Buffer.from('0002'))).toThrow('no length');
  });
});

describe('a pushed commit', () => {
  const commit = (given: Partial<PushedCommit>): PushedCommit => ({
    commit: '1'.repeat(40),
    author: 'Ada <ada@example.org>',
    authorTime: 1000,
    commitTime: 1000,
    subject: 'Brighter',
    message: 'Brighter',
    account: 'ada',
    time: 1_000_000,
    ...given,
  });
  const push = { project: 'lamp', branch: 'main' };
  const stored: Stored[] = matchCommits([commit({})], [], push).map(({ record }) => ({ record, blob: 'b' }));
  const match = (given: Partial<PushedCommit>, of = stored) =>
    matchCommits([commit({ commit: '2'.repeat(40), ...given })], of, push)[0];

  test.each([
    ['amended with the same words, in the same second', {}, 1],
    ['amended with other words', { subject: 'Dimmer', commitTime: 1005 }, 1],
    ['fresh, of the same second', { subject: 'Dimmer' }, 2],
    ['of another author', { author: 'Grace <grace@example.org>' }, 2],
    ['written at another time', { authorTime: 999 }, 2],
    ['with a Change-Id of its own', { message: `Brighter\n\nChange-Id: ${CHANGE_ID}` }, 2],
  ])('%s: change %s', (_what, given, number) => {
    expect(match(given)?.record.number).toBe(number);
  });

  test('is refused where its change is closed and it names it', () => {
    const [{ record } = { record: undefined }] = stored;
    if (record === undefined) throw new Error('nothing stored');
    const closed: Stored[] = [{ blob: 'b', record: { ...record, status: 'merged' } }];
    expect(() => match({ message: `A\n\nChange-Id: ${record.changeId}` }, closed)).toThrow(/change 1 is merged/);
    expect(match({}, closed)?.record.number).toBe(2);
  });
});

describe('the memory of sources', () => {
  test('forgets the oldest of its kind and nothing else', () => {
    const store = new Database(':memory:');
    for (const sql of SOURCE_MIGRATIONS) store.exec(sql);
    let now = 0;
    const memory = openMemory(store, 'hub', () => now++);
    openMemory(store, 'other').set('delivery 1', '');
    memory.set('known', 'yes');
    for (const id of ['1', '2', '3']) memory.set(`delivery ${id}`, '');
    memory.prune('delivery ', 2);
    expect([...memory.entries('').keys()].sort()).toEqual(['delivery 2', 'delivery 3', 'known']);
    expect(openMemory(store, 'other').get('delivery 1')).toBe('');
    memory.delete('known');
    expect(memory.get('known')).toBeUndefined();
    store.close();
  });
});
