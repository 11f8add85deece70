// Runs jobs in rootless nodes and writes their outcomes as JSON: what rootless.test.ts starts as an ordinary user.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRootFileSystem } from './ci-image.ts';
import { makeRunner } from './ci-runner.ts';

const [folder = '', jobs = '[]'] = process.argv.slice(2);

async function run(): Promise<void> {
  await mkdir(folder, { recursive: true });
  await makeRootFileSystem(join(folder, 'image'));
  const bed = await makeRunner({ folder, mode: 'rootless' });
  const outcomes = [];
  for (const job of JSON.parse(jobs) as object[]) outcomes.push(await bed.run(job));
  await bed.pool.stop();
  process.stdout.write(JSON.stringify(outcomes));
}

void run();
