import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cutPower, readSyncTrace, type SizeAtStart } from './power-cut.ts';
import { straceWords, type CallWatch, type KillAt } from './strace.ts';

/** How a process of a side ends before its time. */
export type Death =
  | { readonly type: 'call'; readonly at: KillAt; readonly isPowerCut: boolean }
  | { readonly type: 'time'; readonly afterMs: number; readonly isPowerCut: boolean };

/** What one side of a conversation is. */
export interface SideSetting {
  /** The command line as one file. */
  readonly main: string;
  /** The words after `wilco`. */
  readonly words: readonly string[];
  /** Where it keeps what must survive: folders and files. */
  readonly places: readonly string[];
  /** Files among them that are written over in place. */
  readonly isOverwritten: (path: string) => boolean;
  /** Where the log of strace goes. */
  readonly tracePath: string;
}

/** How a process came to its end. */
export interface SideEnd {
  /** Its exit code; `undefined` where it was killed. */
  readonly code: number | undefined;
  /** What the power cut took, where there was one. Bytes. */
  readonly lostBytes: number;
}

/** One side: a process that may be killed, and started again with the same words. */
export class Side {
  readonly #setting: SideSetting;
  #child: ChildProcess | undefined;
  /** Whether it is strace that was started, and the process by strace. */
  #isWatched = false;
  #text = '';
  #heard: () => void = () => {};

  constructor(setting: SideSetting) {
    this.#setting = setting;
  }

  /** All that the running process has printed as its log. */
  get text(): string {
    return this.#text;
  }

  /** Starts it; resolves when it has ended by itself or by this death. `watch` counts its calls. */
  async run(death?: Death, watch?: CallWatch): Promise<SideEnd> {
    const { main, words, places } = this.#setting;
    const isTraced = death?.isPowerCut === true;
    const sizeAtStart = sizesIn(places);
    const strace = this.#watcher(death, watch);
    const [program = '', ...rest] = [...strace, process.execPath, main, ...words];
    // One thread for the files, so that the n-th call is the n-th of the process.
    const env = { ...process.env, NO_COLOR: '1', UV_THREADPOOL_SIZE: '1' };
    const child = spawn(program, rest, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    this.#isWatched = strace.length > 0;
    this.#text = '';
    child.stderr.on('data', (text: Buffer) => {
      this.#text += text.toString();
      this.#heard();
    });
    const timer = death?.type === 'time' ? setTimeout(() => this.kill(), death.afterMs) : undefined;
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    const wasKilled = signal === 'SIGKILL' || code === 137;
    const lostBytes = isTraced && wasKilled ? this.#cutPower(sizeAtStart) : 0;
    return { code: wasKilled ? undefined : (code ?? 1), lostBytes };
  }

  /** Kills the process. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /** Asks it to end. */
  stop(): void {
    this.#signal('SIGTERM');
  }

  /** Resolves when its log has this. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#text)) {
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  /** The words that put strace ahead of it; none where it is not needed. */
  #watcher(death: Death | undefined, watch: CallWatch | undefined): string[] {
    const killAt = death?.type === 'call' ? death.at : undefined;
    const trace = death?.isPowerCut === true ? this.#setting.tracePath : undefined;
    const isWatched = [killAt, trace, watch].some((one) => one !== undefined);
    return isWatched ? straceWords({ killAt, trace, watch }) : [];
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child ?? {};
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    // strace outlives the process that it watches, so that its log is whole.
    const pids = this.#isWatched ? childrenOf(pid) : [pid];
    for (const one of pids) process.kill(one, signal);
  }

  #cutPower(sizeAtStart: SizeAtStart): number {
    const { places, isOverwritten, tracePath } = this.#setting;
    return cutPower(readSyncTrace(tracePath, sizeAtStart), places, isOverwritten);
  }
}

/** The sizes of all files in these places; of one that was not there, nothing. */
function sizesIn(places: readonly string[]): SizeAtStart {
  const sizes = new Map<string, number>();
  const look = (path: string): void => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts?.isDirectory() === true) for (const name of readdirSync(path)) look(join(path, name));
    else if (facts !== undefined) sizes.set(path, facts.size);
  };
  for (const place of places) look(place);
  return (path) => sizes.get(path) ?? 0;
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
