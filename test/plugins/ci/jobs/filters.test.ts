import { expect, test } from 'vitest';
import type { JobUse } from '../../../../plugins/ci/contract.ts';
import { isWanted } from '../../../../plugins/ci/jobs/filters.ts';

const use = (filter: Partial<JobUse>): JobUse => ({
  job: 'unit',
  voting: true,
  needs: [],
  branches: [],
  files: [],
  skipFiles: [],
  holdFollowing: false,
  ...filter,
});

test.each<[Partial<JobUse>, string[] | undefined, boolean]>([
  [{}, ['a.ts'], true],
  [{ branches: ['^main$'] }, ['a.ts'], true],
  [{ branches: ['^stable/'] }, ['a.ts'], false],
  [{ branches: ['^stable/', 'ain'] }, ['a.ts'], true],
  [{ files: ['src/**'] }, ['docs/a.md', 'src/lib/a.ts'], true],
  [{ files: ['src/**'] }, ['docs/a.md'], false],
  [{ files: ['*.md'] }, ['docs/a.md'], false],
  [{ files: ['**/*.md'] }, ['.github/a.md'], true],
  [{ skipFiles: ['docs/**', '*.md'] }, ['docs/a.md', 'README.md'], false],
  [{ skipFiles: ['docs/**'] }, ['docs/a.md', 'src/a.ts'], true],
  [{ skipFiles: ['docs/**'] }, ['/COMMIT_MSG', 'docs/a.md'], false],
  [{ files: ['src/**'], skipFiles: ['**/*.md'] }, ['src/a.md'], false],
  [{ files: ['src/**'] }, [], true],
  [{ skipFiles: ['**'] }, [], true],
  [{ skipFiles: ['**'] }, undefined, true],
])('with %j a change of %j runs the job: %j', (filter, files, wanted) => {
  expect(isWanted(use(filter), { branch: 'main', ...(files && { files }) })).toBe(wanted);
});
