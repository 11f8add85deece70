import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { addViewers, type Policy, readerCommands } from '../../../plugins/photo-backup/readers.ts';
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
});
