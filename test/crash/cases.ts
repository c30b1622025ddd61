import { crc32 } from 'node:zlib';
import type { CrashCase, Victim } from './conversation.ts';

/** A case with its name, by which a run that was broken off goes on behind it. */
export interface NamedCase extends CrashCase {
  readonly name: string;
  /** How many lines are sent: so many that it comes to the crash, and goes on for a while. */
  readonly lines: number;
}

/** How often each call was made on its thread, in a conversation without a crash. */
export type CallCounts = Readonly<Record<Victim, ReadonlyMap<string, number>>>;

const VICTIMS: readonly Victim[] = ['sender', 'receiver'];

/** What happens all the time: a socket or file is written, synced, waited for. */
const COMMON_CALLS = ['write', 'writev', 'pwrite64', 'fdatasync', 'epoll_wait', 'epoll_pwait'];

/** What happens now and then: a file is made, renamed, cut; a connection begins or ends. */
export const RARE_CALLS = [
  ...['fsync', 'rename', 'renameat', 'unlink', 'unlinkat', 'ftruncate', 'mkdir', 'fallocate'],
  ...['connect', 'accept4', 'shutdown', 'bind', 'listen', 'sendto', 'sendmsg', 'fcntl'],
];

/** Rarer calls are tried up to this one. */
const RARE_MAX = 40;

/** The part of all lines that is sent besides those that it takes to come to the crash. */
const REST = 0.25;

/**
 * Every case of the sweep: each side is killed at each of the first calls of the common ones and
 * at every one of the rarer ones, and loses its power at each of its syncs and writes.
 *
 * @param counts - As they are in a conversation of so many lines.
 */
export function crashCases(depth: number, counts: CallCounts, lines: number): NamedCase[] {
  const cases: NamedCase[] = [];
  const add = (victim: Victim, call: string, when: number, isPowerCut: boolean): void => {
    const name = `${victim} ${isPowerCut ? 'loses power' : 'is killed'} at ${call} ${when}`;
    const share = Math.min(1, when / (counts[victim].get(call) ?? when) + REST);
    const death = { type: 'call', at: { call, when }, isPowerCut } as const;
    cases.push({ name, victim, death, lines: Math.ceil(lines * share) });
  };
  for (let when = 1; when <= depth; when++) {
    for (const victim of VICTIMS) {
      for (const call of COMMON_CALLS) {
        if (when <= (counts[victim].get(call) ?? 0)) add(victim, call, when, false);
      }
      for (const call of ['fdatasync', 'write']) {
        if (when <= (counts[victim].get(call) ?? 0)) add(victim, call, when, true);
      }
    }
  }
  for (const victim of VICTIMS) {
    for (const call of RARE_CALLS) {
      const most = Math.min(counts[victim].get(call) ?? 0, RARE_MAX);
      for (let when = 1; when <= most; when++) add(victim, call, when, false);
    }
  }
  return cases;
}

/** Every call whose count {@link crashCases} needs. */
export const COUNTED_CALLS: readonly string[] = [...COMMON_CALLS, ...RARE_CALLS];

/** The cases in an order that is always the same, and in which any part is a sample of all. */
export function mixed(cases: readonly NamedCase[]): NamedCase[] {
  const place = ({ name }: NamedCase): number => crc32(name);
  return [...cases].sort((a, b) => place(a) - place(b));
}
