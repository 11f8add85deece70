import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../../plugins/ci/contract.ts';
import { GitCache } from '../../../../plugins/ci/sources/git/cache.ts';
import { isBranch, isProject, isRef } from '../../../../plugins/ci/sources/git/names.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { type WorkingCopy, workingCopy } from './bed.ts';

const aChange = (project: string, number: number, commit: string, given: Partial<Change> = {}): Change => ({
  key: `hub:${project}/${number},1`,
  id: `hub:${project}/${number}`,
  source: 'hub',
  kind: 'change',
  project,
  branch: 'main',
  commit,
  ref: `refs/heads/change-${number}`,
  number: String(number),
  patchset: '1',
  message: `Change ${number}`,
  dependsOn: [],
  isOpen: true,
  isMerged: false,
  approvals: {},
  ...given,
});

async function mergerBed(...projects: readonly string[]) {
  const copies = new Map<string, WorkingCopy>();
  for (const project of projects) {
    const copy = await workingCopy();
    await copy.commit('Begin', { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' });
    copies.set(project, copy);
  }
  const folder = join(await temporaryFolder(), 'git');
  const open = () =>
    GitCache.open(folder, (project) => {
      const copy = copies.get(project);
      return copy && { url: join(copy.path, '.git') };
    });
  const copyOf = (project: string) => {
    const copy = copies.get(project);
    if (copy === undefined) throw new Error(project);
    return copy;
  };
  /** A change beside the others, made from main as it is. */
  const change = async (project: string, number: number, files: Readonly<Record<string, string>>) => {
    const copy = copyOf(project);
    await copy.git('checkout', '--quiet', '-b', `change-${number}`, 'main');
    const commit = await copy.commit(`Change ${number}`, files);
    await copy.git('checkout', '--quiet', 'main');
    return aChange(project, number, commit);
  };
  return { merger: await open(), open, copyOf, change };
}

describe('the merger', () => {
  test('merges changes of several projects in order and answers the last one first', async () => {
    const { merger, change } = await mergerBed('lamp', 'home/web');
    const a = await change('lamp', 1, { 'a.txt': 'A\n' });
    const b = await change('home/web', 2, { 'b.txt': 'B\n' });
    const c = await change('lamp', 3, { 'c.txt': 'C\n' });
    const merged = await merger.merge('one', [a, b, c]);
    if (!merged.ok) throw new Error(merged.conflict);
    expect(merged.checkouts.map(({ project }) => project)).toEqual(['lamp', 'home/web']);
    const [lamp, web] = merged.checkouts;
    expect(web?.commit).toBe(b.commit);
    for (const [path, text] of [
      ['a.txt', 'A\n'],
      ['b.txt', 'b\n'],
      ['c.txt', 'C\n'],
    ] as const) {
      expect(lamp && (await merger.readFile(lamp, path))).toBe(text);
    }
    expect(lamp && (await merger.readFile(lamp, 'none.txt'))).toBeUndefined();
    await expect(lamp && merger.readFile(lamp, '../a.txt')).rejects.toMatchObject({ code: 'name_refused' });
  });

  test('makes the same commit of the same merge, so that what is behind stands on what lands', async () => {
    const { merger, open, change, copyOf } = await mergerBed('lamp');
    const changes = [await change('lamp', 1, { 'a.txt': 'A\n' }), await change('lamp', 2, { 'b.txt': 'B\n' })];
    const tipOf = async (id: string, from: GitCache, count: number) => {
      const merged = await from.merge(id, changes.slice(0, count));
      return merged.ok ? merged.checkouts[0]?.commit : undefined;
    };
    await copyOf('lamp').commit('Meanwhile', { 'd.txt': 'd\n' });
    const first = await tipOf('one', merger, 1);
    const both = await tipOf('two', await open(), 2);
    expect(await tipOf('three', merger, 2)).toBe(both);
    const { stdout } = await merger.git(['rev-parse', `${both}^1`], {
      repository: (await merger.tip('lamp')).repository,
    });
    expect(stdout.trim()).toBe(first);
  });

  test('names the change and the paths of a conflict', async () => {
    const { merger, change } = await mergerBed('lamp');
    const a = await change('lamp', 1, { 'a.txt': 'A\n', 'b.txt': 'B\n' });
    const b = await change('lamp', 2, { 'a.txt': 'AA\n', 'b.txt': 'BB\n' });
    expect(await merger.merge('one', [a, b])).toEqual({ ok: false, change: b, conflict: 'conflict in a.txt, b.txt' });
    expect(await merger.merge('two', [b])).toMatchObject({ ok: true });
  });

  test('tells a commit or branch that is gone from a remote that cannot be reached', async () => {
    const { merger, change } = await mergerBed('lamp');
    const a = await change('lamp', 1, { 'a.txt': 'A\n' });
    const gone = { ...a, commit: '1'.repeat(40), ref: 'refs/heads/none' };
    expect(await merger.merge('one', [gone])).toMatchObject({
      ok: false,
      conflict: expect.stringContaining('is not in lamp any more'),
    });
    expect(await merger.merge('two', [{ ...a, branch: 'none' }])).toMatchObject({
      ok: false,
      conflict: 'lamp has no branch none',
    });
    await expect(merger.merge('three', [{ ...a, project: 'other' }])).rejects.toMatchObject({
      code: 'project_unknown',
    });
    const nowhere = await GitCache.open(join(await temporaryFolder(), 'git'), () => ({ url: '/nowhere/at/all' }));
    await expect(nowhere.merge('one', [a])).rejects.toMatchObject({ code: 'unreachable' });
    await expect(nowhere.tip('lamp')).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('answers the tip of a branch, or of the default branch where there is none of that name', async () => {
    const { merger, copyOf } = await mergerBed('lamp');
    const copy = copyOf('lamp');
    await copy.git('checkout', '--quiet', '-b', 'topic');
    const topic = await copy.commit('Topic', { t: '1' });
    await copy.git('checkout', '--quiet', 'main');
    expect(await merger.tip('lamp', 'topic')).toMatchObject({ branch: 'topic', commit: topic });
    expect(await merger.tip('lamp', 'none')).toMatchObject({
      branch: 'main',
      commit: await copy.git('rev-parse', 'main'),
    });
  });

  test('keeps merges by a ref until they are forgotten, also after a restart', async () => {
    const { merger, open, change } = await mergerBed('lamp');
    const a = await change('lamp', 1, { 'a.txt': 'A\n' });
    await merger.merge('one', [a]);
    await merger.merge('two', [a]);
    const { repository } = await merger.tip('lamp');
    const kept = async () =>
      (await merger.git(['for-each-ref', '--format=%(refname)', 'refs/zuul'], { repository })).stdout;
    expect(await kept()).toBe('refs/zuul/main/one\nrefs/zuul/main/two\n');
    await merger.forget('one');
    await (await open()).forget('two');
    expect(await kept()).toBe('');
  });

  test('goes on after a power cut that left a lock behind', async () => {
    const { merger, open, change } = await mergerBed('lamp');
    const a = await change('lamp', 1, { 'a.txt': 'A\n' });
    const { repository } = await merger.tip('lamp');
    await copyFile(join(repository, 'HEAD'), join(repository, 'refs/upstream/main.lock'));
    await copyFile(join(repository, 'HEAD'), join(repository, 'packed-refs.lock'));
    expect(await (await open()).merge('one', [a])).toMatchObject({ ok: true });
    expect(await readdir(join(repository, 'refs/upstream'))).toEqual(['main']);
  });

  test('refuses names that git or the file system would take for something else', async () => {
    const { merger, change } = await mergerBed('lamp');
    const a = await change('lamp', 1, { 'a.txt': 'A\n' });
    const hostile: Partial<Change>[] = [
      { branch: '--upload-pack=touch /tmp/x' },
      { branch: 'a/../../b' },
      { ref: '--exec=x' },
      { ref: 'refs/heads/x y' },
      { project: '../lamp' },
      { project: 'ext::sh -c x' },
      { commit: '--all' },
      { commit: 'HEAD' },
    ];
    for (const part of hostile) {
      await expect(merger.merge('one', [{ ...a, ...part }])).rejects.toMatchObject({ code: 'name_refused' });
    }
    await expect(merger.merge('../one', [a])).rejects.toMatchObject({ code: 'name_refused' });
    await expect(merger.tip('-lamp')).rejects.toMatchObject({ code: 'name_refused' });
  });
});

describe('names', () => {
  test('of branches are taken only if git takes them', async () => {
    const { merger } = await mergerBed('lamp');
    const { repository } = await merger.tip('lamp');
    const names = fc.array(
      fc.constantFrom('a', 'b', '.', '/', '-', '@', '{', '~', '\\', ' ', 'é', '.lock', '..', '\u0001'),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    await fc.assert(
      fc.asyncProperty(names, async (parts) => {
        const name = parts.join('');
        if (!isBranch(name)) return;
        const { code } = await merger.git(['check-ref-format', `refs/heads/${name}`], { repository, accept: [1] });
        expect(code).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['lamp', true],
    ['home/lamp.web', true],
    ['c++', true],
    ['lamp.git', false],
    ['a/../b', false],
    ['/etc', false],
    ['a//b', false],
    ['.hidden', false],
    ['-x', false],
    ['', false],
  ])('project %j: %s', (name, isTaken) => expect(isProject(name)).toBe(isTaken));

  test('of refs are full', () => {
    expect(isRef('refs/changes/01/1/1')).toBe(true);
    expect(['main', 'refs/', 'refs/heads/', 'HEAD', 'refs/heads/-x'].filter(isRef)).toEqual([]);
  });
});
