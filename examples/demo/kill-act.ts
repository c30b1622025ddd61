import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DemoSettings } from './demo-settings.ts';
import { GrowingFile } from './growing-file.ts';
import { WILCO, wilco, type Command } from './lane-kinds.ts';
import { Program } from './program.ts';
import { tally, type Tally } from './tally.ts';

/** Who is killed, and when. */
export interface Kill {
  readonly who: 'listener' | 'sender' | 'both';
  /** Once this share of the orders has arrived. */
  readonly atShare: number;
}

/** What became of a file whose processes were killed. */
export interface KillResult {
  readonly written: number;
  readonly tally: Tally;
  /** How the last sender ended. */
  readonly exitCode: number | string;
  /** How many orders had arrived at each kill. */
  readonly arrivedAtKills: readonly number[];
}

/** How often is looked how many orders have arrived. Milliseconds. */
const LOOK_MS = 3;

/**
 * The second act: the same file, from a sender to a listener that keep what they know on disk. Both
 * are killed in the middle, with SIGKILL, and started again with the same words.
 */
export class KillAct {
  readonly #settings: DemoSettings;
  readonly #folder: string;
  readonly #orders: readonly string[];
  readonly #happened: (text: string) => void;
  readonly #received: GrowingFile;
  readonly #running = new Set<Program>();
  #listener: Program | undefined;
  #sender: Program | undefined;
  #port = 0;
  #proxiedPort = 0;

  /** `happened` is told, in a few words, what is done and how far it is. */
  constructor(
    settings: DemoSettings,
    folder: string,
    orders: readonly string[],
    happened: (text: string) => void,
  ) {
    this.#settings = settings;
    this.#folder = folder;
    this.#orders = orders;
    this.#happened = happened;
    this.#received = new GrowingFile(join(folder, 'received-killed.ndjson'));
  }

  /** Moves all orders, and says what became of them. */
  async run(): Promise<KillResult> {
    writeFileSync(this.#input, this.#orders.map((order) => `${order}\n`).join(''));
    await this.#startListener();
    const proxy = this.#start(this.#proxy());
    this.#proxiedPort = Number((await proxy.event('listening'))['port']);
    this.#startSender();
    const arrivedAtKills: number[] = [];
    for (const kill of this.#settings.kills) {
      await this.#arrived(kill.atShare * this.#orders.length);
      arrivedAtKills.push(await this.#kill(kill));
    }
    const exitCode = await orEndOf(this.#sender?.ended, [this.#listener, proxy]);
    await proxy.stop();
    await this.#listener?.stop();
    const arrived = this.#received.readLines().map((line) => WILCO.orderIn(line));
    this.#happened(
      `${count(arrived.length)} orders are in the file; the sender ended with ${exitCode}`,
    );
    return {
      written: this.#orders.length,
      tally: tally(this.#orders, arrived),
      exitCode,
      arrivedAtKills,
    };
  }

  /** Ends whatever still runs. */
  kill(): void {
    for (const program of this.#running) program.kill();
  }

  get #input(): string {
    return join(this.#folder, 'orders.ndjson');
  }

  async #kill({ who }: Kill): Promise<number> {
    const killed = [
      ...(who === 'sender' ? [] : [this.#listener]),
      ...(who === 'listener' ? [] : [this.#sender]),
    ];
    for (const one of killed) one?.kill();
    for (const one of killed) await one?.ended;
    const arrived = this.#received.countLines();
    this.#happened(`${count(arrived)} orders had arrived: kill -9 ${NAMES[who]}, and start anew`);
    if (who !== 'listener') this.#startSender();
    if (who !== 'sender') await this.#startListener();
    return arrived;
  }

  async #arrived(orders: number): Promise<void> {
    let hasEnded = false;
    void this.#sender?.ended.then(() => (hasEnded = true));
    while (this.#received.countLines() < orders && !hasEnded) await delay(LOOK_MS);
  }

  async #startListener(): Promise<void> {
    const { waitMs } = this.#settings;
    this.#listener = this.#start(
      wilco(
        ...['listen', '--host=127.0.0.1', `--port=${this.#port}`, `--wait=${waitMs}ms`],
        ...[`--out=${this.#received.path}`, `--store=${join(this.#folder, 'inbox')}`],
      ),
    );
    this.#port = Number((await this.#listener.event('listening'))['port']);
  }

  #startSender(): void {
    const { waitMs } = this.#settings;
    this.#sender = this.#start(
      wilco(
        ...['send', `--to=127.0.0.1:${this.#proxiedPort}`, `--wait=${waitMs}ms`, '--retry=100ms'],
        ...[`--store=${join(this.#folder, 'outbox')}`, this.#input],
      ),
    );
  }

  #proxy(): Command {
    const { seed, faults } = this.#settings;
    return wilco(
      ...['proxy', '--listen=0', `--to=127.0.0.1:${this.#port}`, `--seed=${seed}`],
      ...[`--delay=${faults.killedDelayMs}ms`, `--cut-every=${faults.killedCutEveryMs}ms`],
    );
  }

  #start({ path, words }: Command): Program {
    const program = new Program(path, words);
    this.#running.add(program);
    void program.ended.then(() => this.#running.delete(program));
    return program;
  }
}

/** Whether every order is in the file once, in order, and the sender knows it. */
export function isUnharmed({
  written,
  exitCode,
  tally: { arrived, ...faults },
}: KillResult): boolean {
  const { lost, duplicated, outOfOrder, strange } = faults;
  return exitCode === 0 && arrived === written && lost + duplicated + outOfOrder + strange === 0;
}

/** The result as text for a terminal. */
export function killTable({ written, tally: found, arrivedAtKills }: KillResult): string {
  const rows = [
    ['written', written],
    ['arrived', found.arrived],
    ['lost', found.lost],
    ['duplicated', found.duplicated],
    ['out of order', found.outOfOrder],
    ...(found.strange > 0 ? [['never sent', found.strange] as const] : []),
    ['kill -9, in the middle', arrivedAtKills.filter((arrived) => arrived < written).length],
  ] as const;
  return rows
    .map(([label, value]) => `  ${label.padEnd(24)}${count(value).padStart(11)}`)
    .join('\n');
}

const NAMES = { listener: 'wilco listen', sender: 'wilco send', both: 'both' } as const;

function count(value: number): string {
  return value.toLocaleString('en');
}

/** Waits for one program; if another ends meanwhile, that is the end of it all. */
async function orEndOf(
  wanted: Promise<number | string> | undefined,
  others: readonly (Program | undefined)[],
): Promise<number | string> {
  const ends = others.map(async (one) => {
    const code = await one?.ended;
    throw new Error(`a process of the demo ended too early, with ${code}`);
  });
  return Promise.race([wanted ?? 'unknown', ...ends]);
}
