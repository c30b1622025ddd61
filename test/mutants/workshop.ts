import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A run that takes longer for each of its test files has met an endless loop. Milliseconds. */
const FILE_MS = 120_000;

/** How a run of test files ended. `broken`: not one test ran to its end. */
export type RunResult = 'green' | 'red' | 'hung' | 'broken';

/** A copy of the repository in which code may be broken. */
export class Workshop {
  readonly #root: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'wilco-mutants-'));

  /** @param root - The repository; what git tracks of it is copied as it is now. */
  constructor(root: string) {
    this.#root = root;
    for (const path of trackedFiles(root)) {
      const target = join(this.#folder, path);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, path), target);
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
    for (const folder of packageFolders(root)) this.#linkPackages(folder);
  }

  /** Puts a patch on, or takes it off again. Returns whether it fits. */
  patch(path: string, isReverse = false): boolean {
    const direction = isReverse ? ['--reverse'] : [];
    try {
      execFileSync('git', ['apply', '-C1', ...direction, path], {
        cwd: this.#folder,
        stdio: 'ignore',
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Runs test files, and waits for their end. */
  async run(tests: readonly string[]): Promise<RunResult> {
    const report = join(this.#folder, 'report.json');
    rmSync(report, { force: true });
    const vitest = join(this.#folder, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '-c', 'test/vitest.config.ts', ...tests];
    const env = { ...process.env, WILCO_TEST_REPORT: report };
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      env,
      stdio: 'ignore',
      detached: true,
    });
    const isDone = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => {
        // The workers of a hanging run must not outlive it.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        resolve(false);
      }, FILE_MS * tests.length);
      child.on('close', () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    return isDone ? judge(report) : 'hung';
  }

  /** Throws the copy away. */
  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The links among the packages lead to the copy, not back to the repository. */
  #linkPackages(folder: string): void {
    const source = join(this.#root, folder, 'node_modules');
    if (!existsSync(source)) return;
    cpSync(source, join(this.#folder, folder, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.includes('.vite'),
    });
  }
}

function trackedFiles(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

function packageFolders(root: string): string[] {
  return trackedFiles(root)
    .filter((path) => path.endsWith('/package.json'))
    .map(dirname);
}

function judge(reportPath: string): RunResult {
  if (!existsSync(reportPath)) return 'broken';
  const report = JSON.parse(readFileSync(reportPath, 'utf8')) as {
    readonly success: boolean;
    readonly numFailedTests: number;
    readonly numPassedTests: number;
  };
  if (report.success && report.numPassedTests > 0) return 'green';
  return report.numFailedTests > 0 ? 'red' : 'broken';
}
