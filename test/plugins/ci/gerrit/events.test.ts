import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isStale, parseEvent, parseQuery } from '../../../../plugins/ci/sources/gerrit/events.ts';

const revision = 'a'.repeat(40);
const line = (event: object) => JSON.stringify(event);

describe('a line of the event stream', () => {
  test('is read with strings for numbers, as old servers write them', () => {
    const change = { project: 'lamp', branch: 'main', id: `I${revision}`, number: '12' };
    const approvals = [{ type: 'Code-Review', value: '2' }];
    const event = {
      type: 'comment-added',
      change,
      patchSet: { number: '3' },
      author: { name: 'Grace' },
      approvals,
      comment: 'recheck',
    };
    expect(parseEvent(line(event))).toEqual({
      type: 'comment-added',
      project: 'lamp',
      number: 12,
      patchset: 3,
      comment: 'recheck',
      votes: { 'Code-Review': 2 },
      account: 'Grace',
    });
  });

  test('gives only the votes that it changed', () => {
    const approvals = [
      { type: 'Code-Review', value: '2', oldValue: '0' },
      { type: 'Verified', value: '1', oldValue: '1' },
    ];
    const event = {
      type: 'comment-added',
      change: { project: 'lamp', number: 1 },
      approvals,
      eventCreatedOn: 1700000000,
    };
    expect(parseEvent(line(event))).toMatchObject({ votes: { 'Code-Review': 2 }, createdOn: 1700000000, patchset: 0 });
  });

  test.each([
    ['main', 'refs/heads/main'],
    ['refs/heads/main', 'refs/heads/main'],
    ['refs/tags/v1', 'refs/tags/v1'],
  ])('names the ref %s in full', (refName, ref) => {
    const refUpdate = { project: 'lamp', refName, oldRev: '0'.repeat(40), newRev: revision };
    expect(parseEvent(line({ type: 'ref-updated', refUpdate }))).toMatchObject({
      type: 'ref-updated',
      ref,
      newrev: revision,
    });
  });

  test('may be anything', () => {
    expect(parseEvent('{"type":"dropped-output"}')).toEqual({ type: 'dropped-output' });
    for (const text of ['', '{', 'null', '[]', '{"type":5}', '{"type":"toString"}', '{"type":"patchset-created"}']) {
      expect(parseEvent(text)).toBeUndefined();
    }
    expect(
      parseEvent(line({ type: 'ref-updated', refUpdate: { project: 'lamp', refName: 'main', newRev: '--all' } })),
    ).toBeUndefined();
    const types = fc.constantFrom('comment-added', 'ref-updated', 'change-merged', 'stats');
    const fields = fc.dictionary(
      fc.constantFrom('change', 'patchSet', 'approvals', 'refUpdate', 'author', 'comment'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(types, fields, (type, more) => {
        parseEvent(line({ ...more, type }));
        parseQuery(line({ ...more, type }));
      }),
    );
  });
});

describe('the answer to a query', () => {
  const row = {
    project: 'lamp',
    branch: 'main',
    id: `I${revision}`,
    number: '12',
    subject: 'Brighter',
    status: 'NEW',
    currentPatchSet: {
      number: '3',
      revision,
      approvals: [
        { type: 'Verified', value: '1' },
        { type: 'Verified', value: -1 },
      ],
      files: [{ file: '/COMMIT_MSG' }, { file: 'lamp.txt' }],
    },
  };

  test('is read with what it has', () => {
    const { rows, hasMore } = parseQuery(`${line(row)}\n${line({ type: 'stats', rowCount: 1, moreChanges: true })}\n`);
    expect(hasMore).toBe(true);
    expect(rows).toEqual([
      expect.objectContaining({
        number: 12,
        patchset: 3,
        commit: revision,
        ref: 'refs/changes/12/12/3',
        message: 'Brighter',
        status: 'open',
        votes: { Verified: [1, -1] },
        files: ['lamp.txt'],
        parents: [],
        comments: [],
      }),
    ]);
  });

  test('is stale where it does not know of the event', () => {
    const [known] = parseQuery(line(row)).rows;
    const event = parseEvent(
      line({ type: 'comment-added', change: { project: 'lamp', number: 12 }, patchSet: { number: 3 } }),
    );
    if (event?.type !== 'comment-added') throw new Error('not read');
    expect(isStale(known, event)).toBe(false);
    expect(isStale(undefined, event)).toBe(true);
    expect(isStale(known, { ...event, patchset: 4 })).toBe(true);
    expect(isStale(known, { ...event, votes: { Verified: 1 } })).toBe(false);
    expect(isStale(known, { ...event, votes: { Verified: 2 } })).toBe(true);
    expect(isStale(known, { ...event, type: 'change-merged' })).toBe(true);
  });
});
