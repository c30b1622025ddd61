import {
  checkMessageType,
  checkOptionNames,
  WilcoError,
  wholeInRange,
  type Extension,
  type MessageId,
  type MessageType,
  type OptionNames,
  type Seq,
  type SessionId,
} from '@wilco/protocol';
import { SuspectGate } from '@wilco/session';
import type { DeadLetter } from './dead-letter.ts';
import type { Undo } from './event-source.ts';
import type { SessionHandle } from './session-handle.ts';

/** What a handler may know of the message that it handles. */
export interface HandlerContext {
  /**
   * Aborted when the handler has run for `handlerTimeoutMs`, the sender wants the message
   * back, or the session has ended. Its `reason` is a {@link WilcoError} that says which.
   */
  readonly signal: AbortSignal;
  /** The session that the message came through; use it to send something back. */
  readonly session: SessionHandle;
  /**
   * The session that the message came through. A client that has lost it is in the next one by
   * now, and still handles what had come.
   */
  readonly sessionId: SessionId;
  /** Names the message beyond its session. */
  readonly id: MessageId;
  /** Name of the message type. */
  readonly type: string;
  /** Name of the channel. */
  readonly channel: string;
  /** Its place in that channel of that session, from 1; never used twice. */
  readonly seq: Seq;
  /** An earlier copy, in another session, may have been handled. */
  readonly isResent: boolean;
  /**
   * A handler was started on it before: it said `RetryLater`; or, as this side's store knows, the
   * process went down, and until then one had run or may have.
   */
  readonly isRedelivered: boolean;
  /** 1, or more where a handler was, or may have been, started on it before. */
  readonly attempt: number;
  /**
   * What is left of its time to live, now; `undefined` where it has none. It does not expire any
   * more: the handler may go by it, or finish all the same. 0 once it is over. Milliseconds.
   */
  readonly ttlLeftMs: number | undefined;
  /** What the application of the other side, or a later version, added to the message. */
  readonly extensions: readonly Extension[];
  /**
   * Adds writes of your own to the commit that marks the message as handled: they, the mark and
   * the reply hold together, or none does. So their effect happens exactly once, also where the
   * process dies at any moment. Discarded where the handler throws, or is too late (then the event
   * `lateResult` says so). What they look like is the store's to say: for `levelStore` a list of
   * batch operations of its database. They belong to the store from then on. May be called several
   * times.
   *
   * @throws {@link WilcoError} `WILCO_WRITES_UNSUPPORTED` without a store that keeps messages,
   *   `WILCO_OPTION_INVALID` for what the store does not take, `WILCO_HANDLER_OVER` when the
   *   handler has returned.
   */
  commit(writes: unknown): void;
}

/**
 * Handles messages of one type. Its result is the receipt of the sender: what it returns (or
 * resolves with) is the reply, what it throws (or rejects with) rejects the message. Throw
 * a `Rejection` to give a code of your own and to say whether repeating can help, or
 * `RetryLater` to be asked again.
 */
export type Handler<Body, Reply> = (body: Body, context: HandlerContext) => Reply | Promise<Reply>;

/**
 * Handles messages of the types that have no handler. Gets the payload as it came; what it
 * returns is the reply, as MessagePack.
 */
export type FallbackHandler = (payload: Uint8Array, context: HandlerContext) => unknown;

/**
 * Takes a message that was given up. Once it has resolved, the store keeps nothing of it any more;
 * where it throws, the letter stays, and is handed over again at the next start.
 */
export type DeadLetterHandler = (letter: DeadLetter) => void | Promise<void>;

/** How a type is handled. */
export interface HandleOptions {
  /**
   * How many handlers may run side by side with one of this type, in one channel of one session.
   * The next message of the channel starts when fewer run than its own type allows, and than
   * that of each running one; the channel's own limit ({@link ChannelOptions.concurrency})
   * holds as well. They start in their order; with more than 1 they may finish in any.
   *
   * Whole number, 1 to 1_024.
   *
   * @defaultValue `1`
   */
  readonly concurrency?: number;
  /**
   * What becomes of the order while a message of this type waits because its handler threw
   * {@link RetryLater}: `'inPlace'` keeps the messages behind it in its channel waiting as well;
   * `'aside'` lets them go first.
   *
   * @defaultValue `'inPlace'`: the order holds
   */
  readonly whenRetried?: WhenRetried;
}

/** What becomes of the order while a message waits for another attempt. */
export type WhenRetried = 'inPlace' | 'aside';

/** A handler, and what is needed to call it. */
export interface Registration {
  readonly type: MessageType;
  readonly handler: Handler<unknown, unknown>;
  readonly concurrency: number;
  readonly whenRetried: WhenRetried;
}

const HANDLE_OPTION_NAMES: OptionNames<HandleOptions> = { concurrency: true, whenRetried: true };

/** The handlers of an endpoint, by the name of their type; shared by all its sessions. */
export class Handlers {
  readonly #byType = new Map<string, Registration>();
  #fallback: FallbackHandler | undefined;
  #deadLetters: DeadLetterHandler | undefined;
  #added: () => void = nothing;
  readonly #toStop = new Set<() => void>();
  /** Lets messages that may bring the process down run one at a time, in all sessions. */
  readonly suspects = new SuspectGate();

  /** @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`, `WILCO_OPTION_INVALID`. */
  add<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    handler: Handler<Output, Reply>,
    options: HandleOptions = {},
  ): Undo {
    checkMessageType(type);
    checkHandler(handler);
    checkOptionNames('handle()', options, HANDLE_OPTION_NAMES);
    const { name } = type;
    const concurrency = wholeInRange('concurrency', options.concurrency ?? 1, 1, 1_024);
    const whenRetried = whenRetriedOf(options.whenRetried);
    if (this.#byType.has(name)) {
      throw new WilcoError('WILCO_HANDLER_EXISTS', `there is one for '${name}'`);
    }
    // Body and reply go with the codecs and the schema of the same type.
    const given = { type, handler, concurrency, whenRetried };
    const registration = given as unknown as Registration;
    this.#byType.set(name, registration);
    this.#added();
    return () => {
      if (this.#byType.get(name) === registration) this.#byType.delete(name);
    };
  }

  /** @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`, `WILCO_OPTION_INVALID`. */
  addFallback(handler: FallbackHandler): Undo {
    checkHandler(handler);
    if (this.#fallback !== undefined) {
      throw new WilcoError('WILCO_HANDLER_EXISTS', 'there is one for all other types');
    }
    this.#fallback = handler;
    this.#added();
    return () => {
      if (this.#fallback === handler) this.#fallback = undefined;
    };
  }

  get fallback(): FallbackHandler | undefined {
    return this.#fallback;
  }

  find(type: string): Registration | undefined {
    return this.#byType.get(type);
  }

  /** @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`, `WILCO_OPTION_INVALID`. */
  addForDeadLetters(handler: DeadLetterHandler): Undo {
    checkHandler(handler);
    if (this.#deadLetters !== undefined) {
      throw new WilcoError('WILCO_HANDLER_EXISTS', 'there is one for dead letters');
    }
    this.#deadLetters = handler;
    this.#added();
    return () => {
      if (this.#deadLetters === handler) this.#deadLetters = undefined;
    };
  }

  get deadLetters(): DeadLetterHandler | undefined {
    return this.#deadLetters;
  }

  /** Whether a message of this type has a handler. */
  handles(type: string): boolean {
    return this.#fallback !== undefined || this.#byType.has(type);
  }

  /** Calls `added` whenever there is another handler. */
  whenAdded(added: () => void): void {
    this.#added = added;
  }

  /**
   * Calls `stop` when the endpoint closes: for sessions that are over and still handle what
   * they had received. Returns its undo.
   */
  whenClosed(stop: () => void): Undo {
    this.#toStop.add(stop);
    return () => {
      this.#toStop.delete(stop);
    };
  }

  /** The endpoint is closed: no handler is started any more. */
  close(): void {
    const toStop = [...this.#toStop];
    this.#toStop.clear();
    for (const stop of toStop) stop();
  }

  concurrencyOf(type: string): number {
    return this.#byType.get(type)?.concurrency ?? 1;
  }

  /** Whether a message of this type that is tried again later keeps those behind it waiting. */
  keepsPlace(type: string): boolean {
    return this.#byType.get(type)?.whenRetried !== 'aside';
  }
}

function whenRetriedOf(choice: WhenRetried = 'inPlace'): WhenRetried {
  if (choice === 'inPlace' || choice === 'aside') return choice;
  const detail = `whenRetried is '${String(choice)}', wanted 'inPlace' or 'aside'`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}

function checkHandler(handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new WilcoError('WILCO_OPTION_INVALID', `a handler is ${typeof handler}, wanted a function`);
}

function nothing(): void {}
