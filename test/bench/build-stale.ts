import { readdirSync, statSync } from 'node:fs';
import { packagesInOrder, root, runTool } from '../house/workspace.mjs';

/** What runs in the processes of the benchmark. */
export const MEASURED = new Set([
  'protocol',
  'codec',
  'session',
  'store',
  'endpoint',
  'client',
  'server',
]);

/**
 * Builds the packages that are measured, where a source is newer than what was built of it.
 * Leaves the types to `npm run build`.
 */
export function buildStale(): void {
  for (const { folder } of packagesInOrder()) {
    if (!MEASURED.has(folder) || !isStale(`${root}packages/${folder}`)) continue;
    const options = ['--config', `${root}test/house/tsup.config.ts`, '--no-dts', '--no-clean'];
    const { status, output } = runTool('tsup', options, `packages/${folder}`);
    if (status !== 0) throw new Error(`packages/${folder} could not be built: ${output}`);
  }
}

function isStale(folder: string): boolean {
  const built = statSync(`${folder}/dist/index.js`, { throwIfNoEntry: false });
  if (built === undefined) return true;
  const sources = readdirSync(`${folder}/src`, { recursive: true, withFileTypes: true });
  return sources.some(
    (source) =>
      source.isFile() && statSync(`${source.parentPath}/${source.name}`).mtimeMs > built.mtimeMs,
  );
}
