import { execFileSync } from 'node:child_process';

/** Set where a skipped test is a failure: `.ci/run` does it when it runs as root. */
const REQUIRED = 'WILCO_NET_REQUIRED';

/** A namespace that only shows whether this machine allows one. */
const PROBE = `wilco-${String(process.pid)}-probe`;

/** Why the tests of this folder can't run here; `undefined` where they can. */
export const OBSTACLE = findObstacle();

/** Whether they must run: then an obstacle is a failure. */
export const IS_REQUIRED = process.env[REQUIRED] === '1';

function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  return (
    failureOf('ip', ['netns', 'add', PROBE]) ??
    failureOf('ip', ['netns', 'exec', PROBE, 'nft', 'add', 'table', 'inet', 'wilco']) ??
    failureOf('ip', ['netns', 'exec', PROBE, 'tc', 'qdisc', 'show']) ??
    failureOf('ip', ['netns', 'delete', PROBE])
  );
}

function failureOf(program: string, args: readonly string[]): string | undefined {
  try {
    execFileSync(program, args, { stdio: 'pipe', timeout: 10_000 });
    return undefined;
  } catch (error) {
    return `${[program, ...args].join(' ')}: ${String(error).split('\n')[0] ?? ''}`;
  }
}
