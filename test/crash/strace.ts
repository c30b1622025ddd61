import { spawnSync } from 'node:child_process';

/** When a process is to be killed by strace: at its so-many-th call of this name. */
export interface KillAt {
  /** Name of the system call, such as `fdatasync`. */
  readonly call: string;
  /** Which one, counted for each thread by itself, from 1. */
  readonly when: number;
}

/** Which calls are to be written down, and where. */
export interface CallWatch {
  readonly calls: readonly string[];
  readonly log: string;
}

/** What strace is to do with a process. */
export interface StraceOrder {
  readonly killAt?: KillAt | undefined;
  /** Where to write what passed between the process and its files. */
  readonly trace?: string | undefined;
  readonly watch?: CallWatch | undefined;
}

/** The calls that show what of a file was written, and what of it was synced. */
const FILE_CALLS = ['openat', 'write', 'writev', 'pwrite64', 'fdatasync', 'fsync', 'ftruncate'];

/** Whether strace is here, and may be used. */
export function hasStrace(): boolean {
  const { status } = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
  return status === 0;
}

/**
 * The words that run a program under strace. A killed process dies where the call begins: the
 * call itself is not made.
 */
export function straceWords({ killAt, trace, watch }: StraceOrder): string[] {
  const calls = new Set(trace === undefined ? watch?.calls : FILE_CALLS);
  if (killAt !== undefined) calls.add(killAt.call);
  const words = ['strace', '-f', '-qq', '-s', '0', '-y'];
  words.push('-o', trace ?? watch?.log ?? '/dev/null', '-e', `trace=${[...calls].join(',')}`);
  if (killAt !== undefined) {
    words.push('-e', `inject=${killAt.call}:signal=SIGKILL:when=${killAt.when}`);
  } else {
    // Faster by far; but what is watched in this way can't be killed.
    words.push('--seccomp-bpf');
  }
  return words;
}
