import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

/** The program of either side, in one file: it is started dozens of times, and to load its sources takes a second. */
export class Program implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'peer.mjs');
  }

  /** Makes it, from the sources as they are now. */
  static async build(): Promise<Program> {
    const program = new Program(await mkdtemp(join(tmpdir(), 'wilco-net-')));
    try {
      await program.#make();
      return program;
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #make(): Promise<void> {
    await build({
      config: false,
      entry: { peer: fileURLToPath(new URL('./peer.ts', import.meta.url)) },
      format: 'esm',
      target: 'node20',
      outDir: this.#folder,
      outExtension: () => ({ js: '.mjs' }),
      noExternal: [/.*/],
      silent: true,
      esbuildOptions: (options) => {
        options.conditions = ['source'];
      },
    });
  }
}
