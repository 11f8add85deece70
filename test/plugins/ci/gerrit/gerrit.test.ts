import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished } from 'vitest';
import { waitFor } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { openBed } from '../sources/bed.ts';
import { type ServerAge, startGerrit } from './strict-gerrit.ts';

// git fetches from Gerrit with OpenSSH.
const test = testNeeding('ssh');

async function gerritBed(age: ServerAge = 'new') {
  const gerrit = await startGerrit(age);
  const bed = await openBed({ gerrit: gerrit.config });
  onTestFinished(() => expect(gerrit.refused).toEqual([]));
  const [source] = bed.sources.sources.filter(({ name }) => name === 'gerrit');
  if (source === undefined) throw new Error('no source');
  await waitFor('the event stream', () => gerrit.streams.size > 0);
  return { gerrit, bed, source };
}

describe('Gerrit', () => {
  for (const age of ['new', 'old'] as const) {
    test(`of ${age} age tells of patch sets, comments, votes and merges`, async () => {
      const { gerrit, bed, source } = await gerritBed(age);
      const uploaded = await gerrit.upload(7, { 'new.txt': 'x' });
      const created = await bed.next('patchset-created');
      expect(created).toMatchObject({ account: 'ada' });
      expect(created.change).toMatchObject({
        key: 'gerrit:lamp/7,1',
        id: 'gerrit:lamp/7',
        branch: 'main',
        commit: uploaded.revision,
        ref: 'refs/changes/07/7/1',
        number: '7',
        patchset: '1',
        changeId: uploaded.id,
        message: uploaded.message,
        author: 'ada <ada@example.org>',
        url: 'https://127.0.0.1/c/lamp/+/7',
        files: ['new.txt'],
        isOpen: true,
        approvals: {},
      });
      gerrit.comment(7, 'grace', 'Patch Set 1: Code-Review+2\n\nrecheck', { 'Code-Review': 2 });
      const commented = await bed.next('comment-added');
      expect(commented).toMatchObject({
        comment: 'Patch Set 1: Code-Review+2\n\nrecheck',
        votes: { 'Code-Review': 2 },
        account: 'grace',
      });
      expect(commented.change.approvals).toEqual({ 'Code-Review': [2, 2] });

      const merged = await bed.sources.merger.merge('m1', [commented.change]);
      const [checkout] = merged.ok ? merged.checkouts : [];
      if (checkout === undefined) throw new Error('not merged');
      const builds = [] as const;
      const passed = {
        kind: 'success',
        pipeline: 'gate',
        votes: { Verified: 2 },
        message: 'unit SUCCESS',
        builds,
      } as const;
      await source.report(commented.change, passed);
      expect(gerrit.reviews).toEqual([{ number: 7, message: 'unit SUCCESS', labels: { Verified: 2 } }]);
      expect(await source.submit(commented.change, checkout)).toBe(true);
      expect((await bed.next('change-merged')).change).toMatchObject({ isMerged: true, isOpen: false });
      const moved = (await bed.next('ref-updated')).change;
      expect(moved).toMatchObject({
        project: 'lamp',
        branch: 'main',
        message: expect.stringContaining('Merge "Change 7"'),
      });
      expect(await source.submit(commented.change, checkout)).toBe(true);
      // Our own review said nothing to us.
      expect(bed.events.map(({ type }) => type).sort()).toEqual([
        'change-merged',
        'comment-added',
        'patchset-created',
        'ref-updated',
      ]);
    });
  }

  test('tells once of what it tells twice', async () => {
    const { gerrit, bed } = await gerritBed();
    await gerrit.upload(1, { a: '1' });
    const line = gerrit.comment(1, 'grace', 'recheck');
    gerrit.repeat(line);
    gerrit.repeat(line);
    await gerrit.upload(2, { b: '1' });
    await waitFor('the last event', () => bed.events.find(({ change }) => change.number === '2'));
    expect(bed.events.filter(({ type }) => type === 'comment-added')).toHaveLength(1);
    expect(bed.events.filter(({ type }) => type === 'patchset-created')).toHaveLength(2);
  });

  test('is asked again where it answers with what was before the event', async () => {
    const { gerrit, bed } = await gerritBed();
    const first = await gerrit.upload(1, { a: '1' });
    await bed.next('patchset-created');
    gerrit.stale.set(1, { row: { ...first }, times: 2 });
    await gerrit.upload(1, { a: '2' });
    expect((await bed.next('patchset-created')).change.patchset).toBe('2');
  });

  test('is connected to again, and what was missed is caught up with', async () => {
    const { gerrit, bed } = await gerritBed();
    await gerrit.upload(1, { a: '1' });
    await gerrit.upload(2, { b: '1' });
    await gerrit.upload(3, { c: '1' });
    await gerrit.upload(4, { d: '1' });
    for (let count = 0; count < 4; count++) await bed.next('patchset-created');
    gerrit.accept(false);
    gerrit.disconnect();
    await gerrit.upload(1, { a: '2' });
    // A second later than what was told before: Gerrit's times are whole seconds.
    const comment = gerrit.changes.get(2)?.comments;
    comment?.push({ timestamp: Math.floor(Date.now() / 1000) + 1, username: 'grace', message: 'recheck' });
    Object.assign(gerrit.changes.get(3) ?? {}, { status: 'ABANDONED' });
    Object.assign(gerrit.changes.get(4) ?? {}, { votes: [{ label: 'Code-Review', value: 2, by: 'grace' }] });
    const tried = gerrit.connections();
    await waitFor('an attempt that failed', () => gerrit.connections() > tried);
    gerrit.accept(true);
    expect((await bed.next('patchset-created')).change).toMatchObject({ id: 'gerrit:lamp/1', patchset: '2' });
    expect((await bed.next('change-abandoned')).change.id).toBe('gerrit:lamp/3');
    const comments = [await bed.next('comment-added'), await bed.next('comment-added')];
    expect(comments.find(({ change }) => change.number === '2')).toMatchObject({
      comment: 'recheck',
      account: 'grace',
    });
    expect(comments.find(({ change }) => change.number === '4')).toMatchObject({ votes: { 'Code-Review': 2 } });
    expect(gerrit.queries.some((query) => query.includes('-S 3'))).toBe(true);
  });

  test('is queried when it says that it dropped events', async () => {
    const { gerrit, bed } = await gerritBed();
    await gerrit.upload(1, { a: '1' });
    await bed.next('patchset-created');
    await gerrit.unheard(() => gerrit.upload(1, { a: '2' }));
    gerrit.emit({ type: 'dropped-output' });
    expect((await bed.next('patchset-created')).change.patchset).toBe('2');
  });

  test('is caught up with after the hub was down; what was open at the very first start is not news', async () => {
    const gerrit = await startGerrit();
    await gerrit.upload(1, { a: '1' });
    const bed = await openBed({ gerrit: gerrit.config });
    await waitFor('the event stream', () => gerrit.streams.size > 0);
    expect(bed.events).toEqual([]);
    await bed.stop();
    await gerrit.upload(2, { b: '1' });
    const again = await openBed({ gerrit: gerrit.config }, bed.dataDir);
    expect((await again.next('patchset-created')).change.id).toBe('gerrit:lamp/2');
    expect(again.events).toHaveLength(1);
  });

  test('does not merge what was not tested, or lacks a vote', async () => {
    const { gerrit, bed, source } = await gerritBed();
    await gerrit.upload(1, { a: '1' });
    const { change } = await bed.next('patchset-created');
    const merged = await bed.sources.merger.merge('m1', [change]);
    const [checkout] = merged.ok ? merged.checkouts : [];
    if (checkout === undefined) throw new Error('not merged');
    expect(await source.submit(change, checkout)).toBe(false);
    expect(gerrit.refused.splice(0)).toEqual([expect.stringContaining('labels are missing')]);
    await gerrit.work.git('checkout', '--quiet', '--detach', 'hub/main');
    await gerrit.work.commit('By hand', { hand: '1' });
    await gerrit.work.git('push', 'hub', 'HEAD:main');
    expect(await source.submit(change, checkout)).toBe(false);
    expect(bed.log.lines.join()).toContain('not what it was tested on any more');
    await gerrit.upload(1, { a: '2' });
    expect(await source.submit(change, checkout)).toBe(false);
  });

  test('says what a change stands on and needs', async () => {
    const { gerrit, bed } = await gerritBed();
    const parent = await gerrit.upload(1, { a: '1' });
    await gerrit.upload(2, { b: '1' });
    const message = `Child\n\nDepends-On: I${'2'.padStart(40, '0')}`;
    await gerrit.upload(3, { c: '1' }, { on: parent.revision, message });
    await waitFor('the last event', () => bed.events.find(({ change }) => change.number === '3'));
    const { change } = bed.events.at(-1) ?? {};
    expect(change?.dependsOn).toEqual(['gerrit:lamp/1', 'gerrit:lamp/2']);
    const needed = change ? await bed.sources.needed(change) : [];
    expect(needed.map(({ id }) => id)).toEqual(['gerrit:lamp/1', 'gerrit:lamp/2']);
    expect((await bed.sources.changes()).map(({ number }) => number).sort()).toEqual(['1', '2', '3']);
  });

  test('is not talked to when it has another host key', async () => {
    const gerrit = await startGerrit();
    const bed = await openBed({ gerrit: { ...gerrit.config, host_key: gerrit.foreignHostKey } });
    expect(bed.log.lines.join()).toContain('another host key than gerrit.host_key');
    expect(bed.log.lines.join()).not.toContain((await readFile(gerrit.config.key, 'utf8')).slice(60, 100));
    expect(gerrit.queries).toEqual([]);
  });
});
