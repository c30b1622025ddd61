/** Prints how many tests of a JSON report of vitest passed, failed and were skipped. */
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
);
console.log(numPassedTests, numFailedTests, numPendingTests + numTodoTests);
