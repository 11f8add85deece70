import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { errorText, type RunProgram } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { textFor } from '../firewall/texts.ts';
import { createRun } from '../run.ts';
import { whichTunnel } from './which.ts';

const USAGE = `usage: firewall print [ip6tables|nft] [TUNNEL]    show the rules
       firewall apply [TUNNEL]                    load them; they go again after 60 s unless confirmed`;
const CONFIRM_S = 60;
/** The filter table as the kernel starts with it. */
const OPEN = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';

/** `cupboard run ipv6-watchdog firewall ...` */
const program: RunProgram<Config> = async ({ config, args, dataDir }) => {
  const [command, ...rest] = args;
  try {
    if (command === 'print') return await print(config, rest);
    if (command === 'apply') return await apply(config, rest[0], dataDir);
  } catch (error) {
    console.error(errorText(error));
    return 1;
  }
  console.error(USAGE);
  return 2;
};
export default program;

async function print(config: Config, args: readonly string[]): Promise<number> {
  const [form, name] = args[0] === 'nft' || args[0] === 'ip6tables' ? args : ['ip6tables', args[0]];
  const tunnel = whichTunnel(config, name);
  process.stdout.write(await textFor(form as 'nft' | 'ip6tables', tunnel, config, createRun(tunnel.via)));
  return 0;
}

/** Loads the rules at once. The way back is started before, so that it comes also when this terminal is cut off by them. */
async function apply(config: Config, name: string | undefined, dataDir: string): Promise<number> {
  const tunnel = whichTunnel(config, name);
  if (tunnel.via) throw new RangeError('the tunnel ends on another machine: print the rules and load them there');
  const run = createRun();
  const saved = await run(['ip6tables-save'], { timeoutMs: 10_000 });
  if (saved.code !== 0) throw new Error(`ip6tables-save: ${saved.stderr.trim() || 'failed'}; it needs root`);
  // A kernel without any rules prints none, and restoring nothing would leave ours.
  const before = saved.stdout.includes('*filter') ? saved.stdout : `${saved.stdout}${OPEN}`;
  const file = join(dataDir, 'ip6tables.before');
  await writeFile(file, before, { mode: 0o600 });
  const wayBack = spawn('sh', ['-c', `sleep ${CONFIRM_S}; exec ip6tables-restore < "$1"`, 'sh', file], {
    detached: true,
    stdio: 'ignore',
  });
  wayBack.unref();
  const rules = await textFor('ip6tables', tunnel, config, run);
  const loaded = await run(['ip6tables-restore'], { timeoutMs: 10_000, input: rules });
  const keep = loaded.code === 0 && (await confirmed());
  if (wayBack.pid !== undefined) process.kill(-wayBack.pid, 'SIGKILL');
  if (keep) {
    console.log('The rules stay until the next start of this machine; load them there from the output of print.');
    return 0;
  }
  await run(['ip6tables-restore'], { timeoutMs: 10_000, input: before });
  console.error(
    loaded.code === 0 ? 'Not confirmed: the rules of before are back.' : `Not loaded: ${loaded.stderr.trim()}`,
  );
  return 1;
}

async function confirmed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const question = `Loaded. If you can still reach this machine, type yes within ${CONFIRM_S} s to keep the rules: `;
    const answer = await terminal.question(question, { signal: AbortSignal.timeout((CONFIRM_S - 5) * 1000) });
    return answer.trim().toLowerCase() === 'yes';
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}
