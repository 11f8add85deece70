import { errorText, type Hub } from 'cupboard/sdk';
import type { Backup } from './backup.ts';
import type { Config, TargetSettings } from './config.ts';
import { quote } from './documents/access.ts';
import { openBucket } from './targets/gcs.ts';

/** The role that may look and download, and nothing else. */
const VIEWER = 'roles/storage.objectViewer';

/** The commands that let people look at a target, for its owner to run. What begins with `#` is for reading. */
export function readerCommands(settings: TargetSettings, readers: readonly string[]): readonly string[] {
  const { bucket = '', remote = '' } = settings;
  switch (settings.type) {
    case 'gcs':
      return readers.map(
        (reader) =>
          `gcloud storage buckets add-iam-policy-binding ${quote(`gs://${bucket}`)} --member=${quote(`user:${reader}`)} --role=${VIEWER}`,
      );
    case 's3':
      if (settings.endpoint !== undefined) {
        return [
          `# make a key that may only list and read ${bucket}, in the console of ${settings.endpoint}, for each of`,
          ...readers.map((reader) => `# ${reader}`),
        ];
      }
      return readers.flatMap((reader) => s3Commands(bucket, reader));
    case 'rclone':
      return [
        `rclone link ${quote(remote)}`,
        '# or share the folder on the page of the storage with',
        ...readers.map((reader) => `# ${reader}`),
      ];
    case 'directory':
      return ['# whoever holds the disk can read it'];
  }
}

/** An IAM user a reader, with a key that may list and read this bucket. */
function s3Commands(bucket: string, reader: string): string[] {
  const arn = `arn:aws:s3:::${bucket}`;
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [arn] },
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`${arn}/*`] },
    ],
  });
  // IAM user names may hold letters, digits and _+=,.@- and 64 of them.
  const user = quote(`photos-${reader.replace(/[^\w+=,.@-]/g, '_')}`.slice(0, 64));
  return [
    `aws iam create-user --user-name ${user}`,
    `aws iam put-user-policy --user-name ${user} --policy-name photos-read --policy-document ${quote(policy)}`,
    `aws iam create-access-key --user-name ${user}`,
  ];
}

/** What of a bucket's access policy is needed here. */
export interface Policy {
  bindings?: { role: string; members: string[]; condition?: object }[];
  version?: number;
}

/** Adds viewers to a policy, in place, and answers the new ones. Conditional bindings are other people's business. */
export function addViewers(policy: Policy, readers: readonly string[]): string[] {
  policy.bindings ??= [];
  let binding = policy.bindings.find(({ role, condition }) => role === VIEWER && condition === undefined);
  if (binding === undefined) {
    binding = { role: VIEWER, members: [] };
    policy.bindings.push(binding);
  }
  const { members } = binding;
  const added = readers.map((reader) => `user:${reader}`).filter((member) => !members.includes(member));
  members.push(...added);
  return added;
}

interface Arguments {
  readonly target?: string;
  readonly apply: boolean;
  readonly confirm?: string;
}

/** The command `readers`: shows how to give access, and with `apply` and the bucket's name gives it where it can. */
export function openReaders(hub: Hub<Config>, { places }: Backup): void {
  const { readers } = hub.config;
  hub.command<Arguments>('readers', async ({ target, apply, confirm }) => {
    if (readers.length === 0) return { ok: false, error: 'nobody is named', expected: 'e-mail addresses in readers' };
    const chosen = [...places.values()]
      .map(({ settings }) => settings)
      .filter(({ name }) => target === undefined || name === target);
    if (!apply)
      return { ok: true, targets: chosen.map((one) => ({ target: one.name, commands: readerCommands(one, readers) })) };
    const [settings, ...others] = chosen;
    if (settings === undefined || others.length > 0) {
      return { ok: false, error: 'say which target', expected: [...places.keys()], got: target ?? null };
    }
    const commands = readerCommands(settings, readers);
    if (settings.type !== 'gcs') return { ok: false, error: 'this target must be opened by hand', commands };
    if (confirm !== settings.bucket) {
      return {
        ok: false,
        error: `this lets ${readers.join(', ')} see every photo in ${settings.bucket}: repeat it with confirm`,
        expected: settings.bucket ?? '',
        got: confirm ?? null,
      };
    }
    try {
      return { ok: true, added: await applyViewers(settings, readers) };
    } catch (error) {
      // A key that writes photos should not be able to do this; its owner is.
      return { ok: false, error: errorText(error), advice: 'Run the commands as the owner of the bucket.', commands };
    }
  });
}

/** Lets readers look at a bucket of Google's; answers those who could not before. Needs a key that may set its policy. */
export async function applyViewers(
  settings: Pick<TargetSettings, 'bucket' | 'key_file' | 'endpoint'>,
  readers: readonly string[],
): Promise<string[]> {
  const { iam } = await openBucket(settings);
  const [policy] = await iam.getPolicy({ requestedPolicyVersion: 3 });
  const added = addViewers(policy as Policy, readers);
  // The policy carries an etag: a change by somebody else in between makes this fail instead of being lost.
  if (added.length > 0) await iam.setPolicy(policy);
  return added;
}
