import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addViewers, applyViewers, type Policy, readerCommands } from '../../../plugins/photo-backup/readers.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { settingsOf } from './bed.ts';

const run = promisify(execFile);
const READERS = ['jane@example.org', "o'neil@example.org"];

/** The words a shell makes of a command. */
async function words(command: string): Promise<string[]> {
  const { stdout } = await run('sh', ['-c', `printf '%s\\n' ${command}`]);
  return stdout.split('\n').slice(0, -1);
}

describe('the commands that give access', () => {
  testNeeding('sh')('name bucket, person and viewer role for Google', async () => {
    const commands = readerCommands(settingsOf({ type: 'gcs', bucket: 'our-photos' }), READERS);
    expect(await words(commands[1] as string)).toEqual([
      ...['gcloud', 'storage', 'buckets', 'add-iam-policy-binding', 'gs://our-photos'],
      ...["--member=user:o'neil@example.org", '--role=roles/storage.objectViewer'],
    ]);
  });

  testNeeding('sh')('make a user that may list and read, and nothing else, for Amazon', async () => {
    const commands = readerCommands(settingsOf({ type: 's3', bucket: 'our-photos' }), READERS);
    expect(commands).toHaveLength(6);
    const policy = await words(commands[1] as string);
    const actions = JSON.parse(policy.at(-1) as string).Statement.flatMap(({ Action }: { Action: string[] }) => Action);
    expect(actions).toEqual(['s3:ListBucket', 's3:GetObject']);
    expect((await words(commands[3] as string)).at(-1)).toBe('photos-o_neil@example.org');
  });

  it('are remarks where only the owner of the storage can do it', () => {
    const disk = readerCommands(settingsOf({ type: 'directory', path: '/x' }), READERS);
    const minio = readerCommands(settingsOf({ type: 's3', bucket: 'b', endpoint: 'https://s3.example.org' }), READERS);
    expect([...disk, ...minio].every((line) => line.startsWith('#'))).toBe(true);
  });
});

describe('the policy of a bucket', () => {
  it('gains each viewer once and keeps what others have put there', () => {
    const conditional = {
      role: 'roles/storage.objectViewer',
      members: ['user:jane@example.org'],
      condition: { title: 'x' },
    };
    const policy: Policy = {
      bindings: [{ role: 'roles/storage.admin', members: ['user:me@example.org'] }, conditional],
    };
    expect(addViewers(policy, READERS)).toEqual(READERS.map((reader) => `user:${reader}`));
    expect(addViewers(policy, READERS)).toEqual([]);
    expect(policy.bindings).toEqual([
      { role: 'roles/storage.admin', members: ['user:me@example.org'] },
      conditional,
      { role: 'roles/storage.objectViewer', members: READERS.map((reader) => `user:${reader}`) },
    ]);
  });

  it("is changed at Google's with its etag, so that a change by others in between is never lost", async () => {
    const bucket = await policyServer();
    const settings = { bucket: 'our-photos', endpoint: bucket.url };
    expect(await applyViewers(settings, ['jane@example.org'])).toEqual(['user:jane@example.org']);
    expect(bucket.policy().bindings).toEqual([
      { role: 'roles/storage.objectViewer', members: ['user:jane@example.org'] },
    ]);
    expect(await applyViewers(settings, ['jane@example.org'])).toEqual([]);
    bucket.changeInBetween();
    await expect(applyViewers(settings, ['bob@example.org'])).rejects.toThrow('etag');
  });
});

/** Reading and writing the policy of one bucket as the JSON API does it: a write with another etag is refused. */
async function policyServer() {
  let version = 1;
  let meddles = false;
  let policy: Policy & { etag?: string } = {};
  const server = createServer((request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const url = new URL(request.url ?? '', 'http://x');
    if (!url.pathname.endsWith('/b/our-photos/iam')) return answer(404, { error: { code: 404, message: 'not found' } });
    if (request.method === 'GET') {
      answer(200, { kind: 'storage#policy', ...policy, etag: String(version) });
      if (meddles) version += 1;
      return;
    }
    return json(request).then((sent) => {
      const { etag, ...rest } = sent as typeof policy;
      if (etag !== String(version)) return answer(400, { error: { code: 400, message: 'etag does not match' } });
      version += 1;
      policy = rest;
      return answer(200, policy);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    policy: () => policy,
    changeInBetween: () => {
      meddles = true;
    },
  };
}
