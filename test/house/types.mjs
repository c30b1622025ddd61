/**
 * Checks the types: each package by itself, with only what its users' compiler
 * grants it (the engine neither knows Node.js nor a browser), then everything together
 * with the tests and examples.
 */
import { packagesInOrder, report, runTool } from './workspace.mjs';

const projects = [...packagesInOrder().map(({ folder }) => `packages/${folder}`), 'test'];
const results = projects.map((project) =>
  report(project, runTool('tsc', ['-p', project, '--pretty', 'false'])),
);
const failed = results.filter((isGood) => !isGood).length;
console.log(`types: ${results.length - failed} of ${results.length} projects are sound`);
process.exitCode = failed === 0 ? 0 : 1;
