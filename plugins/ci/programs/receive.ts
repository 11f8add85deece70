import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { errorText, HubError } from 'cupboard/sdk';
import { createGit } from '../sources/git/git.ts';
import { patchSetRef } from '../sources/local/change-refs.ts';
import { decodePackets, encodePacket, FLUSH } from '../sources/local/pkt-line.ts';
import { type Received, receivePush } from '../sources/local/receive.ts';

/**
 * The proc-receive hook of a local repository (githooks(5)): turns pushes to `refs/for/<branch>` into changes and tells
 * the pusher their numbers. It works in the repository alone and needs no running hub.
 *
 * @param args the project's name, and the address of a change's page with `{change}` in it
 */
export default async function receive({ args }: { readonly args: readonly string[] }): Promise<number> {
  const [project = '', page = ''] = args;
  const { GIT_DIR = '.', REMOTE_USER = userName() } = process.env;
  const git = createGit();
  const input = packetLists(process.stdin);
  const next = async () => (await input.next()).value ?? [];
  await next();
  process.stdout.write(`${encodePacket('version=1')}${FLUSH}`);
  for (const command of await next()) {
    const [, commit = '', ref = ''] = command.split(' ');
    const branch = ref.replace(/^refs\/for\//, '');
    try {
      if (/^0+$/.test(commit)) throw new HubError('push_refused', 'nothing to delete there');
      const push = { project, branch, commit, account: REMOTE_USER, time: Date.now() };
      const received = await receivePush(git, GIT_DIR, push);
      for (const line of received.map((change) => lineOf(project, page, change))) process.stderr.write(`${line}\n`);
      process.stdout.write(accepted(ref, received));
    } catch (error) {
      const reason = errorText(error).replace(/\s+/g, ' ').slice(0, 500);
      process.stdout.write(encodePacket(`ng ${ref} ${reason}`));
    }
  }
  process.stdout.write(FLUSH);
  await input.return(undefined);
  return 0;
}

function lineOf(project: string, page: string, { record, before }: Received): string {
  const { number, patchsets } = record;
  const { subject = '' } = patchsets.at(-1) ?? {};
  const what = before === undefined ? 'new change' : 'change';
  const shown = subject.replace(/\p{Cc}/gu, ' ');
  const link = page === '' ? '' : `  ${page.replaceAll('{change}', `${project}/${number}`)}`;
  return `${what} ${project}/${number}, patch set ${patchsets.length}: ${shown}${link}`;
}

/** git shows the pusher the ref that the last of them got. */
function accepted(ref: string, received: readonly Received[]): string {
  const { record } = received.at(-1) ?? {};
  const real = record ? [encodePacket(`option refname ${patchSetRef(record.number, record.patchsets.length)}`)] : [];
  return [encodePacket(`ok ${ref}`), ...real].join('');
}

async function* packetLists(stream: AsyncIterable<Buffer>): AsyncGenerator<readonly string[], undefined> {
  let waiting = Buffer.alloc(0);
  for await (const chunk of stream) {
    const { lists, rest } = decodePackets(Buffer.concat([waiting, chunk]));
    waiting = Buffer.from(rest);
    yield* lists;
  }
  return undefined;
}

/** Of a user without an entry in the password file there is only the number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

// git runs the hook as a program of its own, without the hub.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await receive({ args: process.argv.slice(2) });
}
