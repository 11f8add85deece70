import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import {
  type CommandResult,
  deadline,
  errorText,
  type Hub,
  HubError,
  type JsonObject,
  type Requester,
} from 'cupboard/sdk';
import type { Config } from './config.ts';
import type { Partition } from './decode/boot.ts';
import { PartitionMap } from './decode/map.ts';
import { dump } from './dump.ts';
import { checkRange, hexAddress, parseQuantity } from './memory.ts';
import { enterMenu, MENU_AWAITED, menuAnswers } from './menu.ts';
import { openReader } from './reader.ts';
import type { Lease, Session } from './session.ts';

interface OnConsole {
  readonly console: string;
}
interface RangeArguments extends OnConsole {
  readonly address: string | number;
  readonly length: string | number;
}

const LARGEST_READ = 4096;
const MENU_WAIT = 10 * 60_000;
const MENU_PATIENCE = { timeout: 2000 };

/** The commands that send something, each by one who is allowed to and holds the keyboard while it runs. */
export function registerCommands(hub: Hub<Config>, sessions: ReadonlyMap<string, Session>): void {
  const dumps = new Map<string, AbortController>();

  const act = <A extends OnConsole>(
    name: string,
    run: (lease: Lease, args: A, session: Session) => Promise<JsonObject>,
  ) =>
    hub.command<A>(name, (args, from) =>
      withKeyboard(sessions, args.console, from, (lease, session) => run(lease, args, session)),
    );

  act('enter_menu', openMenu);
  act('partition_map', readPartitions);
  act<RangeArguments>('read', readMemory);
  act<OnConsole & { milliseconds: number }>('send_break', async (lease, { milliseconds }) => {
    await lease.sendBreak(milliseconds);
    return {};
  });
  act<RangeArguments & { file: string }>('dump', async (lease, args, session) => {
    const range = { console: args.console, ...rangeOf(args) };
    const path = dumpPath(hub.dataDir, args.file);
    await mkdir(dirname(path), { recursive: true });
    const stop = new AbortController();
    dumps.set(args.console, stop);
    try {
      const report = await dump({
        console: session.console,
        lease,
        range,
        path,
        signal: AbortSignal.any([stop.signal, hub.signal]),
        onProgress: ({ done, total, message }) => hub.progress(`dump_${args.console}`, done, total, message),
      });
      return { file: path, address: hexAddress(range.address), ...report };
    } finally {
      dumps.delete(args.console);
    }
  });
  hub.command<OnConsole>('stop_dump', ({ console }, { user }) => {
    const running = dumps.get(console);
    running?.abort(new HubError('stopped', `${user} stopped it; what is verified stays for the next run`));
    return running ? { ok: true } : { ok: false, error: 'no dump is running' };
  });
}

async function withKeyboard(
  sessions: ReadonlyMap<string, Session>,
  id: string,
  { user }: Requester,
  run: (lease: Lease, session: Session) => Promise<JsonObject>,
): Promise<CommandResult> {
  const session = sessions.get(id);
  if (!session) return { ok: false, error: 'no such console', expected: [...sessions.keys()], got: id };
  const lease = session.take({ name: user, way: 'command' });
  try {
    return { ok: true, ...(await run(lease, session)) };
  } catch (error) {
    const code = error instanceof HubError ? error.code : undefined;
    return { ok: false, error: errorText(error), ...(code !== undefined && { code }) };
  } finally {
    lease.release();
  }
}

/** Waits for the next boot and answers its prompts; where a bootloader spoke last, its menu may be open already. */
async function openMenu(lease: Lease, _args: OnConsole, session: Session): Promise<JsonObject> {
  if (session.seesBootloader && (await lease.ask('\r', menuAnswers, MENU_PATIENCE))) {
    return { answered: [], missed: 0 };
  }
  let entry = MENU_AWAITED;
  const lapse = deadline(MENU_WAIT, lease.lost);
  await new Promise<void>((done, fail) => {
    const end = session.console.onBytes((bytes) => {
      const step = enterMenu(entry, Buffer.from(bytes).toString('latin1'));
      entry = step.entry;
      if (step.send !== undefined) lease.write(Buffer.from(step.send)).catch(settle(fail));
      if (entry.isOpen) settle(done)();
    });
    const settle =
      <T extends unknown[]>(finish: (...results: T) => void) =>
      (...results: T) => {
        end();
        finish(...results);
      };
    lapse.addEventListener('abort', () => {
      const isLost = lease.lost.aborted;
      settle(fail)(isLost ? lease.lost.reason : new HubError('no_menu', 'no boot reached the menu within 10 minutes'));
    });
  });
  return { answered: entry.answered, missed: entry.missed };
}

/** The map as the menu prints it, and the menu again behind it. */
async function readPartitions(lease: Lease): Promise<{ partitions: Partition[] }> {
  if (!(await lease.ask('\r', menuAnswers, MENU_PATIENCE)))
    throw new HubError('no_menu', 'the menu does not answer: give enter_menu');
  const map = new PartitionMap();
  await lease.ask(
    'p',
    (text) => (text.includes('Flash Partition information:') ? menuAnswers(text) : undefined) && readMap(text, map),
    MENU_PATIENCE,
  );
  if (map.partitions.length === 0) throw new HubError('no_answer', 'the menu printed no partition map');
  return { partitions: map.partitions };
}

function readMap(text: string, map: PartitionMap): true {
  for (const line of text.split(/[\r\n]+/)) map.take(line);
  return true;
}

async function readMemory(lease: Lease, args: RangeArguments): Promise<JsonObject> {
  const { address, length } = rangeOf(args);
  if (length > LARGEST_READ) throw new HubError('bad_range', `read shows at most ${LARGEST_READ} bytes: use dump`);
  const reader = await openReader(lease);
  const bytes = await reader.read(address, length);
  await reader.close();
  const { through, retries } = reader;
  return { address: hexAddress(address), length, through, retries, hex: bytes.toString('hex') };
}

function rangeOf(args: RangeArguments): { address: number; length: number } {
  const [address, length] = [parseQuantity(args.address), parseQuantity(args.length)];
  checkRange(address, length);
  return { address, length };
}

/**
 * Where a dump lies: below the plugin's own folder unless an absolute path says otherwise.
 * @throws HubError `bad_path`
 */
export function dumpPath(dataDir: string, file: string): string {
  if (isAbsolute(file)) return file;
  const folder = join(dataDir, 'dumps');
  const path = resolve(folder, file);
  const inside = relative(folder, path);
  if (inside === '' || inside.startsWith('..')) {
    throw new HubError('bad_path', `expected a name below ${folder}, or an absolute path`);
  }
  return path;
}
