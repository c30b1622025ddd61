import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { linesFor, verdictOn, type Verdict } from './lines.ts';
import { Side, type Death, type SideSetting } from './side.ts';

/** Who is killed. */
export type Victim = 'sender' | 'receiver';

/** One conversation, in which one side is killed once. */
export interface CrashCase {
  readonly victim: Victim;
  readonly death: Death;
}

/** What came of a conversation. */
export interface CrashResult {
  /** Whether the death came about at all: a call may not happen so often. */
  readonly wasKilled: boolean;
  readonly lostBytes: number;
  /** What is wrong; `undefined` where nothing is. */
  readonly fault: string | undefined;
}

/** How long a conversation may take before it counts as stuck. Milliseconds. */
const PATIENCE_MS = 60_000;

/** The file beside the database that is written over in place. */
const isOverwritten = (path: string): boolean => basename(path) === 'witness';

/**
 * Two processes of the command line with a store each: one sends a file of lines, the other
 * appends them to a file. They are killed, cut off from power, and started again with the same
 * words; in the end the two files are compared.
 */
export class Conversation {
  readonly sender: Side;
  readonly receiver: Side;
  readonly #folder: string;
  readonly #lines: readonly string[];
  readonly #outPath: string;

  private constructor(main: string, folder: string, port: number, count: number, via: number) {
    this.#folder = folder;
    this.#lines = linesFor(count);
    this.#outPath = join(folder, 'out.ndjson');
    const inputPath = join(folder, 'in.ndjson');
    writeFileSync(inputPath, this.#lines.join(''));
    const [outbox, inbox] = [join(folder, 'outbox'), join(folder, 'inbox')];
    const wait = ['--wait', '2s', '--json'];
    const listen = ['--port', String(port), '--host', '127.0.0.1', '--out', this.#outPath];
    const send = ['--to', `127.0.0.1:${via}`, '--retry', '100ms'];
    const side = (name: string, words: string[], places: string[]): SideSetting => {
      return { main, words, places, isOverwritten, tracePath: join(folder, `${name}.trace`) };
    };
    this.receiver = new Side(
      side('receiver', ['listen', ...listen, '--store', inbox, ...wait], [inbox, this.#outPath]),
    );
    this.sender = new Side(
      side('sender', ['send', inputPath, ...send, '--store', outbox, ...wait], [outbox]),
    );
  }

  /**
   * @param main - The command line as one file.
   * @param count - How many lines are sent.
   * @param via - The port that the sender dials, given the one on which the receiver listens.
   */
  static async prepare(
    main: string,
    count: number,
    via: (port: number) => Promise<number> = (port) => Promise.resolve(port),
  ): Promise<Conversation> {
    const folder = mkdtempSync(join(tmpdir(), 'wilco-crash-'));
    const port = await freePort();
    return new Conversation(main, folder, port, count, await via(port));
  }

  /** What arrived, compared with what was to be sent. */
  verdict(): Verdict {
    return verdictOn(this.#lines, readFileSync(this.#outPath, 'utf8'));
  }

  /** Removes its files, unless they are wanted. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  get folder(): string {
    return this.#folder;
  }
}

/** Runs one case from the first line to the comparison. */
export async function runCase(
  main: string,
  { victim, death }: CrashCase,
  count: number,
): Promise<CrashResult> {
  const conversation = await Conversation.prepare(main, count);
  const { sender, receiver } = conversation;
  let [wasKilled, lostBytes] = [false, 0];
  const told = { isOver: false };
  const keepRunning = async (side: Side, first: Death | undefined): Promise<number> => {
    let next = first;
    for (;;) {
      const end = await side.run(next);
      next = undefined;
      if (end.code !== undefined || told.isOver) return end.code ?? 0;
      wasKilled = true;
      lostBytes += end.lostBytes;
    }
  };
  const listening = keepRunning(receiver, victim === 'receiver' ? death : undefined);
  const patience = setTimeout(() => {
    told.isOver = true;
    sender.kill();
  }, PATIENCE_MS);
  const code = await keepRunning(sender, victim === 'sender' ? death : undefined);
  clearTimeout(patience);
  const isStuck = told.isOver;
  told.isOver = true;
  receiver.stop();
  await listening;
  const fault = faultOf(conversation, code, isStuck);
  if (fault === undefined) conversation.remove();
  const where = fault === undefined ? undefined : `${fault} (${conversation.folder})`;
  return { wasKilled, lostBytes, fault: where };
}

function faultOf(conversation: Conversation, code: number, isStuck: boolean): string | undefined {
  if (isStuck) return `still not done after ${PATIENCE_MS / 1_000} s`;
  if (code !== 0) return `the sender ended with ${code}: ${conversation.sender.text.trim()}`;
  const { lost, duplicated, misplaced } = conversation.verdict();
  if (lost + duplicated + misplaced === 0) return undefined;
  return `lost ${lost}, duplicated ${duplicated}, out of order ${misplaced}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
