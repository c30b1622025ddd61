import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { commandLine, type Launch } from './launch.ts';
import { processTree, treeCpuMicros, treeMemoryBytes } from './process-tree.ts';

/** The third process, where there is one in between. */
export interface Broker {
  /** CPU time that it has used so far. Microseconds. */
  cpuMicros(): Promise<number> | number;
  memoryBytes(): Promise<number> | number;
  stop(): Promise<void>;
}

/** How a program in between is started, and where it then listens. */
export interface BrokerCommand extends Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** How long a broker may take until it listens; Erlang takes some seconds. */
const START_MS = 120_000;
const POLL_MS = 50;
/** How much of what it printed is told where it fails. */
const PRINTED = 500;

/** What runs at present, to be ended with this process. */
const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) killTree(pid);
});

/** A program that was started for one run, and is ended by its own process id. */
export class BrokerProgram implements Broker {
  readonly #process: ChildProcess;
  readonly #pid: number;
  readonly #isTraced: boolean;
  #printed = '';
  #ended: string | undefined;

  private constructor({ command, args, environment, ...launch }: BrokerCommand) {
    const [program = '', ...rest] = commandLine(command, args, launch);
    this.#isTraced = launch.syncsTo !== undefined;
    this.#process = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#pid = this.#process.pid ?? 0;
    running.add(this.#pid);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text) => {
        this.#printed = `${this.#printed}${String(text)}`.slice(-PRINTED);
      });
    }
    this.#process.on('error', (error) => (this.#ended = error.message));
    this.#process.on('exit', (code, signal) => (this.#ended = `ended with ${code ?? signal}`));
  }

  /** Starts it, and waits until it listens. */
  static async start(command: BrokerCommand): Promise<BrokerProgram> {
    const broker = new BrokerProgram(command);
    const until = Date.now() + START_MS;
    while (!(await isListening(command.port))) {
      if (broker.#ended !== undefined || Date.now() > until) {
        await broker.stop();
        const how = broker.#ended ?? `does not listen after ${START_MS} ms`;
        throw new Error(`${command.command} ${how}: ${broker.#printed}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return broker;
  }

  cpuMicros(): number {
    return treeCpuMicros(this.#pid);
  }

  memoryBytes(): number {
    return treeMemoryBytes(this.#pid);
  }

  /** Its data are thrown away, so nothing of it needs to be asked politely. */
  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    // What follows the program writes down the rest, and ends with it.
    killTree(this.#pid, this.#isTraced);
    await exited;
    running.delete(this.#pid);
  }
}

/** The program itself last: its descendants are found through it. */
function killTree(pid: number, isSpared = false): void {
  for (const one of processTree(pid).reverse()) {
    if (isSpared && one === pid) continue;
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
