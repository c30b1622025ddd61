import { readFileSync, statSync, truncateSync } from 'node:fs';

/** What a file had in it when the process began to be watched. */
export type SizeAtStart = (path: string) => number;

/** A call that has begun. */
interface Began {
  readonly call: string;
  readonly file: string;
  readonly path: string;
  readonly sizeAtStart: number;
}

interface FileState {
  size: number;
  /** What a sync has covered: what is behind it is gone when power fails. */
  syncedSize: number;
  /** How far the zeros reach that were put behind it as room: 0 for none. */
  roomSize: number;
}

/** `PID CALL(FD<PATH>, REST`, or the second half of a call that took its time. */
const CALL = /^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$/;
/** `PID openat(FOLDER, PATH, FLAGS) = FD<PATH>` */
const OPENED = /^(\d+) +openat\(.*, (O_[^,)]*).*\) = (\d+)<([^>]*)>/;
/** A file of LevelDB in which room is made: by who appends to it, for LevelDB itself does not. */
const LOG = /\/\d+\.log$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/;
const RESULT = / = (-?\d+)/;

/**
 * Follows what a process wrote to its files, from the log of strace, and knows what of each was
 * synced. The files of the store, and those that lines are written to, only ever grow at their
 * end, so what a power failure takes away is what was written since the last sync. Where room
 * was made ahead in a log, that room is left.
 */
export class SyncTrace {
  readonly #files = new Map<string, FileState>();
  readonly #sizeAtStart: SizeAtStart;
  /** Calls that began and have not returned, by thread. */
  readonly #open = new Map<string, Began>();
  /** What is open to make room in a log. */
  readonly #makers = new Set<string>();

  constructor(sizeAtStart: SizeAtStart) {
    this.#sizeAtStart = sizeAtStart;
  }

  /** Takes a whole log. */
  read(log: string): this {
    for (const line of log.split('\n')) this.#take(line);
    return this;
  }

  /** How much of each file was synced, and how much was written. */
  get files(): ReadonlyMap<string, Readonly<FileState>> {
    return this.#files;
  }

  #take(line: string): void {
    if (this.#noteOpening(line)) return;
    const [, thread = '', call = '', file = '', path = '', rest = ''] = CALL.exec(line) ?? [];
    if (thread !== '') {
      const began = { call, file, path, sizeAtStart: this.#fileOf(path).size };
      if (rest.includes('<unfinished')) this.#open.set(thread, began);
      else this.#finish(began, rest);
      return;
    }
    const [, again = '', , tail = ''] = RESUMED.exec(line) ?? [];
    const began = this.#open.get(again);
    if (began === undefined) return;
    this.#open.delete(again);
    this.#finish(began, tail);
  }

  #noteOpening(line: string): boolean {
    const [, thread = '', flags = '', file = '', path = ''] = OPENED.exec(line) ?? [];
    if (thread === '') return false;
    const isMaker = LOG.test(path) && flags.includes('O_APPEND');
    if (isMaker) this.#makers.add(file);
    else this.#makers.delete(file);
    return true;
  }

  #finish(began: Began, rest: string): void {
    const result = Number(RESULT.exec(rest)?.[1] ?? -1);
    if (result < 0) return;
    const file = this.#fileOf(began.path);
    switch (began.call) {
      case 'write':
      case 'writev':
        if (this.#makers.has(began.file))
          file.roomSize = Math.max(file.roomSize, file.size) + result;
        else file.size += result;
        return;
      case 'pwrite64': {
        const offset = Number(/, (\d+)\) +=/.exec(rest)?.[1] ?? 0);
        file.size = Math.max(file.size, offset + result);
        return;
      }
      case 'ftruncate':
        file.size = Number(/^, (\d+)/.exec(rest)?.[1] ?? 0);
        file.syncedSize = Math.min(file.syncedSize, file.size);
        return;
      default:
        // What was written while it ran may have been left out.
        file.syncedSize = Math.max(file.syncedSize, began.sizeAtStart);
    }
  }

  #fileOf(path: string): FileState {
    let file = this.#files.get(path);
    if (file === undefined) {
      const size = this.#sizeAtStart(path);
      file = { size, syncedSize: size, roomSize: 0 };
      this.#files.set(path, file);
    }
    return file;
  }
}

/**
 * Power fails: of each file in these places only what was synced is left. Returns how many
 * bytes were lost.
 *
 * @param isOverwritten - Files that are written over in place: they stay as they are.
 */
export function cutPower(
  trace: SyncTrace,
  places: readonly string[],
  isOverwritten: (path: string) => boolean,
): number {
  let lostBytes = 0;
  for (const [path, { size: written, syncedSize, roomSize }] of trace.files) {
    const isOurs = places.some((place) => path === place || path.startsWith(`${place}/`));
    const facts = statSync(path, { throwIfNoEntry: false });
    if (!isOurs || isOverwritten(path) || facts?.isFile() !== true) continue;
    const { size } = facts;
    if (size <= syncedSize) continue;
    lostBytes += (roomSize > 0 ? written : size) - syncedSize;
    truncateSync(path, syncedSize);
    // Where there was room there are zeros again.
    if (roomSize > 0) truncateSync(path, size);
  }
  return lostBytes;
}

/** Reads the log of strace of a process that has ended. */
export function readSyncTrace(path: string, sizeAtStart: SizeAtStart): SyncTrace {
  return new SyncTrace(sizeAtStart).read(readFileSync(path, 'utf8'));
}
