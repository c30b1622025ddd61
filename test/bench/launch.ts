import { existsSync } from 'node:fs';

/** How a process of a run is started. */
export interface Launch {
  /** On core 0 only. Linux, with `taskset`. */
  readonly isPinned: boolean;
  /** File for each of its syncs to the disk and how long it took. Linux, with `strace`. */
  readonly syncsTo?: string | undefined;
}

/** The command that starts a program so. */
export function commandLine(
  command: string,
  args: readonly string[],
  { isPinned, syncsTo }: Launch,
): string[] {
  return [
    ...(isPinned ? ['taskset', '-c', '0'] : []),
    // Only what is traced is stopped, so all else runs at its speed.
    ...(syncsTo === undefined
      ? []
      : [
          'strace',
          '--seccomp-bpf',
          '-f',
          '-ttt',
          '-T',
          '-qq',
          '-e',
          'trace=fdatasync,fsync',
          '-o',
          syncsTo,
        ]),
    command,
    ...args,
  ];
}

/** Where brokers of Debian lie that are not in everybody's path; RabbitMQ without its change of user. */
const FOLDERS = ['/usr/lib/rabbitmq/bin', '/usr/sbin'];

/** Where a program lies; `undefined` where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...FOLDERS, ...(process.env['PATH'] ?? '').split(':')];
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}
