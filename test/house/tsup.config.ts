import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly source: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
}

// tsup runs in the folder of the package that it builds.
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** A command is built from the source of the same name. */
const commands = Object.values(manifest.bin ?? {}).map((built) =>
  built.replace('./dist/', './src/').replace(/\.js$/, '.ts'),
);

/** One output file for each entry of the package's exports, and each command: ES modules, types and source maps. */
export default defineConfig({
  entry: [...Object.values(manifest.exports).map(({ source }) => source), ...commands],
  format: 'esm',
  target: 'node20',
  tsconfig: 'tsconfig.json',
  dts: true,
  sourcemap: true,
  clean: true,
  silent: true,
});
