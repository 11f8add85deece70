import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildDefinitions } from '../../../../plugins/ci/jobs/definitions.ts';
import { readFolder } from '../../../../plugins/ci/jobs/files.ts';
import { shipped } from './bed.ts';

test('the example of the README is right', async () => {
  const files = await readFolder(fileURLToPath(new URL('../../../../plugins/ci/jobs/example', import.meta.url)));
  const { layout } = buildDefinitions([{ label: '', files }], { label: 'shipped:', files: shipped });
  expect([...layout.jobs.keys()].sort()).toEqual([
    'deploy',
    'integration',
    'lamp-docs',
    'lamp-package',
    'lint',
    'noop',
    'unit-pypy3',
    'unit-python3',
  ]);
  const names = (pipeline: string) =>
    layout.projects
      .get('home/lamp')
      ?.get(pipeline)
      ?.map(({ job }) => job);
  expect(names('check')).toEqual(['lint', 'unit-python3', 'unit-pypy3', 'integration', 'lamp-docs']);
  expect(names('post')).toEqual(['lamp-package', 'deploy']);
  expect(layout.jobs.get('integration')).toMatchObject({ timeout: 600, node: 'bookworm', mutex: 'test-bench' });
});
