import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const { CI } = process.env;
const alias = { 'cupboard/sdk': fileURLToPath(new URL('core/sdk/index.ts', import.meta.url)) };

export default defineConfig({
  test: {
    globalSetup: 'test/support/build.ts',
    maxWorkers: 2,
    // A shared machine may stop a test for seconds; the report names what needed its second try.
    retry: CI === 'true' ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/core/**/*.test.ts', 'test/plugins/**/*.test.ts', 'test/web/**/*.test.ts'],
        },
      },
      {
        extends: true,
        resolve: { alias },
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          exclude: ['test/system/vm/**'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
