import { messagePack } from '@wilco/codec';
import {
  checkMessageType,
  checkName,
  DEFAULT_CHANNEL_NAME,
  LIMITS,
  WilcoError,
  wholeInRange,
  type ErrorCode,
  type MessageId,
  type MessageType,
  type Outcome,
  type PayloadCodec,
} from '@wilco/protocol';
import {
  cancelled,
  expired,
  type OutgoingMessage,
  type ResolvedSessionOptions,
  type Settlement,
  type SubmitRequest,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import type { OutboxShare } from './outbox-share.ts';
import { Inquiries } from './inquiries.ts';
import { checkDrainNames, checkSendNames } from './option-names.ts';
import { MessageReceipt, type Receipt, type ReceiptOwner } from './receipt.ts';
import type { SessionDriver } from './session-driver.ts';
import type { DrainOptions, SendOptions, SessionHandle } from './session-handle.ts';
import { WaitingRoom } from './waiting-room.ts';

const MESSAGE_PACK = messagePack();
const NO_OPTIONS: SendOptions = Object.freeze({});
/** How many messages may wait for room in the outbox. */
const WAITING_MAX = 1_000;
const WITHDRAWN = cancelled('WILCO_CANCELLED', 'withdrawn before there was room for it');

/** A message that was not handled, and nobody had asked for its receipt. */
export interface UnobservedFailure {
  readonly session: SessionHandle;
  /** Name of the message type. */
  readonly type: string;
  readonly id: MessageId | undefined;
  readonly outcome: Outcome;
}

/** What a sender needs from its side. */
export interface MessageSenderSetting {
  readonly clock: Clock;
  readonly options: ResolvedSessionOptions;
  readonly handle: SessionHandle;
  /** The memory for what it sends. */
  readonly outboxTotal: OutboxShare;
  failureUnobserved(failure: UnobservedFailure): void;
}

/**
 * The sending half of a side as its application sees it: encodes, keeps the receipts, and
 * makes messages wait for room. Outlives sessions: {@link use} gives it the next one.
 */
export class MessageSender {
  readonly #setting: MessageSenderSetting;
  readonly #waiting: WaitingRoom;
  /** Questions about single messages. */
  readonly inquiries: Inquiries;
  readonly #receipts: ReceiptOwner;
  #driver: SessionDriver | undefined;
  #isClosed = false;
  #unsettled = 0;
  #closedBy: WilcoError | undefined;
  #drained: Waiting[] = [];
  #isOver = false;
  #failures: MessageReceipt[] = [];
  readonly #retry = (): void => this.#admitWaiting();

  constructor(setting: MessageSenderSetting) {
    this.#setting = setting;
    this.inquiries = new Inquiries(setting.clock);
    this.#waiting = new WaitingRoom(setting.clock, WAITING_MAX);
    this.#receipts = {
      clock: setting.clock,
      cancelWaiting: (receipt) => this.#waiting.settle(receipt, WITHDRAWN),
      settled: (receipt) => this.#settled(receipt),
    };
  }

  /** Messages without a settled receipt, those that wait for room included. */
  get unsettledCount(): number {
    return this.#unsettled;
  }

  /** Messages that wait for room in the outbox. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** From now on messages go through this session. */
  use(driver: SessionDriver): void {
    this.#driver = driver;
    this.inquiries.use(driver);
    this.#admitWaiting();
  }

  /**
   * The session is over: until the next is told by {@link use}, what waits for room goes on
   * waiting, also where one of the old messages settles and makes room.
   */
  hold(): void {
    this.#driver = undefined;
  }

  /** Sends, as {@link SessionHandle.send} says. */
  send<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    body: Input,
    options: SendOptions = NO_OPTIONS,
  ): Receipt<Reply> {
    if (this.#isClosed) throw closedError(this.#closedBy);
    checkMessageType(type);
    if (options !== NO_OPTIONS) checkOptions(options);
    const payload = this.#encode(type, body);
    const { id } = options;
    const receipt = new MessageReceipt(this.#receipts, type, id, payload.byteLength);
    const request: SubmitRequest = {
      type: type.name,
      payload,
      channel: options.channel ?? DEFAULT_CHANNEL_NAME,
      ttlMs: options.ttlMs,
      id,
      receipt,
    };
    // Nobody overtakes those who wait.
    if (this.#waiting.size > 0 || !this.#submit(request)) this.#wait(request, options);
    this.#unsettled += 1;
    if (options.signal !== undefined) receipt.cancelOn(options.signal);
    return receipt;
  }

  /** No more messages are taken; `cause` is why, where the application did not wish it. */
  close(cause?: WilcoError): void {
    this.#isClosed = true;
    this.#closedBy ??= cause;
  }

  /** The session is over, and none follows: those that wait for room never get it. */
  cancelWaiting(code: ErrorCode): void {
    this.#waiting.settleAll(cancelled(code, 'there was never room for it'));
    this.#setting.outboxTotal.forget(this.#retry);
  }

  /** Resolves when nothing is unsettled. */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkDrainNames(options);
    const { signal } = options;
    if (this.#unsettled === 0) return Promise.resolve();
    if (this.#isOver) return Promise.reject(leftBehind(this.#unsettled));
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#drained = this.#drained.filter((one) => one !== waiting);
        const cause: unknown = signal?.reason;
        reject(new WilcoError('WILCO_CANCELLED', 'the waiting was stopped', { cause }));
      };
      const ended = (): void => signal?.removeEventListener('abort', stop);
      const waiting: Waiting = { ended, resolve, reject };
      this.#drained.push(waiting);
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Nothing settles any more: what a store keeps is for the next run. */
  over(): void {
    this.#isOver = true;
    this.inquiries.over(closedError(this.#closedBy));
    const drained = this.#drained;
    this.#drained = [];
    for (const { ended, reject } of drained) {
      ended();
      reject(leftBehind(this.#unsettled));
    }
  }

  /** A message that came out of a store ended: nobody holds its receipt. */
  settledUnheld(message: OutgoingMessage, settlement: Settlement): void {
    const owner: ReceiptOwner = {
      clock: this.#setting.clock,
      cancelWaiting: () => {},
      settled: (settled) => this.#watchFailure(settled),
    };
    const { id, type: name, payload } = message;
    const type = { name, replyCodec: undefined };
    new MessageReceipt(owner, type, id, payload.byteLength).settle(settlement);
    this.#admitWaiting();
  }

  #encode(type: { readonly name: string; readonly codec: unknown }, body: unknown): Uint8Array {
    const codec = (type.codec ?? MESSAGE_PACK) as PayloadCodec;
    let payload: unknown;
    try {
      payload = codec.encode(body);
    } catch (cause) {
      if (WilcoError.is(cause)) throw cause;
      const detail = `the codec of '${type.name}' says: ${String(cause)}`;
      throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', detail, { cause });
    }
    if (!(payload instanceof Uint8Array)) {
      const detail = `the codec of '${type.name}' made no Uint8Array of it`;
      throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', detail);
    }
    this.#checkSize(payload.byteLength);
    return payload;
  }

  /** What can never fit must not wait for room, and hold up those behind it. */
  #checkSize(size: number): void {
    const { options, outboxTotal } = this.#setting;
    const { maxMessageBytes } = options;
    const outboxBytes = Math.min(options.outboxBytes, outboxTotal.capacityBytes);
    if (size <= maxMessageBytes && size <= outboxBytes) return;
    const limit =
      size > maxMessageBytes
        ? `maxMessageBytes is ${maxMessageBytes}`
        : `the outbox takes ${outboxBytes}`;
    throw new WilcoError('WILCO_PAYLOAD_TOO_LARGE', `${size} bytes, ${limit}`);
  }

  /** Hands a message to the session. `false`: there is no room, or no session yet. */
  #submit(request: SubmitRequest): boolean {
    const driver = this.#driver;
    const { outboxTotal } = this.#setting;
    const size = request.payload.byteLength;
    // One that is over takes nothing: what settles at its end must not make room in it.
    if (driver === undefined || driver.engine.phase === 'ended') return false;
    if (!outboxTotal.reserve(size)) return false;
    try {
      (request.receipt as MessageReceipt).placed(driver, driver.submit(request));
    } catch (error) {
      outboxTotal.release(size);
      if (WilcoError.is(error, 'WILCO_OUTBOX_FULL')) return false;
      throw error;
    }
    return true;
  }

  #wait(request: SubmitRequest, { whenFull, ttlMs }: SendOptions): void {
    const { clock, options, outboxTotal } = this.#setting;
    if (whenFull !== 'wait' && this.#driver !== undefined) {
      throw new WilcoError('WILCO_OUTBOX_FULL', `${this.#unsettled} messages are unsettled`);
    }
    const isOwnTime = ttlMs !== undefined && ttlMs <= options.retentionMs;
    this.#waiting.add({
      request,
      receipt: request.receipt as MessageReceipt,
      expiresAtMs: clock.nowMs() + (isOwnTime ? ttlMs : options.retentionMs),
      overdue: isOwnTime ? EXPIRED : RETAINED,
    });
    outboxTotal.whenReleased(this.#retry);
  }

  #admitWaiting(): void {
    if (this.#waiting.size === 0) return;
    const nowMs = this.#setting.clock.nowMs();
    this.#waiting.admit(({ request, receipt, expiresAtMs }) => {
      const ttlMs = request.ttlMs === undefined ? undefined : Math.max(1, expiresAtMs - nowMs);
      try {
        return this.#submit({ ...request, ttlMs });
      } catch (error) {
        const code = WilcoError.is(error) ? error.code : 'WILCO_CANCELLED';
        receipt.settle(cancelled(code, 'the session did not take it'));
        return true;
      }
    });
    if (this.#waiting.size > 0) this.#setting.outboxTotal.whenReleased(this.#retry);
  }

  #settled(receipt: MessageReceipt): void {
    this.#unsettled -= 1;
    this.#watchFailure(receipt);
    if (receipt.isPlaced) this.#setting.outboxTotal.release(receipt.bytes);
    this.#admitWaiting();
    if (this.#unsettled > 0 || this.#drained.length === 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const { ended, resolve } of drained) {
      ended();
      resolve();
    }
  }

  /** Whoever asks for the receipt within this turn is told there; otherwise it is an event. */
  #watchFailure(receipt: MessageReceipt): void {
    if (receipt.isObserved || receipt.knownOutcome?.status === 'handled') return;
    this.#failures.push(receipt);
    if (this.#failures.length === 1) this.#setting.clock.defer(() => this.#reportFailures());
  }

  #reportFailures(): void {
    const failures = this.#failures;
    this.#failures = [];
    const { handle } = this.#setting;
    for (const { isObserved, knownOutcome: outcome, id, type } of failures) {
      if (isObserved || outcome === undefined) continue;
      this.#setting.failureUnobserved({ session: handle, type, id, outcome });
    }
  }
}

/** Somebody who waits until nothing is unsettled. */
interface Waiting {
  /** It waits no more. */
  readonly ended: () => void;
  readonly resolve: () => void;
  readonly reject: (error: WilcoError) => void;
}

function closedError(cause: WilcoError | undefined): WilcoError {
  const why = cause === undefined ? '' : `, since ${cause.message}`;
  return new WilcoError('WILCO_CLOSED', `no new messages are taken${why}`, { cause });
}

function leftBehind(count: number): WilcoError {
  return new WilcoError('WILCO_CLOSED', `${count} messages are left in the store, unsettled`);
}

const EXPIRED = expired('WILCO_EXPIRED', 'its time to live passed before there was room for it');
const RETAINED = cancelled('WILCO_RETENTION_OVER', 'there was no room for it for too long');

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, or `WILCO_CANCELLED` for an aborted signal. */
function checkOptions(options: SendOptions): void {
  checkSendNames(options);
  const { ttlMs, id, channel, signal, whenFull } = options;
  if (ttlMs !== undefined) wholeInRange('ttlMs', ttlMs, 1, LIMITS.durationMs);
  if (id !== undefined) checkName('the message id', id, LIMITS.messageIdBytes);
  if (channel !== undefined) checkName('the name of a channel', channel, LIMITS.channelNameBytes);
  if (whenFull !== undefined && whenFull !== 'fail' && whenFull !== 'wait') {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `whenFull is '${String(whenFull)}', wanted 'fail' or 'wait'`,
    );
  }
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `signal is ${String(signal)}, wanted an AbortSignal`,
    );
  }
  if (!signal.aborted) return;
  const cause: unknown = signal.reason;
  throw new WilcoError('WILCO_CANCELLED', 'its signal was aborted before it was sent', { cause });
}
