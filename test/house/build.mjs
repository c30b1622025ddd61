/** Builds every package into its `dist`, each after those that it depends on. */
import { packagesInOrder, report, root, runTool } from './workspace.mjs';

const options = ['--config', `${root}test/house/tsup.config.ts`];
const packages = packagesInOrder();
const results = packages.map(({ folder }) =>
  report(`packages/${folder}`, runTool('tsup', options, `packages/${folder}`)),
);
const failed = results.filter((isGood) => !isGood).length;
console.log(`build: ${results.length - failed} of ${results.length} packages are built`);
process.exitCode = failed === 0 ? 0 : 1;
