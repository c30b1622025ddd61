import { spawn, type ChildProcess } from 'node:child_process';
import type { Diary, PeerOrder, PeerSettings, PeerTelling } from './peer-words.ts';
import { SERVER_HOST, type Testbed } from './testbed.ts';

/** Nothing that a test waits for takes so long, on the busiest machine. Milliseconds. */
const PATIENCE_MS = 60_000;

type Told<Name extends PeerTelling['told']> = Extract<PeerTelling, { told: Name }>;

/** One side of a conversation, in a process of its own on its own machine of a testbed. */
export class PeerProcess {
  readonly role: PeerSettings['role'];
  readonly tellings: PeerTelling[] = [];
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #end: string | undefined;

  private constructor(program: string, testbed: Testbed, settings: PeerSettings) {
    this.role = settings.role;
    const command = [process.execPath, program, JSON.stringify(settings)];
    this.#process = spawn(...testbed.command(settings.role, ...command), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (telling: PeerTelling) => {
      this.tellings.push(telling);
      this.#changed();
    });
    this.#process.on('exit', (code, signal) => {
      this.#end = String(code ?? signal);
      this.#changed();
    });
  }

  /** Starts a program and waits until it is ready. */
  static async start(
    program: string,
    testbed: Testbed,
    role: PeerSettings['role'],
    waitMs: number,
  ): Promise<PeerProcess> {
    const peer = new PeerProcess(program, testbed, {
      role,
      host: SERVER_HOST,
      port: 7_411,
      waitMs,
    });
    await peer.until('ready', () => peer.all('ready').length > 0);
    return peer;
  }

  /** Everything of one kind that it told, in order. */
  all<Name extends PeerTelling['told']>(name: Name): Told<Name>[] {
    return this.tellings.filter((telling): telling is Told<Name> => telling.told === name);
  }

  /** What it told last of how far it has come. */
  get progress(): { readonly handled: number; readonly settled: number } {
    return this.all('progress').at(-1) ?? { handled: 0, settled: 0 };
  }

  order(order: PeerOrder): void {
    this.#process.send(order);
  }

  /** Waits until something holds. */
  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (error?: Error): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (holds()) over();
        else if (this.#end !== undefined) over(new Error(`${this.role} ended with ${this.#end}`));
      };
      const timer = setTimeout(
        () => over(new Error(`the ${this.role} never came to: ${what}`)),
        PATIENCE_MS,
      );
      this.#listeners.add(look);
      look();
    });
  }

  /** Lets it come to an end with all that it sent. */
  async finish(): Promise<void> {
    this.order({ order: 'finish' });
    await this.until('the end of all that it sent', () => this.all('finished').length > 0);
  }

  /** All that happened at this side. */
  async diary(): Promise<Diary> {
    this.order({ order: 'show' });
    await this.until('its diary', () => this.all('diary').length > 0);
    const [last] = this.all('diary');
    if (last === undefined) throw new Error('a diary came, and is not there');
    return last.diary;
  }

  /** Ends the process, if it still runs. */
  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }

  #changed(): void {
    for (const look of [...this.#listeners]) look();
  }
}
