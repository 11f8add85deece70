import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Bed, openBed, workingCopy } from './bed.ts';

const pathOf = (bed: Bed, project = 'lamp') => join(bed.dataDir, 'repositories', `${project}.git`);

async function lampBed() {
  const bed = await openBed({ repositories: { lamp: {} } });
  const work = await workingCopy(pathOf(bed));
  await work.commit('Begin', { 'lamp.txt': 'one\ntwo\nthree\n' });
  await work.git('push', 'hub', 'HEAD:main');
  await bed.next('ref-updated');
  return { bed, work };
}

/** Merges and submits a change as the gate does. */
async function gate(bed: Bed, name: string, id = 'm1') {
  const change = await bed.sources.find(name);
  const merged = await bed.sources.merger.merge(id, [change]);
  if (!merged.ok) throw new Error(merged.conflict);
  const [checkout] = merged.checkouts;
  if (checkout === undefined) throw new Error('no checkout');
  const [source] = bed.sources.sources;
  return { checkout, landed: await source?.submit(change, checkout) };
}

describe('a local repository', () => {
  test('is made, takes a plain push and tells of it', async () => {
    const bed = await openBed({ repositories: { lamp: {} } });
    const work = await workingCopy(pathOf(bed));
    const first = await work.commit('Begin', { 'lamp.txt': 'on' });
    await work.git('push', 'hub', 'HEAD:main');
    const created = await bed.next('ref-updated');
    expect(created.change).toMatchObject({
      key: `hub:lamp/refs/heads/main@${first}`,
      kind: 'ref',
      branch: 'main',
      commit: first,
      oldrev: '0'.repeat(40),
      message: 'Begin',
    });
    const second = await work.commit('More', { 'more.txt': 'x', 'sub/é.txt': 'y' });
    await work.git('push', 'hub', 'HEAD:main');
    const moved = await bed.next('ref-updated');
    expect(moved.change).toMatchObject({ oldrev: first, newrev: second, files: ['more.txt', 'sub/é.txt'] });
    await work.git('push', 'hub', 'HEAD:topic');
    await bed.next('ref-updated');
    await work.git('push', 'hub', ':topic');
    expect((await bed.next('ref-updated')).change).toMatchObject({ branch: 'topic', newrev: '0'.repeat(40) });
  });

  test('makes a change of a push to refs/for and tells the pusher its number and page', async () => {
    const { bed, work } = await lampBed();
    const commit = await work.commit('Brighter\n\nTwice as bright.', { 'lamp.txt': 'one\ntwo!\nthree\n' });
    const told = await work.git('push', 'hub', 'HEAD:refs/for/main');
    expect(told).toContain('new change lamp/1, patch set 1: Brighter  http://hub.example/lamp/1');
    expect(told).toContain('refs/changes/01/1/1');
    const { change, type } = await bed.next('patchset-created');
    expect(type).toBe('patchset-created');
    expect(change).toMatchObject({
      key: 'hub:lamp/1,1',
      id: 'hub:lamp/1',
      kind: 'change',
      branch: 'main',
      commit,
      number: '1',
      patchset: '1',
      message: 'Brighter\n\nTwice as bright.',
      author: 'Ada <ada@example.org>',
      files: ['lamp.txt'],
      isOpen: true,
      isMerged: false,
      approvals: {},
    });
    // Nothing of it is on a branch.
    expect(await work.git('ls-remote', 'hub', 'refs/heads/*')).not.toContain(commit);
  });

  test('takes an amended commit as the next patch set, with and without a Change-Id', async () => {
    const { bed, work } = await lampBed();
    await work.commit('Brighter', { 'lamp.txt': 'one!\ntwo\nthree\n' });
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    await writeFile(join(work.path, 'lamp.txt'), 'one!!\ntwo\nthree\n');
    await work.git('commit', '--all', '--amend', '--no-edit');
    expect(await work.git('push', 'hub', 'HEAD:refs/for/main')).toContain('change lamp/1, patch set 2');

    await work.git('reset', '--hard', 'hub/main');
    const changeId = `I${'ab'.repeat(20)}`;
    await work.commit(`Dimmer\n\nChange-Id: ${changeId}`, { 'dim.txt': '1' });
    expect(await work.git('push', 'hub', 'HEAD:refs/for/main')).toContain('new change lamp/2, patch set 1');
    await work.git('reset', '--hard', 'hub/main');
    await work.commit(`Other words\n\nChange-Id: ${changeId}`, { 'dim.txt': '2' });
    expect(await work.git('push', 'hub', 'HEAD:refs/for/main')).toContain('change lamp/2, patch set 2');
    expect(await bed.sources.find('2')).toMatchObject({ changeId, patchset: '2' });
    await expect(work.git('push', 'hub', 'HEAD:refs/for/main')).rejects.toThrow(/no new changes/);
  });

  test('makes a series of changes that need one another of several commits', async () => {
    const { bed, work } = await lampBed();
    await work.commit('First', { a: '1' });
    await work.commit('Second', { b: '1' });
    const told = await work.git('push', 'hub', 'HEAD:refs/for/main');
    expect(told).toContain('lamp/1, patch set 1: First');
    expect(told).toContain('lamp/2, patch set 1: Second');
    expect((await bed.sources.find('lamp/2')).dependsOn).toEqual(['hub:lamp/1']);
    expect((await bed.sources.changes()).map(({ id }) => id)).toEqual(['hub:lamp/1', 'hub:lamp/2']);
    await gate(bed, '1');
    expect((await bed.sources.find('lamp/2')).dependsOn).toEqual([]);
    expect((await bed.sources.changes()).map(({ id }) => id)).toEqual(['hub:lamp/2']);
    await work.commit('Third\n\nDepends-On: http://hub.example/lamp/2', { c: '1' });
    await work.git('reset', '--hard', 'hub/main');
    await work.git('cherry-pick', 'ORIG_HEAD');
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    expect((await bed.sources.find('lamp/3')).dependsOn).toEqual(['hub:lamp/2']);
  });

  test('refuses what it cannot take, with a reason', async () => {
    const { work } = await lampBed();
    await expect(work.git('push', 'hub', 'HEAD:refs/for/main')).rejects.toThrow(/no new changes/);
    await expect(work.git('push', 'hub', 'HEAD:refs/for/nothing')).rejects.toThrow(/no branch nothing/);
    await expect(work.git('push', 'hub', 'HEAD:refs/changes/01/1/9')).rejects.toThrow(/hidden ref/);
    await work.commit(`A\n\nChange-Id: I${'1'.repeat(40)}`, { a: '1' });
    await work.commit(`B\n\nChange-Id: I${'1'.repeat(40)}`, { b: '1' });
    await expect(work.git('push', 'hub', 'HEAD:refs/for/main')).rejects.toThrow(/squash them/);
  });

  test('gives numbers to pushes at the same time', async () => {
    const { bed, work } = await lampBed();
    const copies = await Promise.all(
      [1, 2, 3].map(async (n) => {
        const copy = await workingCopy(pathOf(bed));
        await copy.git('fetch', 'hub', 'main');
        await copy.git('reset', '--hard', 'FETCH_HEAD');
        await copy.commit(`Change of ${n}`, { [`${n}.txt`]: 'x' });
        return copy;
      }),
    );
    await Promise.all(copies.map((copy) => copy.git('push', 'hub', 'HEAD:refs/for/main')));
    const numbers = (await bed.sources.changes()).map(({ number }) => number).sort();
    expect(numbers).toEqual(['1', '2', '3']);
    expect(await work.git('ls-remote', 'hub', 'refs/changes/*/*/1')).toMatch(/refs\/changes\/03\/3\/1/);
  });

  test('takes pushes while the hub is down and tells of them at its next start', async () => {
    const { bed, work } = await lampBed();
    await bed.stop();
    const main = await work.commit('Directly', { 'direct.txt': 'x' });
    await work.git('push', 'hub', 'HEAD:main');
    await work.commit('Reviewed', { 'reviewed.txt': 'x' });
    expect(await work.git('push', 'hub', 'HEAD:refs/for/main')).toContain('new change lamp/1');
    const again = await openBed({ repositories: { lamp: {} } }, bed.dataDir);
    expect((await again.next('ref-updated')).change.newrev).toBe(main);
    expect((await again.next('patchset-created')).change.id).toBe('hub:lamp/1');
    await again.stop();
    const third = await openBed({ repositories: { lamp: {} } }, bed.dataDir);
    expect(third.events).toEqual([]);
  });

  test('keeps the votes for a patch set and no longer', async () => {
    const { bed, work } = await lampBed();
    await work.commit('Brighter', { a: '1' });
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    await bed.next('patchset-created');
    expect((await bed.sources.approve('1', 'grace')).approvals).toEqual({ Approved: [1, 1] });
    expect(await bed.next('comment-added')).toMatchObject({ account: 'grace', votes: { Approved: 1 } });
    await bed.sources.comment('lamp/1', 'ada', 'recheck');
    expect(await bed.next('comment-added')).toMatchObject({ account: 'ada', comment: 'recheck' });
    const change = await bed.sources.find('1');
    const report = { kind: 'success', pipeline: 'check', votes: { Verified: 1 }, message: 'ok', builds: [] } as const;
    await bed.sources.sources[0]?.report(change, report);
    expect((await bed.sources.find('1')).approvals).toEqual({ Approved: [1, 1], Verified: [1, 1] });
    await work.git('commit', '--amend', '--no-edit', '--date=2001-02-03T04:05:06Z', '--allow-empty', '--reset-author');
    await work.git('push', 'hub', `HEAD:refs/for/main`);
    expect(bed.events.filter(({ type }) => type === 'comment-added')).toHaveLength(2);
    await bed.sources.setAbandoned('1', true);
    await bed.next('change-abandoned');
    await expect(bed.sources.approve('hub:lamp/1', 'grace')).rejects.toMatchObject({ code: 'change_closed' });
    await bed.sources.setAbandoned('lamp/1', false);
    await bed.next('change-restored');
  });

  test('lands the very commit that was tested, as a fast-forward or a merge', async () => {
    const { bed, work } = await lampBed();
    const base = await work.git('rev-parse', 'HEAD');
    const a = await work.commit('A', { a: '1' });
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    await work.git('reset', '--hard', base);
    const b = await work.commit('B', { b: '1' });
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    const first = await gate(bed, 'lamp/1');
    expect(first).toMatchObject({ landed: true, checkout: { commit: a } });
    const second = await gate(bed, 'lamp/2', 'm2');
    expect(second.landed).toBe(true);
    await work.git('fetch', 'hub', 'main');
    expect(await work.git('rev-parse', 'FETCH_HEAD')).toBe(second.checkout.commit);
    expect(await work.git('log', '-1', '--format=%P', 'FETCH_HEAD')).toBe(`${a} ${b}`);
    expect(await bed.sources.find('lamp/2')).toMatchObject({ isOpen: false, isMerged: true });
    await bed.next('change-merged');
    await bed.next('change-merged');
    expect((await gate(bed, 'lamp/2', 'm3')).landed).toBe(true);
  });

  test('does not land what was tested without a push that came meanwhile', async () => {
    const { bed, work } = await lampBed();
    await work.git('checkout', '--quiet', '-b', 'topic');
    await work.commit('A', { a: '1' });
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    const change = await bed.sources.find('1');
    const merged = await bed.sources.merger.merge('m1', [change]);
    await work.git('checkout', '--quiet', 'main');
    const pushed = await work.commit('By hand', { hand: '1' });
    await work.git('push', 'hub', 'main');
    const [checkout] = merged.ok ? merged.checkouts : [];
    expect(checkout && (await bed.sources.sources[0]?.submit(change, checkout))).toBe(false);
    expect(bed.log.lines.join('\n')).toContain('which was not tested with it');
    expect(await work.git('ls-remote', 'hub', 'refs/heads/main')).toContain(pushed);
    expect(await bed.sources.find('1')).toMatchObject({ isOpen: true });
  });

  test('marks a change merged that someone pushed to the branch', async () => {
    const { bed, work } = await lampBed();
    await work.commit('A', { a: '1' });
    await work.git('push', 'hub', 'HEAD:refs/for/main');
    await bed.next('patchset-created');
    await work.git('push', 'hub', 'HEAD:main');
    expect((await bed.next('change-merged')).change).toMatchObject({ id: 'hub:lamp/1', isMerged: true });
  });

  test("keeps and calls a user's own hook", async () => {
    const { bed } = await lampBed();
    await bed.stop();
    const hooks = join(pathOf(bed), 'hooks');
    await mkdir(hooks, { recursive: true });
    const hook = '#!/bin/sh\ncat > users-hook-saw\n';
    await writeFile(join(hooks, 'post-receive'), hook);
    await chmod(join(hooks, 'post-receive'), 0o755);
    const again = await openBed({ repositories: { lamp: {} } }, bed.dataDir);
    expect(await readFile(join(hooks, 'post-receive.before-cupboard'), 'utf8')).toBe(hook);
    const work = await workingCopy(pathOf(bed));
    const commit = await work.commit('Side', { side: '1' });
    await work.git('push', 'hub', 'HEAD:side');
    await again.next('ref-updated');
    expect(await readFile(join(pathOf(bed), 'users-hook-saw'), 'utf8')).toContain(commit);
    expect((await stat(join(hooks, 'post-receive'))).mode & 0o111).toBe(0o111);
  });
});
