import {
  inRange,
  LIMITS,
  WilcoError,
  type MessageId,
  type MessageType,
  type Outcome,
} from '@wilco/protocol';
import type { OutgoingMessage, Settlement } from '@wilco/session';
import type { Clock } from './clock.ts';
import { Deferred } from './deferred.ts';
import { errorOf, LEFT, outcomeOf } from './outcomes.ts';
import type { SessionDriver } from './session-driver.ts';

/**
 * How far a message has come, and how it ended. Every receipt settles, within a bound.
 *
 * Not thenable on purpose: say what you wait for. Promises are made when they are asked
 * for, and none of them ever causes an unhandled rejection: a failure that nobody was told
 * of is the event `failureUnobserved`.
 */
export interface Receipt<Reply = unknown> {
  /**
   * Names the message beyond its session, in logs and for its receiver. `undefined` while a
   * message without an id of its own still waits for room in the outbox.
   */
  readonly id: MessageId | undefined;
  /**
   * Resolves when the message is in the outbox (on disk, where the store is durable).
   *
   * Rejects like {@link handled} where the message ended before.
   */
  readonly queued: Promise<void>;
  /**
   * Resolves when the peer's session layer holds it, as durably as the peer's store.
   *
   * Rejects like {@link handled} where the message ended before.
   */
  readonly received: Promise<void>;
  /**
   * Resolves with the reply when the peer's handler has finished; with `undefined` where it
   * had none, or its reply was lost.
   *
   * Rejects with a {@link WilcoError} whose `outcome` says more: `WILCO_REJECTED`,
   * `WILCO_EXPIRED`, `WILCO_CANCELLED` or `WILCO_IN_DOUBT`; with `WILCO_LEFT_IN_STORE` where this
   * side was closed before, and its store keeps the message for the next run.
   */
  readonly handled: Promise<Reply>;
  /** Resolves when the message has ended, however it did. Never rejects. */
  readonly settled: Promise<Outcome<Reply>>;
  /** How the message ended; `undefined` until it has. */
  readonly outcome: Outcome<Reply> | undefined;
  /**
   * How often the message was put on a connection, so far; 0 for one that was never written.
   * More than 1 says that connections were lost, or that it moved to another session: not that
   * it was handled more than once.
   */
  readonly attempts: number;
  /**
   * Asks for the message back. The receipt tells what became of it: a handler may have been
   * faster. Harmless when repeated, or too late.
   */
  cancel(): void;
  /**
   * Waits like {@link handled}, but no longer than `waitMs`: then it rejects with
   * `WILCO_WAIT_OVER`, and the message goes its way.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @throws {@link WilcoError} `WILCO_OPTION_INVALID`.
   */
  within(waitMs: number): Promise<Reply>;
}

/** What the side that makes receipts does for them: one for all of them. */
export interface ReceiptOwner {
  readonly clock: Clock;
  /** The message waits for room and is not wanted any more. */
  withdraw(receipt: MessageReceipt): void;
  /** Once, when it has settled. */
  settled(receipt: MessageReceipt): void;
}

/** Of its message type, what a receipt needs. */
export type ReceiptType<Reply> = Pick<MessageType<unknown, Reply>, 'name' | 'replyCodec'>;

/** The receipt as the endpoint sees it: what happens is told to it. */
export class MessageReceipt<Reply = unknown> implements Receipt<Reply> {
  readonly #owner: ReceiptOwner;
  readonly #type: ReceiptType<Reply>;
  /** The application's own id. */
  readonly #id: MessageId | undefined;
  /** Size of the encoded body. */
  readonly bytes: number;
  /** The session that has the message, and the message; `undefined` while it waits for room. */
  #driver: SessionDriver | undefined;
  #message: OutgoingMessage | undefined;
  #isQueued = false;
  #isReceived = false;
  #outcome: Outcome<Reply> | undefined;
  #queued: Deferred<void> | undefined;
  #received: Deferred<void> | undefined;
  #handled: Deferred<Reply> | undefined;
  #settled: Deferred<Outcome<Reply>> | undefined;
  /** Somebody was told how it ended, or will be. */
  #isObserved = false;
  #ignoreSignal: () => void = nothing;

  constructor(
    owner: ReceiptOwner,
    type: ReceiptType<Reply>,
    id: MessageId | undefined,
    bytes: number,
  ) {
    this.#owner = owner;
    this.#type = type;
    this.#id = id;
    this.bytes = bytes;
  }

  get id(): MessageId | undefined {
    return this.#message?.id ?? this.#id;
  }

  /** Name of the message type. */
  get type(): string {
    return this.#type.name;
  }

  /** The message, once a session has taken it. */
  get message(): OutgoingMessage | undefined {
    return this.#message;
  }

  /** Whether somebody waits for what becomes of the message, or may withdraw it by a signal. */
  get isAwaited(): boolean {
    const isAsked = this.#queued ?? this.#received ?? this.#handled ?? this.#settled;
    return isAsked !== undefined || this.#ignoreSignal !== nothing;
  }

  get queued(): Promise<void> {
    if (this.#queued === undefined) {
      this.#queued = new Deferred();
      this.#hold();
      if (this.#isQueued) this.#queued.resolve();
      else if (this.#outcome !== undefined) this.#tell(this.#queued, this.#outcome);
    }
    return this.#queued.promise;
  }

  get received(): Promise<void> {
    if (this.#received === undefined) {
      this.#received = new Deferred();
      this.#hold();
      if (this.#isReceived) this.#received.resolve();
      else if (this.#outcome !== undefined) this.#tell(this.#received, this.#outcome);
    }
    return this.#received.promise;
  }

  get handled(): Promise<Reply> {
    this.#isObserved = true;
    if (this.#handled === undefined) {
      this.#handled = new Deferred();
      this.#hold();
      if (this.#outcome !== undefined) this.#tellHandled(this.#handled, this.#outcome);
    }
    return this.#handled.promise;
  }

  get settled(): Promise<Outcome<Reply>> {
    this.#isObserved = true;
    if (this.#settled === undefined) {
      this.#settled = new Deferred();
      this.#hold();
      if (this.#outcome !== undefined) this.#settled.resolve(this.#outcome);
    }
    return this.#settled.promise;
  }

  get outcome(): Outcome<Reply> | undefined {
    if (this.#outcome !== undefined) this.#isObserved = true;
    return this.#outcome;
  }

  get attempts(): number {
    return this.#message?.attempts ?? 0;
  }

  /** Whether anybody was told how it ended. */
  get isObserved(): boolean {
    return this.#isObserved;
  }

  /** How it ended, without counting as somebody who was told. */
  get knownOutcome(): Outcome<Reply> | undefined {
    return this.#outcome;
  }

  cancel(): void {
    if (this.#outcome !== undefined) return;
    if (this.#message !== undefined) this.#driver?.cancel(this.#message);
    else this.#owner.withdraw(this);
  }

  /** Cancels it when `signal` is aborted; holds nothing on the signal once it has settled. */
  cancelOn(signal: AbortSignal): void {
    if (this.#outcome !== undefined) return;
    // A codec of the application has run since it was looked at.
    if (signal.aborted) {
      this.cancel();
      return;
    }
    const cancel = (): void => this.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    this.#ignoreSignal = () => signal.removeEventListener('abort', cancel);
  }

  within(waitMs: number): Promise<Reply> {
    inRange('waitMs', waitMs, 0, LIMITS.durationMs);
    if (this.#outcome !== undefined) return this.handled;
    const { clock } = this.#owner;
    const limit = new Deferred<Reply>();
    const stop = clock.schedule(clock.nowMs() + waitMs, () => {
      limit.reject(
        new WilcoError(
          'WILCO_WAIT_OVER',
          `not handled within ${waitMs} ms; the message goes its way`,
        ),
      );
    });
    this.handled.then(
      (reply) => {
        stop();
        limit.resolve(reply);
      },
      (error: unknown) => {
        stop();
        limit.reject(error as WilcoError);
      },
    );
    return limit.promise;
  }

  /** Whether a session ever took the message. */
  get isPlaced(): boolean {
    return this.#message !== undefined;
  }

  /** A session has taken the message: the first, or one that follows it. */
  placed(driver: SessionDriver, message: OutgoingMessage): void {
    this.#driver = driver;
    this.#message = message;
  }

  markQueued(): void {
    this.#isQueued = true;
    this.#queued?.resolve();
  }

  markReceived(): void {
    if (!this.#isQueued) this.markQueued();
    this.#isReceived = true;
    this.#received?.resolve();
  }

  /** The message has ended: once. */
  settle(settlement: Settlement): void {
    if (this.#outcome !== undefined) return;
    this.#end(outcomeOf(settlement, this.#type.replyCodec));
    this.#owner.settled(this);
  }

  /** This side is closed, and its store keeps the message: in this run nothing more is told of it. */
  leave(): void {
    if (this.#outcome !== undefined) return;
    this.#end(LEFT);
  }

  #end(outcome: Outcome<Reply>): void {
    this.#outcome = outcome;
    this.#ignoreSignal();
    if (outcome.status === 'handled') this.markReceived();
    if (this.#queued !== undefined && !this.#isQueued) this.#tell(this.#queued, outcome);
    if (this.#received !== undefined && !this.#isReceived) this.#tell(this.#received, outcome);
    if (this.#handled !== undefined) this.#tellHandled(this.#handled, outcome);
    this.#settled?.resolve(outcome);
  }

  /** Whoever waits for a promise may have let go of the receipt: it stays until it has settled. */
  #hold(): void {
    if (this.#message?.isPaged === true) this.#driver?.engine.onDisk.hold(this.#message);
  }

  #tell(waiting: Deferred<never> | Deferred<void>, outcome: Outcome<Reply>): void {
    this.#isObserved = true;
    waiting.reject(errorOf(outcome));
  }

  #tellHandled(waiting: Deferred<Reply>, outcome: Outcome<Reply>): void {
    if (outcome.status === 'handled') waiting.resolve(outcome.reply);
    else waiting.reject(errorOf(outcome));
  }
}

function nothing(): void {}
