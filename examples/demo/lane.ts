import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DemoSettings } from './demo-settings.ts';
import { GrowingFile } from './growing-file.ts';
import { wilco, type Command, type LaneKind } from './lane-kinds.ts';
import { pace } from './pace.ts';
import { Program, type ProgramEvent } from './program.ts';
import type { LaneResult } from './result-table.ts';
import { tally } from './tally.ts';

/** How far a lane is, and what happened to it. */
export interface LaneFacts {
  readonly name: string;
  readonly handedOver: number;
  readonly arrived: number;
  /** Orders of which the sender was told how they ended. */
  readonly settled: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly resumes: number;
}

/** What the proxy does to a connection. */
export type Fault = 'cut' | 'stall' | 'reset';

/** How long what has left the sender may take to arrive before the network is taken away. */
const LAST_BYTES_MS = 300;

/** Three processes, a listener, the proxy and a sender, that move one file. */
export class Lane {
  readonly #kind: LaneKind;
  readonly #settings: DemoSettings;
  readonly #received: GrowingFile;
  readonly #receipts: GrowingFile;
  readonly #programs: Program[] = [];
  readonly #happened: (text: string) => void;
  readonly #faults = { cut: 0, stall: 0, reset: 0 };
  #handedOver = 0;
  #resumes = 0;
  #connections = 0;

  /** `happened` is told, in a few words, what the proxy does and how the sender takes it. */
  constructor(
    kind: LaneKind,
    settings: DemoSettings,
    folder: string,
    happened: (text: string) => void,
  ) {
    this.#kind = kind;
    this.#settings = settings;
    this.#happened = happened;
    this.#received = new GrowingFile(join(folder, `received-${kind.framing}.ndjson`));
    this.#receipts = new GrowingFile(join(folder, `receipts-${kind.framing}.ndjson`));
  }

  get facts(): LaneFacts {
    return {
      name: this.#kind.name,
      handedOver: this.#handedOver,
      arrived: this.#received.countLines(),
      settled: this.#receipts.countLines(),
      faults: { ...this.#faults },
      resumes: this.#resumes,
    };
  }

  /** Starts the three programs; resolves when the sender is connected through the proxy. */
  async start(): Promise<void> {
    const { waitMs } = this.#settings;
    const listener = this.#run(this.#kind.listener(this.#received.path, waitMs));
    const { port } = await listener.event('listening');
    const proxy = this.#run(this.#proxyTo(Number(port)));
    proxy.onEvent((event) => this.#proxyTold(event));
    const { port: proxied } = await proxy.event('listening');
    const sender = this.#run(this.#kind.sender(Number(proxied), this.#receipts.path, waitMs));
    sender.onEvent((event) => this.#senderTold(event));
    await sender.event('online');
  }

  /** Hands the orders over at the pace of the demo, and says what became of them. */
  async move(orders: readonly string[]): Promise<LaneResult> {
    const [listener, proxy, sender] = this.#programs;
    if (!listener || !proxy || !sender) throw new Error('start() comes first');
    const handed = pace(orders, this.#settings.durationMs, async (order) => {
      this.#handedOver += 1;
      await sender.write(`${order}\n`);
    });
    await orEndOf(Promise.race([handed, sender.ended]), [listener, proxy]);
    sender.endInput();
    const exitCode = await orEndOf(sender.ended, [listener, proxy]);
    await delay(LAST_BYTES_MS);
    await proxy.stop();
    await listener.stop();
    const arrived = this.#received.readLines().map((line) => this.#kind.orderIn(line));
    const { cut: cuts, stall: stalls, reset: resets } = this.#faults;
    return {
      name: this.#kind.name,
      written: this.#handedOver,
      succeeded: this.#receipts.readLines().filter((line) => this.#kind.isSuccess(line)).length,
      exitCode,
      tally: tally(orders, arrived),
      network: { connections: this.#connections, cuts, stalls, resets },
    };
  }

  /** Ends whatever still runs. */
  kill(): void {
    for (const program of this.#programs) program.kill();
  }

  #run({ path, words }: Command): Program {
    const program = new Program(path, words);
    this.#programs.push(program);
    return program;
  }

  #proxyTo(port: number): Command {
    const { seed, faults } = this.#settings;
    return wilco(
      ...['proxy', '--listen=0', `--to=127.0.0.1:${port}`, `--framing=${this.#kind.framing}`],
      ...[`--seed=${seed}`, `--delay=${faults.delayMs}ms`, `--cut-every=${faults.cutEveryMs}ms`],
      ...[`--reset-every=${faults.resetEveryMs}ms`, `--stall-every=${faults.stallEveryMs}ms`],
      `--stall-for=${faults.stallForMs}ms`,
    );
  }

  #proxyTold({ event, fault, inFlight, connections }: ProgramEvent): void {
    if (event === 'end') this.#connections = Number(connections);
    if (event !== 'fault' || !isFault(fault)) return;
    this.#faults[fault] += 1;
    this.#happened(`${FAULT_WORDS[fault]}, ${Number(inFlight)} in flight`);
  }

  #senderTold({ event, isResumed, text, code }: ProgramEvent): void {
    if (event === 'online' && isResumed === true) this.#resumes += 1;
    if (event === 'online') this.#happened(`  ${String(text)}`);
    if (event === 'offline') this.#happened(`  connection lost: ${String(code)}`);
  }
}

const FAULT_WORDS: Readonly<Record<Fault, string>> = {
  cut: 'cut in the middle of a frame',
  stall: 'the network falls silent',
  reset: 'reset',
};

function isFault(name: unknown): name is Fault {
  return typeof name === 'string' && name in FAULT_WORDS;
}

/** Resolves with `value`, unless one of `others` ends, which it should not. */
async function orEndOf<Value>(value: Promise<Value>, others: readonly Program[]): Promise<Value> {
  const ends = others.map(async ({ ended }) => {
    throw new Error(`a process of the demo ended too early, with ${await ended}`);
  });
  return Promise.race([value, ...ends]);
}
