import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RunProgram } from 'cupboard/sdk';
import { PLUGIN_FOLDER } from '../folder.ts';

/** Runs the script that nodes run, in the caller's folder. */
const run: RunProgram = async ({ args }) => {
  const script = join(PLUGIN_FOLDER, 'jobs/shipped/bindep.sh');
  const child = spawn('sh', ['-c', '. "$0"; bindep "$@"', script, ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
};
export default run;
