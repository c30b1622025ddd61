import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Runs a program and waits for it; returns its exit code and what it wrote. */
export function run(program, options, folder = root, environment = process.env) {
  const { status, stdout, stderr } = spawnSync(program, options, {
    cwd: folder,
    encoding: 'utf8',
    env: environment,
    shell: process.platform === 'win32',
  });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/**
 * Packs a package as it would be published, into a folder.
 *
 * @returns {string | undefined} the path of the archive; `undefined` where it can not be packed
 */
export function pack(folder, destination) {
  const { packageManager, name } = {
    ...manifestOf('.'),
    name: manifestOf(`packages/${folder}`).name,
  };
  const options = ['--yes', packageManager, 'pack', '--pack-destination', destination];
  if (run('npx', options, `${root}packages/${folder}`).status !== 0) return undefined;
  const start = name.replace('@', '').replace('/', '-');
  const archive = readdirSync(destination).find((file) => file.startsWith(`${start}-`));
  return archive === undefined ? undefined : join(destination, archive);
}
