/**
 * Installs what the repository needs, once: `npm test` and `npm run demo` work on a
 * fresh clone with nothing but Node.js and npm. Does nothing while the lock file is
 * the one that was installed last.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const stamp = new URL('node_modules/.installed', root);
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const wanted = createHash('sha256')
  .update(readFileSync(new URL('pnpm-lock.yaml', root)))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log(`installing the dependencies with ${packageManager} (once)`);
  const install = ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline'];
  const { status, error } = spawnSync('npx', install, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // What goes well is of no interest; what goes wrong is, also below `npm run --silent`.
    env: { ...process.env, npm_config_loglevel: 'error' },
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(error ?? `the installation ended with ${status}: see above`);
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
