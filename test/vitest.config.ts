import { defineConfig } from 'vitest/config';

/** Where to write the results as JSON as well, for a program that counts them. */
const reportPath = process.env['WILCO_TEST_REPORT'];

/** Tests run on the sources: the `source` condition of each package's exports. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'import'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 30_000,
    ...(reportPath !== undefined && {
      reporters: ['default', 'json'],
      outputFile: { json: reportPath },
    }),
  },
});
