import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Report } from '../../../../plugins/ci/contract.ts';
import type { RemoteConfig } from '../../../../plugins/ci/sources/config.ts';
import { parseDelivery, signedBody } from '../../../../plugins/ci/sources/forge/delivery.ts';
import { parseGitUrl } from '../../../../plugins/ci/sources/forge/location.ts';
import { RemoteSource } from '../../../../plugins/ci/sources/forge/source.ts';
import { gitCredentials } from '../../../../plugins/ci/sources/git/credentials.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { openBed, workingCopy } from './bed.ts';
import { deliver, type FakePull, FORGE_TOKEN, startForge } from './strict-forge.ts';

const SECRET = 'shared-with-the-forge';
const repository = { full_name: 'home/lamp', clone_url: 'https://git.example.org/home/lamp.git' };
const sender = { login: 'ada' };

/** A forge with the repository home/lamp, and a hub that follows it. */
async function forgeBed(kind: 'github' | 'gitea', given: Partial<RemoteConfig> = {}) {
  const upstream = join(await temporaryFolder(), 'lamp.git');
  const work = await workingCopy(upstream);
  await work.git('init', '--quiet', '--bare', '--initial-branch=main', upstream);
  const base = await work.commit('Begin', { 'lamp.txt': 'one\ntwo\n' });
  await work.git('push', 'hub', 'HEAD:main');
  const forge = await startForge(kind, async ({ head }) => {
    await work.git('fetch', 'hub', 'main');
    await work.git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
    await work.git('merge', '--quiet', '--no-ff', '--message', 'Merged by the forge', head.sha);
    await work.git('push', 'hub', 'HEAD:main');
  });
  const remote: RemoteConfig = {
    url: upstream,
    poll_seconds: 3600,
    branches: ['**'],
    repository: 'home/lamp',
    forge: kind,
    api: forge.api,
    token: FORGE_TOKEN,
    ...given,
  };
  const config = { remotes: { lamp: remote }, webhooks: { listen: '127.0.0.1:0', secret: SECRET } };
  const bed = await openBed(config);
  const port = bed.sources.sources.find((source) => source instanceof RemoteSource)?.port ?? 0;
  onTestFinished(() => expect(forge.refused).toEqual([]));
  /** A pull request as someone opens it. */
  const open = async (number: number, files: Record<string, string>): Promise<FakePull> => {
    await work.git('checkout', '--quiet', '--detach', base);
    const sha = await work.commit(`Pull ${number}`, files);
    await work.git('push', '--force', 'hub', `HEAD:refs/pull/${number}/head`);
    const pull: FakePull = {
      number,
      title: `Pull ${number}`,
      body: 'What it is for.',
      state: 'open',
      merged: false,
      head: { sha },
      base: { ref: 'main' },
      html_url: `https://git.example.org/home/lamp/pulls/${number}`,
      user: { login: 'ada' },
    };
    forge.pulls.set(number, pull);
    return pull;
  };
  const send = (event: string, payload: object, more: Parameters<typeof deliver>[4] = {}) =>
    deliver(port, SECRET, event, { repository, sender, ...payload }, { github: kind === 'github', ...more });
  return { bed, work, forge, open, send, port, config };
}

describe.each(['gitea', 'github'] as const)('a repository at %s', (kind) => {
  test('is told of by webhooks, and told of what its jobs did', async () => {
    const { bed, forge, open, send } = await forgeBed(kind);
    const pull = await open(5, { 'new.txt': 'x' });
    expect(await send('pull_request', { action: 'opened', pull_request: pull })).toMatchObject({ status: 202 });
    const { change, account } = await bed.next('patchset-created');
    expect(account).toBe('ada');
    expect(change).toMatchObject({
      key: `remote:lamp/5,${pull.head.sha}`,
      id: 'remote:lamp/5',
      branch: 'main',
      commit: pull.head.sha,
      ref: 'refs/pull/5/head',
      message: 'Pull 5\n\nWhat it is for.',
      files: ['new.txt'],
      isOpen: true,
    });
    const [source] = bed.sources.sources.filter(({ name }) => name === 'remote');
    const url = 'http://hub.example/build/1';
    const builds: Report['builds'] = [
      { build: '1', job: 'unit', result: 'SUCCESS', voting: true, url },
      { build: '2', job: 'lint', result: 'FAILURE', voting: true, url },
    ];
    await source?.report(change, { kind: 'start', pipeline: 'check', votes: {}, message: '', builds });
    await source?.report(change, { kind: 'failure', pipeline: 'check', votes: {}, message: 'lint failed', builds });
    expect(forge.statuses).toEqual([
      {
        commit: pull.head.sha,
        state: 'pending',
        context: 'cupboard/check',
        description: expect.any(String),
        target_url: url,
      },
      {
        commit: pull.head.sha,
        state: 'failure',
        context: 'cupboard/check',
        description: '1 of 2 jobs passed: lint FAILURE',
        target_url: url,
      },
    ]);
    expect(forge.comments).toEqual([{ number: 5, body: expect.stringContaining('lint failed') }]);
    // Our own comment comes back as an event and says nothing; one of a person does.
    const issue = { number: 5, pull_request: {} };
    await send('issue_comment', { action: 'created', issue, comment: { body: forge.comments[0]?.body } });
    await send('issue_comment', { action: 'created', issue, comment: { body: 'recheck' } });
    expect(await bed.next('comment-added')).toMatchObject({ comment: 'recheck', account: 'ada', votes: {} });
  });

  test('merges by the forge what was tested, after a review of a member', async () => {
    const { bed, work, forge, open, send } = await forgeBed(kind);
    const pull = await open(6, { 'new.txt': 'x' });
    await send('pull_request', { action: 'opened', pull_request: pull });
    const vote = (login: string, isMember: boolean) => ({
      state: 'APPROVED',
      commit_id: pull.head.sha,
      user: { login },
      ...(kind === 'github' ? { author_association: isMember ? 'MEMBER' : 'NONE' } : { official: isMember }),
    });
    const approved = () =>
      kind === 'github'
        ? send('pull_request_review', {
            action: 'submitted',
            pull_request: pull,
            review: { state: 'approved', body: '', user: { login: 'n' }, id: Math.random() },
          })
        : send('pull_request_approved', {
            action: 'reviewed',
            pull_request: pull,
            review: { type: 'pull_request_review_approved', content: '', id: Math.random() },
          });
    forge.reviews.set(6, [vote('stranger', false)]);
    await approved();
    expect((await bed.next('comment-added')).votes).toEqual({});
    forge.reviews.set(6, [vote('stranger', false), vote('grace', true)]);
    await approved();
    const { change, votes } = await bed.next('comment-added');
    expect(votes).toEqual({ Approved: 1 });
    expect(change.approvals).toEqual({ Approved: [1, 1] });

    const [source] = bed.sources.sources.filter(({ name }) => name === 'remote');
    const merged = await bed.sources.merger.merge('m1', [change]);
    const [checkout] = merged.ok ? merged.checkouts : [];
    if (checkout === undefined) throw new Error('not merged');
    await work.git('checkout', '--quiet', '-B', 'byhand', 'hub/main');
    await work.commit('By hand', { 'hand.txt': '1' });
    await work.git('push', 'hub', 'HEAD:main');
    expect(await source?.submit(change, checkout)).toBe(false);
    expect(forge.pulls.get(6)?.merged).toBe(false);
    const again = await bed.sources.merger.merge('m2', [change]);
    const [second] = again.ok ? again.checkouts : [];
    expect(second && (await source?.submit(change, second))).toBe(true);
    expect((await bed.next('change-merged')).change).toMatchObject({
      id: 'remote:lamp/6',
      isMerged: true,
      isOpen: false,
    });
    expect(second && (await source?.submit(change, second))).toBe(true);
  });
});

describe('a remote', () => {
  test('is asked for its branches when a webhook says that they moved', async () => {
    const { bed, work, send } = await forgeBed('gitea');
    await work.git('checkout', '--quiet', 'main');
    const commit = await work.commit('More', { 'more.txt': 'x' });
    await work.git('push', 'hub', 'HEAD:main');
    // What the payload says of commits does not count.
    await send('push', { ref: 'refs/heads/main', before: '1'.repeat(40), after: '2'.repeat(40) });
    const { change } = await bed.next('ref-updated');
    expect(change).toMatchObject({
      key: `remote:lamp/refs/heads/main@${commit}`,
      message: 'More',
      files: ['more.txt'],
    });
    const [source] = bed.sources.sources.filter(({ name }) => name === 'remote');
    expect(await source?.refresh(change)).toEqual(change);
  });

  test('is caught up with by polling, and what was told stays told over a restart', async () => {
    const { bed, work, open, config, forge } = await forgeBed('gitea');
    await bed.stop();
    await work.commit('More', { 'more.txt': 'x' });
    await work.git('push', 'hub', 'HEAD:refs/heads/main', 'HEAD:refs/tags/v1');
    const pull = await open(7, { 'new.txt': 'x' });
    const again = await openBed(config, bed.dataDir);
    const refs = [await again.next('ref-updated'), await again.next('ref-updated')].map(({ change }) => change.branch);
    expect(refs.sort()).toEqual(['main', 'refs/tags/v1']);
    expect((await again.next('patchset-created')).change.commit).toBe(pull.head.sha);
    await again.stop();
    forge.pulls.set(7, { ...pull, state: 'closed' });
    const third = await openBed(config, bed.dataDir);
    expect((await third.next('change-abandoned')).change).toMatchObject({ id: 'remote:lamp/7', isOpen: false });
    expect(third.events).toHaveLength(1);
  });
});

describe('the listener for webhooks', () => {
  test('refuses what is not signed with the secret', async () => {
    const { bed, open, port, send } = await forgeBed('gitea');
    const pull = await open(8, { 'a.txt': '1' });
    const payload = { repository, sender, action: 'opened', pull_request: pull };
    expect((await deliver(port, 'another secret than that', 'pull_request', payload)).status).toBe(401);
    expect((await deliver(port, '', 'pull_request', payload)).status).toBe(401);
    expect((await send('pull_request', payload, { headers: { 'x-gitea-signature': '' } })).status).toBe(401);
    expect((await send('pull_request', payload, { headers: { 'x-gitea-signature': 'zz' } })).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(405);
    expect(bed.events).toEqual([]);
  });

  test('drops a delivery that comes again, also under another id', async () => {
    const { bed, open, send } = await forgeBed('gitea');
    const pull = await open(9, { 'a.txt': '1' });
    const comment = { action: 'created', issue: { number: 9, pull_request: {} }, comment: { id: 1, body: 'recheck' } };
    expect(await send('pull_request', { action: 'opened', pull_request: pull }, { id: 'one' })).toMatchObject({
      text: 'taken',
    });
    expect(await send('issue_comment', comment, { id: 'two' })).toMatchObject({ text: 'taken' });
    expect(await send('issue_comment', comment, { id: 'three' })).toEqual({ status: 200, text: 'had it before' });
    expect(await send('issue_comment', { ...comment, more: 1 }, { id: 'two' })).toEqual({
      status: 200,
      text: 'had it before',
    });
    expect(bed.events.filter(({ type }) => type === 'comment-added')).toHaveLength(1);
  });

  test('takes a form whose JSON is signed', async () => {
    const { bed, open, send } = await forgeBed('gitea');
    const pull = await open(10, { 'a.txt': '1' });
    expect((await send('pull_request', { action: 'opened', pull_request: pull }, { asForm: true })).status).toBe(202);
    await bed.next('patchset-created');
  });

  test('refuses what is too large, is no JSON or has no such repository', async () => {
    const { port, send } = await forgeBed('gitea');
    const large = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x'.repeat(6 * 1024 * 1024) });
    expect(large.status).toBe(413);
    expect(await send('push', { repository: { full_name: 'some/other' } })).toEqual({
      status: 202,
      text: 'nothing to do',
    });
  });
});

describe('a delivery', () => {
  test('with an empty secret is never signed', () => {
    expect(signedBody({ 'x-gitea-signature': '' }, Buffer.from('{}'), '')).toBeUndefined();
  });

  test.each([
    ['no object', 5],
    ['no repository', { pull_request: {} }],
    [
      'a head that is no commit',
      { repository, pull_request: { number: 1, head: { sha: '--all' }, base: { ref: 'main' } } },
    ],
    ['a comment of an issue', { repository, action: 'created', issue: { number: 1 }, comment: { body: 'recheck' } }],
    [
      'an edited comment',
      { repository, action: 'edited', issue: { number: 1, pull_request: {} }, comment: { body: 'recheck' } },
    ],
  ])('with %s says nothing', (_what, payload) => {
    expect(parseDelivery({ 'x-gitea-event': 'pull_request' }, payload)).toBeUndefined();
    expect(parseDelivery({ 'x-github-event': 'issue_comment' }, payload)).toBeUndefined();
  });
});

describe('a git URL', () => {
  test.each([
    ['https://git.example.org:3000/home/lamp.git', { host: 'git.example.org', path: 'home/lamp' }],
    ['ssh://git@git.example.org:2222/home/lamp', { host: 'git.example.org', path: 'home/lamp' }],
    ['git@Git.Example.org:home/lamp.git', { host: 'git.example.org', path: 'home/lamp' }],
    ['/srv/git/lamp.git', { path: 'srv/git/lamp' }],
  ])('%s', (url, expected) => expect(parseGitUrl(url)).toMatchObject(expected));
});

describe('credentials of git', () => {
  test('are neither in the URL nor in an argument', async () => {
    const knownHosts = join(await temporaryFolder(), 'known');
    await expect(gitCredentials({ url: 'https://ada:pass@git.example.org/lamp' }, knownHosts)).rejects.toMatchObject({
      code: 'config_invalid',
    });
    expect(await gitCredentials({ url: 'https://git.example.org/lamp', token: 'secret' }, knownHosts)).toEqual({
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'http.https://git.example.org/.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from('x-access-token:secret').toString('base64')}`,
      GIT_CONFIG_KEY_1: 'http.followRedirects',
      GIT_CONFIG_VALUE_1: 'false',
    });
    const ssh = { url: 'ssh://git@git.example.org:2222/lamp', key: "/keys/ada's", host_key: 'ssh-ed25519 AAAA' };
    const { GIT_SSH_COMMAND = '' } = await gitCredentials(ssh, knownHosts);
    expect(GIT_SSH_COMMAND).toContain("-i '/keys/ada'\\''s' -o StrictHostKeyChecking=yes");
  });
});
