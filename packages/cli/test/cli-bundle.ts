import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** A fault that is put into the sources on their way into a bundle. */
export interface SourceFault {
  /** The file, from the root of the repository. */
  readonly path: string;
  /** What stands there, exactly once. */
  readonly from: string;
  readonly to: string;
}

/** The command line as one file. */
export interface CliBundle {
  /** Remove it when it is not needed any more. */
  readonly folder: string;
  readonly main: string;
}

const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** It finds its native part next to itself, so it stays where it is. */
const NATIVE = ['classic-level'];

/**
 * One file out of all sources as they are now, made by the tool that makes the package: loading
 * the sources one by one takes a second each time. It lies in a folder of its own, where the
 * manifest stands next to `dist` as it does in the package.
 */
export async function bundleCli(faults: readonly SourceFault[] = []): Promise<CliBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'wilco-cli-bundle-'));
  copyFileSync(`${PACKAGE}package.json`, join(folder, 'package.json'));
  await build({
    config: false,
    silent: true,
    entry: { main: `${PACKAGE}src/main.ts` },
    outDir: join(folder, 'dist'),
    format: 'esm',
    target: 'node20',
    tsconfig: `${PACKAGE}tsconfig.json`,
    noExternal: [/./],
    // The parser of the command line is CommonJS, and asks for modules of Node.js.
    banner: { js: REQUIRE },
    esbuildPlugins: [nativeByPath(), withFaults(faults)],
    esbuildOptions: (options) => {
      options.conditions = ['source'];
    },
  });
  return { folder, main: join(folder, 'dist', 'main.js') };
}

function nativeByPath(): Plugin {
  const require = createRequire(join(PACKAGE, 'package.json'));
  return {
    name: 'native modules by their path',
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`^(${NATIVE.join('|')})$`) }, ({ path }) => ({
        path: pathToFileURL(require.resolve(path)).href,
        external: true,
      }));
    },
  };
}

function withFaults(faults: readonly SourceFault[]): Plugin {
  return {
    name: 'faults',
    setup({ onLoad }) {
      for (const { path, from, to } of faults) {
        onLoad({ filter: new RegExp(`${path.replaceAll('.', '\\.')}$`) }, () => {
          const source = readFileSync(join(ROOT, path), 'utf8');
          if (source.split(from).length !== 2) throw new Error(`${path} has no single: ${from}`);
          return { contents: source.replace(from, to), loader: 'ts' };
        });
      }
    },
  };
}
