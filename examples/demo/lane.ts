import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProxyFraming, ProxyOptions } from '@wilco/testkit/proxy';
import { Child } from './child.ts';
import type { DemoSettings, ReceiverSettings, SenderSettings } from './demo-settings.ts';
import { readOrders, toLine } from './input.ts';
import type { LaneResult } from './result-table.ts';
import { tally } from './tally.ts';

/** One way of sending: which programs do it, and what its messages look like on the wire. */
export interface LaneKind {
  readonly name: string;
  readonly receiver: string;
  readonly sender: string;
  readonly framing: ProxyFraming;
}

/** How long what has left the sender may take to arrive before the network is taken away. */
const LAST_BYTES_MS = 300;

/** Three processes, a receiver, the proxy and a sender, that move one file. */
export class Lane {
  readonly #kind: LaneKind;
  readonly #settings: DemoSettings;
  readonly #receivedFile: string;
  #children: readonly Child[] = [];

  constructor(kind: LaneKind, settings: DemoSettings, folder: string) {
    this.#kind = kind;
    this.#settings = settings;
    this.#receivedFile = join(folder, `received-${kind.framing}.ndjson`);
  }

  /** How far it is: arrived, written, and faults that struck so far. */
  get progress(): string {
    const [receiver, proxy, sender] = this.#children.map(({ counts }) => counts);
    const { cut = 0, stall = 0, reset = 0 } = proxy ?? {};
    const { written = 0 } = sender ?? {};
    const { lines = 0 } = receiver ?? {};
    return `${this.#kind.name} ${lines}/${written} (${cut + stall + reset} faults)`;
  }

  /** Moves the file, and says what became of it. */
  async run(): Promise<LaneResult> {
    const { file, durationMs, waitMs } = this.#settings;
    const receiver = this.#start(this.#kind.receiver, {
      file: this.#receivedFile,
      waitMs,
    } satisfies ReceiverSettings);
    const proxy = this.#start('./proxy.ts', this.#proxyOptions(await receiver.ready));
    const sender = this.#start(this.#kind.sender, {
      file,
      port: await proxy.ready,
      durationMs,
      waitMs,
    } satisfies SenderSettings);

    const sent = await orEndOf(sender.done, [receiver, proxy]);
    await delay(LAST_BYTES_MS);
    const network = await proxy.stop();
    await receiver.stop();
    return this.#result(sent, network);
  }

  /** Ends whatever still runs. */
  kill(): void {
    for (const child of this.#children) child.kill();
  }

  #start(program: string, settings: object): Child {
    const child = new Child(program, settings);
    this.#children = [...this.#children, child];
    return child;
  }

  #proxyOptions(port: number): ProxyOptions {
    const { seed, faults } = this.#settings;
    const { framing } = this.#kind;
    return { target: { host: '127.0.0.1', port }, seed, framing, ...faults };
  }

  #result(sent: Child['counts'], network: Child['counts']): LaneResult {
    const received = readFileSync(this.#receivedFile, 'utf8').split('\n').slice(0, -1);
    const { written = 0, handled = 0 } = sent;
    const { connections = 0, cut = 0, stall = 0, reset = 0 } = network;
    return {
      name: this.#kind.name,
      written,
      succeeded: handled,
      tally: tally(readOrders(this.#settings.file).map(toLine), received),
      network: { connections, cuts: cut, stalls: stall, resets: reset },
    };
  }
}

/** Resolves with `counts`, unless one of `others` ends, which it should not. */
async function orEndOf<Value>(value: Promise<Value>, others: readonly Child[]): Promise<Value> {
  const ends = others.map(async ({ done }) => {
    await done;
    throw new Error('a process of the demo ended too early');
  });
  return Promise.race([value, ...ends]);
}
