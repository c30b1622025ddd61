/**
 * Checks the types: each package by itself, with only what its users' compiler
 * grants it (the engine neither knows Node.js nor a browser), then everything together
 * with the tests and examples.
 */
import { packagesInOrder, report, runTool } from './workspace.mjs';

const projects = [...packagesInOrder().map(({ folder }) => `packages/${folder}`), 'test'];
const results = projects.map((project) => {
  // What has not changed since the last time is not checked again.
  const known = `node_modules/.cache/types/${project.replace('/', '-')}.tsbuildinfo`;
  const words = ['-p', project, '--pretty', 'false', '--incremental', '--tsBuildInfoFile', known];
  return report(project, runTool('tsc', words));
});
const failed = results.filter((isGood) => !isGood).length;
console.log(`types: ${results.length - failed} of ${results.length} projects are sound`);
process.exitCode = failed === 0 ? 0 : 1;
