import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHub, temporaryFolder, waitFor } from '../../../support/hub.ts';

interface Answer {
  readonly ok: boolean;
  readonly build: string;
  readonly result: string;
  readonly log: string;
}

test('a second instance runs the builds of the first; stopped in the middle of one, it is run again', async () => {
  const dataDir = await temporaryFolder();
  const token = 'a token of both sides';
  const common = { console: { listen: false } };
  const flag = join(dataDir, 'flag');
  await mkdir(join(dataDir, 'ci'));
  await writeFile(
    join(dataDir, 'ci/x.yaml'),
    JSON.stringify({
      jobs: [
        { name: 'far', node: 'tiny', timeout: 60, run: 'echo hello from afar' },
        { name: 'twice', node: 'tiny', timeout: 120, run: `[ -e ${flag} ] && exit 0; touch ${flag}; sleep 100` },
      ],
    }),
  );
  const hub = await startHub({
    dataDir,
    config: {
      plugins: {
        ci: { ...common, workers: { garage: { topic: 'ci-2/worker', token, lease_seconds: 20 } } },
        'ci-2': {
          ...common,
          use: 'ci',
          nodes: { mode: 'process' },
          worker: { topic: 'ci/worker/garage', token },
        },
      },
    },
  });
  const ci = async (command: string, args: object) =>
    (await hub.api<Answer>('POST', `/api/v1/plugins/ci/commands/${command}`, args)).body;

  const far = await ci('run', { job: 'far', wait: true });
  expect(far, hub.output()).toMatchObject({ ok: true, result: 'SUCCESS' });
  const { log } = await ci('log', { build: far.build });
  expect(log).toMatch(/Given to worker garage[^\n]*\n[\s\S]*\| hello from afar\n/);

  const twice = ci('run', { job: 'twice', wait: true });
  await waitFor('the first attempt', () => existsSync(flag));
  await hub.api('POST', '/api/v1/plugins/ci-2/restart');
  const answer = await twice;
  expect(answer, hub.output()).toMatchObject({ ok: true, result: 'SUCCESS' });
}, 90_000);
