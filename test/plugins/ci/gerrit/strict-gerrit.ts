import { spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2, { type ServerChannel } from 'ssh2';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../../support/hub.ts';
import { type WorkingCopy, workingCopy } from '../sources/bed.ts';

/** A change as the fake keeps it. */
export interface FakeChange {
  readonly number: number;
  readonly project: string;
  readonly branch: string;
  readonly id: string;
  subject: string;
  message: string;
  status: 'NEW' | 'MERGED' | 'ABANDONED';
  patchset: number;
  revision: string;
  parent: string;
  votes: { label: string; value: number; by: string }[];
  comments: { timestamp: number; username: string; message: string }[];
  files: string[];
  lastUpdated: number;
}

export type ServerAge = 'old' | 'new';

const seconds = () => Math.floor(Date.now() / 1000);
const refOf = ({ number, patchset }: FakeChange) =>
  `refs/changes/${String(number % 100).padStart(2, '0')}/${number}/${patchset}`;

/**
 * A Gerrit over real ssh on loopback, stricter than the real one: one account with one key, only the commands and options
 * that Gerrit documents, everything else refused and kept in `refused`. `old` speaks as Gerrit 2.x did: numbers as
 * strings, short branch names, no `eventCreatedOn`, no paging.
 */
export async function startGerrit(age: ServerAge = 'new') {
  const folder = await temporaryFolder();
  const host = ssh2.utils.generateKeyPairSync('ed25519');
  const account = ssh2.utils.generateKeyPairSync('ed25519');
  const key = join(folder, 'id_ci');
  await writeFile(key, account.private, { mode: 0o600 });
  const upstream = join(folder, 'lamp.git');
  const work = await workingCopy(upstream);
  await work.git('init', '--quiet', '--bare', '--initial-branch=main', upstream);
  await work.commit('Begin', { 'lamp.txt': 'one\n' });
  await work.git('push', 'hub', 'HEAD:main');

  const changes = new Map<number, FakeChange>();
  const streams = new Set<ServerChannel>();
  const sockets = new Set<Socket>();
  const reviews: { readonly number: number; readonly message: string; readonly labels: Record<string, number> }[] = [];
  const refused: string[] = [];
  const queries: string[] = [];
  /** Answers given before the newest one is: number of the change to what it was. */
  const stale = new Map<number, { row: FakeChange; times: number }>();
  let connectionCount = 0;
  let isAccepting = true;

  const number = (value: number) => (age === 'old' ? String(value) : value);
  const person = (username: string) => ({ name: username, email: `${username}@example.org`, username });
  const asChange = (change: FakeChange) => ({
    project: change.project,
    branch: change.branch,
    id: change.id,
    number: number(change.number),
    subject: change.subject,
    owner: person('ada'),
    url: `https://127.0.0.1/c/${change.project}/+/${change.number}`,
    commitMessage: change.message,
    status: change.status,
  });
  const approvals = (votes: FakeChange['votes']) =>
    votes.map(({ label, value, by }) => ({ type: label, description: label, value: String(value), by: person(by) }));
  const asPatchSet = (change: FakeChange) => ({
    number: number(change.patchset),
    revision: change.revision,
    parents: [change.parent],
    ref: refOf(change),
    uploader: person('ada'),
    kind: 'REWORK',
  });
  const emit = (event: object) => {
    const line = `${JSON.stringify({ ...event, ...(age === 'new' && { eventCreatedOn: seconds() }) })}\n`;
    for (const stream of streams) stream.write(line);
    return line;
  };
  const tell = (type: string, change: FakeChange, more: object = {}) =>
    emit({ type, change: asChange(change), patchSet: asPatchSet(change), ...more });

  function rowOf(change: FakeChange, options: ReadonlySet<string>) {
    const held = stale.get(change.number);
    const row = held && held.times-- > 0 ? held.row : change;
    const parents = [...changes.values()].filter(({ revision }) => revision === row.parent);
    return {
      ...asChange(row),
      open: row.status === 'NEW',
      lastUpdated: row.lastUpdated,
      currentPatchSet: {
        ...asPatchSet(row),
        ...(row.votes.length > 0 && { approvals: approvals(row.votes) }),
        files: [{ file: '/COMMIT_MSG', type: 'ADDED' }, ...row.files.map((file) => ({ file, type: 'MODIFIED' }))],
      },
      dependsOn: parents.map((parent) => ({ id: parent.id, number: number(parent.number), revision: parent.revision })),
      ...(options.has('--comments') && {
        comments: row.comments.map(({ timestamp, username, message }) => ({
          timestamp,
          reviewer: person(username),
          message,
        })),
      }),
    };
  }

  const OPTIONS = [
    '--format=JSON',
    '--current-patch-set',
    '--commit-message',
    '--dependencies',
    '--files',
    '--comments',
  ];
  const PAGE = 3;
  function query(args: string[]): string {
    queries.push(args.join(' '));
    const options = new Set(args.filter((arg) => arg.startsWith('--')));
    for (const option of options) if (!OPTIONS.includes(option)) throw new Error(`"${option}" is not a valid option`);
    const skipAt = args.indexOf('-S');
    if (skipAt >= 0 && age === 'old') throw new Error('"-S" is not a valid option');
    const skip = skipAt < 0 ? 0 : Number(args.splice(skipAt, 2)[1]);
    const terms = args.filter((arg) => !arg.startsWith('--'));
    const found = new Set<FakeChange>();
    for (const alternative of terms.join(' ').split(' OR ')) {
      for (const change of changes.values()) {
        if (matches(change, alternative.split(' '))) found.add(change);
      }
    }
    const all = [...found].sort((one, other) => other.lastUpdated - one.lastUpdated || other.number - one.number);
    const rows = age === 'old' ? all : all.slice(skip, skip + PAGE);
    const stats = {
      type: 'stats',
      rowCount: rows.length,
      runTimeMilliseconds: 1,
      ...(age === 'new' && { moreChanges: skip + rows.length < all.length }),
    };
    return [...rows.map((change) => rowOf(change, options)), stats].map((line) => `${JSON.stringify(line)}\n`).join('');
  }

  function matches(change: FakeChange, terms: readonly string[]): boolean {
    return terms.every((term, at) => {
      if (term === 'NOT') return true;
      const isNot = terms[at - 1] === 'NOT';
      const [, operator, value = ''] = /^(change|status|age|limit):(\S+)$/.exec(term) ?? [];
      if (operator === undefined) throw new Error(`unsupported query term: ${term}`);
      if (operator === 'limit') return true;
      if (operator === 'change') return value === String(change.number) || value === change.id;
      if (operator === 'status') return (value === 'open') === (change.status === 'NEW');
      if (!/^\d+s$/.test(value)) throw new Error(`invalid age ${value}`);
      return seconds() - change.lastUpdated >= Number.parseInt(value, 10) !== isNot;
    });
  }

  async function review(args: readonly string[], input: string): Promise<void> {
    const [option, project, how, target = ''] = args;
    const [, id, patchset] = /^(\d+),(\d+)$/.exec(target) ?? [];
    const change = changes.get(Number(id));
    if (option !== '--project' || args.length !== 4 || change?.project !== project) throw new Error('no such change');
    if (Number(patchset) !== change?.patchset) throw new Error(`patch set ${target} is outdated`);
    if (how === '--submit') return submit(change);
    if (how !== '--json') throw new Error(`"${how}" is not a valid option`);
    const { message, labels = {}, tag, ...more } = JSON.parse(input);
    if (Object.keys(more).length > 0 || typeof message !== 'string' || typeof tag !== 'string')
      throw new Error('bad input');
    for (const [label, value] of Object.entries(labels)) {
      if (label !== 'Verified' || ![-2, -1, 0, 1, 2].includes(value as number))
        throw new Error(`label ${label} is not known`);
    }
    reviews.push({ number: change.number, message, labels });
    comment(change.number, 'ci', message, labels);
  }

  async function submit(change: FakeChange): Promise<void> {
    const has = (label: string) => change.votes.some((vote) => vote.label === label && vote.value === 2);
    if (!has('Verified') || !has('Code-Review')) throw new Error('change cannot be merged: labels are missing');
    const before = await work.git('ls-remote', 'hub', 'refs/heads/main');
    await work.git('fetch', 'hub', 'main');
    await work.git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
    await work.git('merge', '--quiet', '--no-ff', '--message', `Merge "${change.subject}"`, change.revision);
    await work.git('push', '--quiet', 'hub', 'HEAD:main');
    const newRev = await work.git('rev-parse', 'HEAD');
    stale.set(change.number, { row: { ...change }, times: 1 });
    Object.assign(change, { status: 'MERGED', lastUpdated: seconds() });
    const refName = age === 'old' ? 'main' : 'refs/heads/main';
    emit({
      type: 'ref-updated',
      submitter: person('ci'),
      refUpdate: { oldRev: before.slice(0, 40), newRev, refName, project: 'lamp' },
    });
    tell('change-merged', change, { submitter: person('ci') });
  }

  function comment(id: number, by: string, message: string, labels: Record<string, number> = {}): string {
    const change = changes.get(id);
    if (change === undefined) throw new Error(`no change ${id}`);
    for (const [label, value] of Object.entries(labels)) {
      change.votes = [...change.votes.filter((vote) => vote.label !== label || vote.by !== by), { label, value, by }];
    }
    change.comments.push({ timestamp: seconds(), username: by, message });
    change.lastUpdated = seconds();
    const given = Object.entries(labels).map(([label, value]) => ({ label, value, by }));
    return tell('comment-added', change, { author: person(by), approvals: approvals(given), comment: message });
  }

  /** A new change, or a patch set of one, as `git push` to Gerrit makes it. */
  async function upload(
    id: number,
    files: Record<string, string>,
    given: { message?: string; on?: string } = {},
  ): Promise<FakeChange> {
    await work.git('fetch', 'hub', 'main');
    await work.git('checkout', '--quiet', '--detach', given.on ?? 'FETCH_HEAD');
    const parent = await work.git('rev-parse', 'HEAD');
    const changeId = `I${id.toString(16).padStart(40, '0')}`;
    const message = `${given.message ?? `Change ${id}`}\n\nChange-Id: ${changeId}\n`;
    const revision = await work.commit(message, files);
    const before = changes.get(id);
    const change: FakeChange = {
      number: id,
      project: 'lamp',
      branch: 'main',
      id: changeId,
      subject: message.split('\n')[0] ?? '',
      message,
      status: 'NEW',
      patchset: (before?.patchset ?? 0) + 1,
      revision,
      parent,
      votes: [],
      comments: before?.comments ?? [],
      files: Object.keys(files),
      lastUpdated: seconds(),
    };
    await work.git('push', '--quiet', 'hub', `HEAD:${refOf(change)}`);
    changes.set(id, change);
    tell('patchset-created', change, { uploader: person('ada') });
    return change;
  }

  function serve(channel: ServerChannel, command: string): void {
    const end = (code: number, complaint = '') => {
      if (complaint !== '') channel.stderr.write(`fatal: ${complaint}\n`);
      channel.exit(code);
      channel.end();
    };
    if (command === 'gerrit stream-events') {
      streams.add(channel);
      channel.on('close', () => streams.delete(channel));
      return;
    }
    const [, project] = /^git-upload-pack '\/?([a-z]+)'$/.exec(command) ?? [];
    if (project === 'lamp') {
      const child = spawn('git', ['upload-pack', upstream], { env: { ...process.env, GIT_PROTOCOL: 'version=2' } });
      channel.pipe(child.stdin);
      child.stdout.pipe(channel, { end: false });
      child.on('close', (code) => end(code ?? 1));
      return;
    }
    let input = '';
    channel.on('data', (text: Buffer) => {
      input += text.toString();
    });
    channel.on('end', () => {
      const [program, verb, ...args] = command.split(' ');
      const work = async () => {
        if (program !== 'gerrit') throw new Error(`${program}: not found`);
        if (verb === 'query') channel.write(query(args));
        else if (verb === 'review') await review(args, input);
        else throw new Error(`${verb}: not found`);
      };
      work().then(
        () => end(0),
        (error: Error) => {
          refused.push(`${command}: ${error.message}`);
          end(1, error.message);
        },
      );
    });
  }

  const ssh = new ssh2.Server({ hostKeys: [host.private] }, (connection) => {
    connection.on('error', () => connection.end());
    const expected = ssh2.utils.parseKey(account.public);
    if (expected instanceof Error) throw expected;
    connection.on('authentication', (context) => {
      if (context.method !== 'publickey' || context.username !== 'ci') return context.reject(['publickey']);
      const known = expected.getPublicSSH();
      const isSame = context.key.data.length === known.length && timingSafeEqual(context.key.data, known);
      const isSigned =
        context.signature === undefined ||
        expected.verify(context.blob as Buffer, context.signature, context.hashAlgo) === true;
      if (isSame && isSigned) context.accept();
      else context.reject();
    });
    connection.on('ready', () => {
      connection.on('session', (accept) => {
        const session = accept();
        session.on('exec', (acceptExec, _reject, { command }) => serve(acceptExec(), command));
        session.on('env', (acceptEnv) => acceptEnv?.());
      });
    });
  });
  const server = createServer((socket) => {
    connectionCount++;
    sockets.add(socket);
    socket.setNoDelay();
    socket.on('close', () => sockets.delete(socket));
    if (isAccepting) ssh.injectSocket(socket);
    else socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
    streams.clear();
  };
  onTestFinished(() => {
    disconnect();
    server.close();
  });

  const publicKey = (text: string) => text.split(' ').slice(0, 2).join(' ');
  return {
    config: {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      user: 'ci',
      key,
      host_key: publicKey(host.public),
      hold_seconds: 0.02,
      projects: ['**'],
    },
    foreignHostKey: publicKey(account.public),
    work: work as WorkingCopy,
    changes,
    reviews,
    refused,
    queries,
    stale,
    streams,
    connections: () => connectionCount,
    upload,
    comment,
    emit,
    /** Sends a line again as it was. */
    repeat(line: string): void {
      for (const stream of streams) stream.write(line);
    },
    /** What happens meanwhile goes into no stream. */
    async unheard(happens: () => Promise<unknown> | unknown): Promise<void> {
      const held = [...streams];
      streams.clear();
      await happens();
      for (const stream of held) streams.add(stream);
    },
    disconnect,
    accept(does: boolean): void {
      isAccepting = does;
    },
  };
}
