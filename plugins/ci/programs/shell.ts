import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RunProgram } from 'cupboard/sdk';
import { quote } from '../nodes/channel.ts';
import { readNodeRecord } from '../nodes/leftovers.ts';

/** `cupboard run ci shell NODE`: a shell in a held node, isolated as its job was, on the caller's terminal. */
const shell: RunProgram = async ({ args, dataDir }) => {
  const [id = '', ...command] = args;
  if (!/^[0-9a-f]{12}$/.test(id)) {
    console.error('usage: cupboard run ci shell NODE [COMMAND...]: the command `nodes` lists them');
    return 2;
  }
  const record = await readNodeRecord(join(dataDir, 'nodes', id));
  if (!record?.shell) {
    console.error(`node ${id} is gone, or no build has entered it yet`);
    return 1;
  }
  const user = record.mode === 'rootless' ? ['--user'] : [];
  const entering = ['nsenter', `--target=${record.pid}`, ...user, '--mount', '--wd=/', '--', ...record.shell];
  const words = [...entering, ...(command.length > 0 ? command : ['/bin/bash', '-l'])];
  // A terminal of its own: from the caller's, what is in the node could type commands for the caller's shell.
  const argv = process.stdin.isTTY ? ['script', '-qec', words.map(quote).join(' '), '/dev/null'] : words;
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
};
export default shell;
