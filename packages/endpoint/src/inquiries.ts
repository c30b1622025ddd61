import {
  checkName,
  checkOptionNames,
  LIMITS,
  WilcoError,
  wholeInRange,
  type MessageId,
  type MessageStatus,
  type OptionNames,
} from '@wilco/protocol';
import type { PendingReason, StatusAnswer, StatusQuestion } from '@wilco/session';
import type { Clock } from './clock.ts';
import type { EngineView } from './engine-view.ts';

/** How long an answer is waited for by default. Milliseconds. */
const WAIT_MS = 10_000;
/** How many questions may wait for an answer. */
const QUESTIONS_MAX = 1_000;

/** How to ask what became of a message. */
export interface StatusOptions {
  /**
   * How long to wait for the answer, and for a connection to ask on. Then it rejects with
   * `WILCO_WAIT_OVER`; nothing happens to the message.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly waitMs?: number;
  /**
   * How long ago the message was sent, at most. With it the peer can tell an id that it never
   * saw from one that it saw and has forgotten, whatever it has forgotten since.
   *
   * Milliseconds, 0 to 9_007_199_254_740_991.
   *
   * @defaultValue what the outbox knows; without it an unknown id is `forgotten` once the peer
   *   has forgotten any
   */
  readonly ageMs?: number;
}

/** What the peer knows of a message. */
export interface StatusReport {
  /**
   * `handled`, `rejected`, `expired` and `cancelled`: so it ended. `pending`: it has come, and
   * has not ended. `neverSeen`: it has not come. `forgotten`: the peer's memory does not reach
   * back so far, or it keeps nothing of a message that ended and had no id of its own.
   * `unsupported`: the peer does not answer such questions.
   */
  readonly status: MessageStatus;
  /** One sentence of the peer: why it is pending, or how it ended. May be empty. */
  readonly reason: string;
}

/** Of which messages to find out what they wait for. */
export interface ExplainOptions {
  /**
   * The one message. 1 to 128 bytes of UTF-8.
   *
   * @defaultValue all that are pending, the oldest of each channel first
   */
  readonly id?: MessageId;
  /**
   * How many messages at most.
   *
   * Whole number, 1 to 1_000.
   *
   * @defaultValue `100`
   */
  readonly limit?: number;
  /**
   * How long to wait for the peer's word; without it `there` is `undefined`.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly waitMs?: number;
}

/** What a message of this side waits for. */
export interface Explanation {
  readonly id: MessageId;
  /** Name of the message type. */
  readonly type: string;
  /** Name of the channel. */
  readonly channel: string;
  /** `queued`: not written yet. `written`: not reported yet. `received`: the peer holds it. */
  readonly stage: 'queued' | 'written' | 'received';
  /** How long it has been in the outbox. Milliseconds. */
  readonly pendingMs: number;
  /** How often it was put on a connection. */
  readonly attempts: number;
  /** What this side knows: one sentence. */
  readonly here: string;
  /** What the peer says of it; `undefined` where it was not written, or gave no answer. */
  readonly there: StatusReport | undefined;
}

interface Open {
  readonly question: StatusQuestion;
  readonly end: (error: WilcoError) => void;
}

interface Engine {
  readonly engine: EngineView;
  readonly isAttached: boolean;
}

/** The questions of an application about single messages. Outlives sessions. */
export class Inquiries {
  readonly #clock: Clock;
  readonly #open = new Set<Open>();
  #engine: Engine | undefined;
  #error: WilcoError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on this session is asked, also what the one before has not answered. */
  use(engine: Engine): void {
    for (const { question } of this.#open) {
      this.#engine?.engine.knowledge.takeBack(question);
      engine.engine.knowledge.ask(question);
    }
    this.#engine = engine;
  }

  /** Nothing is answered any more. */
  over(error: WilcoError): void {
    this.#error ??= error;
    for (const { end } of [...this.#open]) end(this.#error);
  }

  /** Asks the peer, as {@link SessionHandle.status} says. */
  async status(id: MessageId, options: StatusOptions = {}): Promise<StatusReport> {
    checkOptionNames('status()', options, STATUS_NAMES);
    checkName('the message id', id, LIMITS.messageIdBytes);
    const { waitMs = WAIT_MS } = options;
    wholeInRange('waitMs', waitMs, 0, LIMITS.durationMs);
    const ageMs = options.ageMs ?? this.#ageOf(id);
    if (ageMs !== undefined) wholeInRange('ageMs', ageMs, 0, Number.MAX_SAFE_INTEGER);
    return this.#ask(id, ageMs, waitMs);
  }

  /** Says what messages wait for, as {@link SessionHandle.explain} says. */
  async explain(options: ExplainOptions = {}): Promise<Explanation[]> {
    checkOptionNames('explain()', options, EXPLAIN_NAMES);
    const { id, limit = 100, waitMs = WAIT_MS } = options;
    if (id !== undefined) checkName('the message id', id, LIMITS.messageIdBytes);
    wholeInRange('limit', limit, 1, QUESTIONS_MAX);
    wholeInRange('waitMs', waitMs, 0, LIMITS.durationMs);
    const found = this.#engine?.engine.knowledge.explain({ id, limit }) ?? [];
    return Promise.all(found.map((one) => this.#explanation(one, waitMs)));
  }

  async #explanation(
    { message, stage, why: here }: PendingReason,
    waitMs: number,
  ): Promise<Explanation> {
    const { id, type, channelName: channel, attempts } = message;
    const pendingMs = this.#clock.nowMs() - message.queuedAtMs;
    const isAsked = stage !== 'queued' && this.#engine?.isAttached === true;
    // Without the peer's word this side's own is still worth something.
    const asked = isAsked ? this.#ask(id, pendingMs, waitMs).catch(nothing) : undefined;
    return { id, type, channel, stage, pendingMs, attempts, here, there: await asked };
  }

  #ask(id: MessageId, ageMs: number | undefined, waitMs: number): Promise<StatusReport> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#open.size >= QUESTIONS_MAX) {
      const detail = `${QUESTIONS_MAX} questions about messages wait for an answer already`;
      return Promise.reject(new WilcoError('WILCO_OVERLOADED', detail));
    }
    return new Promise((resolve, reject) => {
      const over = (): void => {
        stop();
        this.#open.delete(open);
      };
      const told = (answer: StatusAnswer): void => {
        over();
        resolve(answer);
      };
      const end = (error: WilcoError): void => {
        over();
        this.#engine?.engine.knowledge.takeBack(open.question);
        reject(error);
      };
      const open: Open = { question: { id, ageMs, told }, end };
      const stop = this.#clock.schedule(this.#clock.nowMs() + waitMs, () => end(waitOver(waitMs)));
      this.#open.add(open);
      this.#engine?.engine.knowledge.ask(open.question);
    });
  }

  #ageOf(id: MessageId): number | undefined {
    const [own] = this.#engine?.engine.knowledge.explain({ id, limit: 1 }) ?? [];
    return own && Math.max(0, Math.round(this.#clock.nowMs() - own.message.queuedAtMs));
  }
}

const STATUS_NAMES: OptionNames<StatusOptions> = { waitMs: true, ageMs: true };
const EXPLAIN_NAMES: OptionNames<ExplainOptions> = { id: true, limit: true, waitMs: true };

function waitOver(waitMs: number): WilcoError {
  const detail = `the peer has not said within ${waitMs} ms what became of the message`;
  return new WilcoError('WILCO_WAIT_OVER', detail);
}

function nothing(): undefined {
  return undefined;
}
