/**
 * Releases all packages together. Without options nothing leaves this machine: it says which
 * versions the changesets ask for, builds, checks the packages, and packs each as it would be
 * published.
 *
 *     npm run release                  a dry run
 *     npm run release -- --version     raises the versions and writes the changelogs
 *     npm run release -- --publish     the same checks, then publishes what is not published yet
 */
import { spawnSync } from 'node:child_process';
import { manifestOf, root } from './workspace.mjs';

const wish = process.argv[2];
const isKnown = [undefined, '--version', '--publish'].includes(wish);
const { packageManager } = manifestOf('.');

/** Runs a step in sight; ends the release where it fails. */
function step(program, ...options) {
  console.log(`\n> ${[program, ...options].join(' ')}`);
  const { status } = spawnSync(program, options, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`the release ends here: '${program} ${options[0]}' failed`);
    process.exit(1);
  }
}

function isClean() {
  const { stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  return stdout === '';
}

if (!isKnown) {
  console.error(`unknown option ${wish}: wanted --version, --publish, or none for a dry run`);
  process.exit(2);
}
if (wish === '--version') {
  step('node_modules/.bin/changeset', 'version');
  console.log('\nRead the difference, complete CHANGELOG.md, and commit.');
} else {
  if (wish === '--publish' && !isClean()) {
    console.error('there are changes that are not committed: commit them, or put them away');
    process.exit(1);
  }
  if (wish !== '--publish') step('node_modules/.bin/changeset', 'status');
  step('npm', 'run', '--silent', 'build');
  step('node', 'test/house/packages.mjs');
  const publish = ['--yes', packageManager, '--recursive', 'publish', '--access', 'public'];
  if (wish === '--publish') {
    step('npx', ...publish);
    step('node_modules/.bin/changeset', 'tag');
  } else {
    step('npx', ...publish, '--dry-run', '--no-git-checks');
    console.log('\nNothing was published. With --publish it would have been.');
  }
}
