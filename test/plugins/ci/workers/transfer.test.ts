import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BUILD_REF, writeBundle } from '../../../../plugins/ci/bundle.ts';
import { Fences } from '../../../../plugins/ci/workers/fences.ts';
import { Seal } from '../../../../plugins/ci/workers/seal.ts';
import { CHUNK_BYTES, type Served, serveFile, serveText, Transfer } from '../../../../plugins/ci/workers/transfer.ts';
import { temporaryFolder } from '../../../support/hub.ts';

const forever = new AbortController().signal;

/** Two ends joined by function calls, one of which serves `files`. */
function joined(files: Record<string, Served>): Transfer {
  const reader: Transfer = new Transfer(
    (fields, bytes = Buffer.alloc(0)) => void server.receive(fields, bytes),
    () => undefined,
  );
  const server: Transfer = new Transfer(
    (fields, bytes = Buffer.alloc(0)) => void reader.receive(fields, bytes),
    (fence, file) => (fence === 7 ? files[file] : undefined),
  );
  return reader;
}

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

test('brings a file over piece by piece, also one whose size is a multiple of a piece', async () => {
  const folder = await temporaryFolder();
  for (const size of [0, 1, CHUNK_BYTES, CHUNK_BYTES * 2 + 17]) {
    const path = join(folder, String(size));
    await writeFile(path, randomBytes(size));
    const reader = joined({ it: serveFile(path) });
    expect((await whole(reader.pull(7, 'it', forever))).equals(await readFile(path))).toBe(true);
  }
});

test('serves no file of a lease that is not there, and none the lease does not have', async () => {
  const reader = joined({ it: serveText('hello') });
  expect(await reader.pullText(7, 'it', forever, 100)).toBe('hello');
  await expect(reader.pullText(8, 'it', forever, 100)).rejects.toThrow('no it of lease 8');
  await expect(reader.pullText(7, '../it', forever, 100)).rejects.toThrow('no ../it of lease 7');
  await expect(reader.pullText(7, 'it', forever, 4)).rejects.toThrow('more than 4 bytes');
});

test('ends a question without an answer when the lease is over', async () => {
  const reader = new Transfer(
    () => undefined,
    () => undefined,
  );
  const over = new AbortController();
  const asked = reader.pullText(7, 'it', over.signal, 100);
  over.abort(new Error('lease over'));
  await expect(asked).rejects.toThrow('lease over');
});

test('opens only what was sealed with the same token for the same direction, unchanged', () => {
  const seal = new Seal('one token');
  const message = { fields: { type: 'chunk', ticket: 'ü' }, bytes: randomBytes(1000) };
  const sealed = seal.close('to worker', message);
  expect(seal.open('to worker', sealed)).toEqual({ fields: message.fields, bytes: message.bytes });
  expect(seal.open('to scheduler', sealed)).toBeUndefined();
  expect(new Seal('another').open('to worker', sealed)).toBeUndefined();
  const bytes = Buffer.from(sealed, 'base64');
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  for (const bad of [bytes.toString('base64'), '', 'x', '{"type":"assign"}']) {
    expect(seal.open('to worker', bad)).toBeUndefined();
  }
});

test('gives out numbers that only grow, also after a restart and asked for at once', async () => {
  const file = join(await temporaryFolder(), 'fence');
  const before = new Fences(file, 3);
  const taken = await Promise.all(Array.from({ length: 8 }, () => before.take()));
  expect(new Set(taken).size).toBe(8);
  expect(await new Fences(file, 3).take()).toBeGreaterThan(Math.max(...taken));
});

test('a bundle carries a commit that no branch has, branches and tags, and less where the other side has some', async () => {
  const folder = await temporaryFolder();
  const repository = join(folder, 'lamp.git');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: folder })
      .toString()
      .trim();
  git('init', '-q', '-b', 'main', 'work');
  await writeFile(join(folder, 'work/big'), randomBytes(100_000));
  git('-C', 'work', 'add', '.');
  git('-C', 'work', 'commit', '-qm', 'one');
  git('-C', 'work', 'tag', '-a', 'v1', '-m', 'first');
  git('clone', '-q', '--bare', 'work', repository);
  git('-C', 'work', 'commit', '-qm', 'two', '--allow-empty');
  git('-C', 'work', 'push', '-q', repository, 'HEAD:refs/zuul/main/x');
  const commit = git('-C', 'work', 'rev-parse', 'HEAD');
  const checkout = { project: 'lamp', branch: 'main', repository, commit };
  const before = git(`--git-dir=${repository}`, 'for-each-ref');

  const all = join(folder, 'all.bundle');
  await writeBundle(checkout, all, forever);
  expect(
    git('bundle', 'list-heads', all)
      .split('\n')
      .map((line) => line.split(' ')[1]),
  ).toEqual([BUILD_REF, 'refs/heads/main', 'refs/tags/v1']);
  git('init', '-q', 'other');
  git('-C', 'other', 'fetch', '-q', all, `${BUILD_REF}:refs/heads/it`);
  expect(git('-C', 'other', 'rev-parse', 'it')).toBe(commit);

  const rest = join(folder, 'rest.bundle');
  await writeBundle(checkout, rest, forever, [git('-C', 'work', 'rev-parse', 'HEAD^'), '0'.repeat(40)]);
  expect((await readFile(rest)).length).toBeLessThan(2000);
  expect(git(`--git-dir=${repository}`, 'for-each-ref'), 'the cache is as it was').toBe(before);
});
