import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Broker } from './broker.ts';
import { commandLine, type Launch } from './launch.ts';
import type { AnswerMessage, OrderName, Orders } from './orders.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/** How to run a process of the benchmark. */
export interface BenchProcessOptions extends Launch {
  /** Its memory is measured, so it can collect its garbage when asked. */
  readonly isWeighed?: boolean;
}

/** A process that sends, receives or is in between. Wilco runs in it as users have it: built. */
export class BenchProcess implements Broker {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #fail: (error: Error) => void = () => {};

  constructor({ isWeighed = false, ...launch }: BenchProcessOptions) {
    const args = [...(isWeighed ? ['--expose-gc'] : []), '--import', 'tsx', CHILD];
    const [command = '', ...rest] = commandLine(process.execPath, args, launch);
    this.#process = spawn(command, rest, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => {
        this.#fail(new Error(`a process of the benchmark ended with ${code ?? String(signal)}`));
        resolve();
      });
    });
  }

  /** Asks for one thing, and waits until it is done. */
  ask<Name extends OrderName>(
    name: Name,
    order: Parameters<Orders[Name]>[0],
  ): Promise<ReturnType<Orders[Name]>> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#process.once('message', (message) => {
        const { answer, error } = message as AnswerMessage;
        if (error === undefined) resolve(answer as ReturnType<Orders[Name]>);
        else reject(new Error(error));
      });
      this.#process.send({ name, order });
    });
  }

  async cpuMicros(): Promise<number> {
    return (await this.ask('usage', {})).cpuMicros;
  }

  async memoryBytes(): Promise<number> {
    return (await this.ask('usage', {})).memoryBytes;
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#exited;
  }
}
