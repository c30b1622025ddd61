import { WilcoError, type Client, type MessageType, type Receipt } from '@wilco/client';
import type { PositionWrite } from './command-store.ts';
import { jsonProblem, jsonTextType } from './json-text.ts';
import type { InputLine } from './line-reader.ts';
import { outcomeOf, reasonOf, type LineOutcome, type LineReceipt } from './receipt-lines.ts';

/** How many lines came to what. */
export interface SendCounts {
  /** Lines read that are not empty. */
  readonly lines: number;
  readonly handled: number;
  readonly settled: number;
  /** Of the settled ones, how many were no JSON or too long, and never became a message. */
  readonly unsendable: number;
  readonly byOutcome: Readonly<Record<LineOutcome, number>>;
  /** Bytes of the input whose lines are settled. */
  readonly settledBytes: number;
}

/** What is kept with the message of a line. */
export interface KeptLine {
  readonly id: string;
  readonly writes: readonly PositionWrite[];
}

/** Lines that are kept go to the disk together, so many at a time. */
const QUEUED_EVERY = 256;

/** What a run is made with. */
export interface SendRunSetting {
  readonly client: Client;
  /** Name of the message type. */
  readonly type: string;
  readonly ttlMs: number | undefined;
  readonly maxBytes: number;
  /** What each message of a line is sent with beside its body; `undefined`: nothing. */
  readonly kept: ((line: InputLine) => KeptLine) | undefined;
  /** Asked before each line: where it gives a promise, the line waits for it. */
  room(): Promise<void> | undefined;
  /** Each line, once, when it is settled. */
  settled(receipt: LineReceipt): void;
  /** A line that can not be sent. */
  unsendable(line: number, reason: string): void;
}

/** Sends lines, in order, each as one message; never more at a time than the outbox takes. */
export class SendRun {
  readonly #setting: SendRunSetting;
  readonly #type: MessageType<Uint8Array, void>;
  readonly #byOutcome = {
    handled: 0,
    rejected: 0,
    expired: 0,
    cancelled: 0,
    'in-doubt': 0,
    left: 0,
  };
  #lines = 0;
  #unsendable = 0;
  #settledBytes = 0;
  #isStopped = false;
  #isInputRead = false;

  constructor(setting: SendRunSetting) {
    this.#setting = setting;
    this.#type = jsonTextType(setting.type);
  }

  get counts(): SendCounts {
    const byOutcome = { ...this.#byOutcome };
    const settled = Object.values(byOutcome).reduce((sum, one) => sum + one, 0);
    return {
      lines: this.#lines,
      handled: byOutcome.handled,
      settled,
      unsendable: this.#unsendable,
      byOutcome,
      settledBytes: this.#settledBytes,
    };
  }

  /** Whether every line of the input was taken. */
  get isInputRead(): boolean {
    return this.#isInputRead;
  }

  /** Takes no further line. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A message of an earlier run that is not settled: it counts as a line of this one. */
  adopt(line: number, receipt: Receipt): void {
    this.#lines += 1;
    // Its bytes are none of this run's input.
    this.#follow({ number: line, size: -1 }, receipt);
  }

  /** Sends every line; resolves when the last one is in the outbox, or the run was stopped. */
  async sendAll(lines: AsyncIterable<InputLine>): Promise<void> {
    try {
      for await (const line of lines) {
        await this.#setting.room();
        if (this.#isStopped) return;
        await this.#take(line);
      }
      this.#isInputRead = !this.#isStopped;
    } catch (error) {
      // Whoever stopped the run may have closed its input.
      if (!this.#isStopped) throw error;
    }
  }

  async #take(line: InputLine): Promise<void> {
    this.#lines += 1;
    const { bytes } = line;
    const problem = bytes === undefined ? this.#tooLong(line.size) : notJson(bytes);
    if (bytes !== undefined && problem === undefined) await this.#send(line, bytes);
    else this.#refuse(line, problem ?? '');
  }

  async #send(line: InputLine, bytes: Uint8Array): Promise<void> {
    const { client, ttlMs, kept } = this.#setting;
    let receipt: Receipt<void>;
    try {
      const ttl = ttlMs === undefined ? {} : { ttlMs };
      const options = { whenFull: 'wait', ...ttl, ...kept?.(line) } as const;
      receipt = client.send(this.#type, bytes, options);
    } catch (error) {
      this.#notTaken(line, error);
      return;
    }
    this.#follow(line, receipt);
    // Room first, then the next line: the input is read as fast as the peer, or the disk, takes it.
    if (kept === undefined || this.#lines % QUEUED_EVERY === 0)
      await receipt.queued.catch(() => {});
  }

  /** Tells how the message of a line ends. */
  #follow(line: Pick<InputLine, 'number' | 'size'>, receipt: Receipt): void {
    const startedMs = performance.now();
    void receipt.settled.then((outcome) => {
      this.#settle(line, {
        line: line.number,
        id: receipt.id,
        outcome: outcomeOf(outcome),
        reason: reasonOf(outcome),
        attempts: receipt.attempts,
        ms: Math.round((performance.now() - startedMs) * 10) / 10,
      });
    });
  }

  /** The client took nothing: because it is over, or because of this line. */
  #notTaken(line: InputLine, error: unknown): void {
    if (!WilcoError.is(error)) throw error;
    if (error.code !== 'WILCO_CLOSED') {
      this.#refuse(line, error.message);
      return;
    }
    this.stop();
    const nothing = { id: undefined, attempts: 0, ms: 0 };
    this.#settle(line, { line: line.number, outcome: 'cancelled', reason: error.code, ...nothing });
  }

  #refuse(line: InputLine, reason: string): void {
    this.#unsendable += 1;
    this.#setting.unsendable(line.number, reason);
    const nothing = { id: undefined, attempts: 0, ms: 0 };
    this.#settle(line, { line: line.number, outcome: 'rejected', reason, ...nothing });
  }

  #settle({ size }: Pick<InputLine, 'size'>, receipt: LineReceipt): void {
    this.#byOutcome[receipt.outcome] += 1;
    this.#settledBytes += size + 1;
    this.#setting.settled(receipt);
  }

  #tooLong(size: number): string {
    return `too long: ${size} bytes, at most ${this.#setting.maxBytes} may be sent (--max-message)`;
  }
}

function notJson(bytes: Uint8Array): string | undefined {
  const problem = jsonProblem(bytes);
  return problem === undefined ? undefined : `not JSON: ${problem}`;
}
