import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly source: string }>>;
}

// tsup runs in the folder of the package that it builds.
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** One output file for each entry of the package's exports: ES modules, types and source maps. */
export default defineConfig({
  entry: Object.values(manifest.exports).map(({ source }) => source),
  format: 'esm',
  target: 'node20',
  tsconfig: 'tsconfig.json',
  dts: true,
  sourcemap: true,
  clean: true,
  silent: true,
});
