import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a separator at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The packages, each after those that it depends on.
 *
 * @returns {{ folder: string, manifest: { name: string, dependencies?: Record<string, string> } }[]}
 */
export function packagesInOrder() {
  const packages = readdirSync(`${root}packages`)
    .filter((folder) => existsSync(`${root}packages/${folder}/package.json`))
    .map((folder) => ({ folder, manifest: manifestOf(`packages/${folder}`) }));
  const names = new Set(packages.map(({ manifest }) => manifest.name));
  const ordered = [];
  const done = new Set();
  while (ordered.length < packages.length) {
    const ready = packages.filter(
      ({ manifest }) =>
        !done.has(manifest.name) &&
        Object.keys(manifest.dependencies ?? {}).every(
          (name) => !names.has(name) || done.has(name),
        ),
    );
    if (ready.length === 0) throw new Error('packages depend on each other in a circle');
    for (const next of ready) done.add(next.manifest.name);
    ordered.push(...ready);
  }
  return ordered;
}

/** The parsed package.json of a folder under the root. */
export function manifestOf(folder) {
  return JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));
}

/** Runs a program of node_modules/.bin; returns its exit code, its output, and how long it took. */
export function runTool(tool, options, folder = '.') {
  const startedMs = performance.now();
  const { status, stdout, stderr, error } = spawnSync(`${root}node_modules/.bin/${tool}`, options, {
    cwd: `${root}${folder}`,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  return { status: error === undefined ? status : 1, output: stdout + stderr, error, seconds };
}

/** Prints one line of a summary, and what the tool said where it failed. */
export function report(name, { status, output, error, seconds }) {
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(24)} ${seconds.toFixed(1)} s`);
  if (status !== 0) console.log(String(error ?? output).trimEnd());
  return status === 0;
}
