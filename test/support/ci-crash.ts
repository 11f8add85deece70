// Leaves nodes behind: makes one ready and one busy, says so, and waits to be killed.
import { makeRunner } from './ci-runner.ts';

const [folder = '', mode = 'root'] = process.argv.slice(2);

async function run(): Promise<void> {
  const bed = await makeRunner({
    folder,
    mode: mode as 'root' | 'process',
    minReady: { tiny: 1 },
    group: 'cupboard-test-crash',
  });
  await bed.pool.refill();
  const script = "trap '' TERM; setsid sleep 4741 & sleep 4741";
  await bed.run(
    { node: 'tiny', body: [{ name: 'body', shell: script }] },
    { tell: ({ state }) => void (state === 'running' && process.stdout.write('running\n')) },
  );
}

void run();
