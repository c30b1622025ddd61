import { readdirSync, readFileSync } from 'node:fs';

/** A tick of the kernel's CPU accounting, as Linux tells it to programs. Microseconds. */
const TICK_MICROS = 10_000;
/** Places of the fields behind the name in `/proc/PID/stat`. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** A process and all that descend from it. Linux; empty where there is no such process. */
export function processTree(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' '),
    );
    return [pid, ...children.filter((child) => child !== '').flatMap((one) => processTree(+one))];
  } catch {
    return [];
  }
}

/** CPU time that a process and its descendants have used so far. Microseconds. */
export function treeCpuMicros(pid: number): number {
  return sumOver(pid, (one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * TICK_MICROS;
  });
}

/** Resident memory of a process and its descendants. Bytes. */
export function treeMemoryBytes(pid: number): number {
  return sumOver(pid, (one) => {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? '0';
    return Number(kib) * 1_024;
  });
}

function sumOver(pid: number, measure: (pid: number) => number): number {
  let sum = 0;
  for (const one of processTree(pid)) {
    try {
      sum += measure(one);
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}
