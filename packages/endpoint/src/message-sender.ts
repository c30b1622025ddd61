import { messagePack } from '@wilco/codec';
import {
  checkMessageType,
  DEFAULT_CHANNEL_NAME,
  WilcoError,
  type ErrorCode,
  type MessageType,
  type PayloadCodec,
} from '@wilco/protocol';
import {
  cancelled,
  type OutgoingMessage,
  type Settlement,
  type SubmitRequest,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import { Drains } from './drains.ts';
import type { OutboxShare } from './outbox-share.ts';
import { Inquiries } from './inquiries.ts';
import { checkDrainNames } from './option-names.ts';
import { keepEnd, type KeptReceipts } from './kept-receipts.ts';
import type { MessageSenderSetting } from './message-sender-setting.ts';
import { MessageReceipt, type Receipt, type ReceiptOwner, type ReceiptType } from './receipt.ts';
import { checkSendOptions } from './send-options.ts';
import type { SessionDriver } from './session-driver.ts';
import type { DrainOptions, SendOptions, SessionHandle } from './session-handle.ts';
import { OVERDUE, WaitingRoom } from './waiting-room.ts';

const MESSAGE_PACK = messagePack();
const NO_OPTIONS: SendOptions = Object.freeze({});
/** How many may wait for room. */
const WAITING_MAX = 1_000;
const WITHDRAWN = cancelled('WILCO_CANCELLED', 'withdrawn before there was room for it');

/**
 * The sending half of a side as its application sees it: encodes, keeps the receipts, and
 * makes messages wait for room. Outlives sessions: {@link use} gives it the next one.
 */
export class MessageSender implements ReceiptOwner {
  readonly clock: Clock;
  readonly #setting: MessageSenderSetting;
  readonly #handle: SessionHandle;
  /** The memory for what it sends. */
  readonly #outboxTotal: OutboxShare;
  readonly #waiting: WaitingRoom;
  /** The ends that are kept. */
  readonly kept: KeptReceipts | undefined;
  /** Made by the first question. */
  #inquiries: Inquiries | undefined;
  /** Of messages whose receipts nobody has; made by the first of them. */
  #unheld: ReceiptOwner | undefined;
  #driver: SessionDriver | undefined;
  #isClosed = false;
  #unsettled = 0;
  #closedBy: WilcoError | undefined;
  readonly #drains = new Drains();
  #isOver = false;
  /** Counts what this one had sent, since its session is over. */
  #heir: MessageSender | undefined;
  #failures: MessageReceipt[] | undefined;
  /** Called when something made room; made by the first that waits. */
  #retry: (() => void) | undefined;

  constructor(setting: MessageSenderSetting, handle: SessionHandle, outboxTotal: OutboxShare) {
    this.clock = setting.clock;
    this.#setting = setting;
    this.#handle = handle;
    this.#outboxTotal = outboxTotal;
    this.kept = setting.kept;
    this.#waiting = new WaitingRoom(setting.clock, WAITING_MAX, setting.kept);
  }

  /** Questions about single messages. */
  get inquiries(): Inquiries {
    if (this.#inquiries === undefined) {
      this.#inquiries = new Inquiries(this.clock);
      if (this.#driver !== undefined) this.#inquiries.use(this.#driver);
      if (this.#isOver) this.#inquiries.over(closedError(this.#closedBy));
    }
    return this.#inquiries;
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
    this.#inquiries?.use(driver);
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
    if (options !== NO_OPTIONS) checkSendOptions(options);
    const payload = this.#encode(type, body);
    const { id } = options;
    const receipt = new MessageReceipt(this, type, id, payload.byteLength);
    const request: SubmitRequest = {
      type: type.name,
      payload,
      channel: options.channel ?? DEFAULT_CHANNEL_NAME,
      ttlMs: options.ttlMs,
      id,
      receipt,
      effect: options.writes,
    };
    if (options.writes !== undefined) this.#setting.checkWrites(options.writes);
    if (options.keepReceipt === true) {
      keepEnd(this.kept, request, () => this.#place(request, options));
    } else this.#place(request, options);
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
    if (this.#retry !== undefined) this.#outboxTotal.forget(this.#retry);
  }

  /** Resolves when nothing is unsettled. */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkDrainNames(options);
    const { signal } = options;
    if (this.#heir !== undefined) return this.#heir.drain(options);
    if (this.#unsettled === 0) return Promise.resolve();
    if (this.#isOver) return Promise.reject(leftBehind(this.#unsettled));
    return this.#drains.wait(signal);
  }

  /** Nothing settles any more: what a store keeps is for the next run. */
  over(): void {
    this.#isOver = true;
    this.#inquiries?.over(closedError(this.#closedBy));
    this.#drains.fail(leftBehind(this.#unsettled));
  }

  /**
   * The session is over, and the messages move to one with a sender of its own, which counts
   * them from now on: whoever waits until nothing is unsettled waits for all of them.
   */
  succeededBy(heir: MessageSender): void {
    this.#heir = heir;
    heir.#unsettled += this.#unsettled;
    heir.#drains.join(this.#drains);
    heir.#outboxTotal.inherit(this.#outboxTotal);
    this.#unsettled = 0;
  }

  /** A store held messages when it was opened: they count as if they had been sent here. */
  adopt(messages: number, payloadBytes: number): void {
    this.#unsettled += messages;
    this.#outboxTotal.adopt(messages, payloadBytes);
  }

  /** A message ended whose receipt nobody has: it came out of a store, or nobody wanted to know. */
  settledUnheld(message: OutgoingMessage, settlement: Settlement): void {
    const { id, type: name, size, isOfEarlierRun } = message;
    this.#ended(size);
    if (settlement.status === 'handled' && !isOfEarlierRun) return;
    const type = { name, replyCodec: undefined };
    const receipt = new MessageReceipt(this.#unheldOwner, type, id, size);
    receipt.settle(settlement);
    if (isOfEarlierRun) this.settledEarlier(receipt);
  }

  /** A message of an earlier run has ended: who does not wait for its receipt is told by an event. */
  settledEarlier({ id, type, knownOutcome: outcome, isAwaited }: MessageReceipt): void {
    if (isAwaited || id === undefined || outcome === undefined) return;
    this.#setting.settled({ session: this.#handle, type, id, outcome });
  }

  /** So many messages can't be read any more, and nobody has their receipts. */
  lost(messages: number, settlement: Settlement): void {
    if (this.#heir !== undefined) {
      this.#heir.lost(messages, settlement);
      return;
    }
    this.#unsettled -= messages;
    if (messages > 0) this.kept?.doubt(settlement);
    this.#tellDrained();
  }

  /** The receipt of a message that is in the outbox: its own, or one for whoever asks for it now. */
  receiptOf(
    driver: SessionDriver,
    message: OutgoingMessage,
    type: ReceiptType<unknown>,
  ): MessageReceipt {
    if (message.receipt instanceof MessageReceipt) return message.receipt;
    const receipt = new MessageReceipt(this, type, message.id, message.size);
    receipt.placed(driver, message);
    message.receipt = receipt;
    return receipt;
  }

  /** @internal A message that waits for room is not wanted any more. */
  withdraw(receipt: MessageReceipt): void {
    this.#waiting.settle(receipt, WITHDRAWN);
  }

  /** @internal A receipt of it has settled. */
  settled(receipt: MessageReceipt): void {
    this.#watchFailure(receipt);
    this.#ended(receipt.isPlaced ? receipt.bytes : undefined);
  }

  get #unheldOwner(): ReceiptOwner {
    return (this.#unheld ??= {
      clock: this.clock,
      withdraw: () => {},
      settled: (receipt) => this.#watchFailure(receipt),
    });
  }

  get #retryLater(): () => void {
    return (this.#retry ??= () => this.#admitWaiting());
  }

  /** Nobody overtakes those who wait. */
  #place(request: SubmitRequest, options: SendOptions): void {
    if (this.#waiting.size > 0 || !this.#submit(request)) this.#wait(request, options);
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
    const { options } = this.#setting;
    const { maxMessageBytes } = options;
    const outboxBytes = Math.min(options.outboxBytes, this.#outboxTotal.capacityBytes);
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
    const outboxTotal = this.#outboxTotal;
    const size = request.payload.byteLength;
    // One that is over takes nothing: what settles at its end must not make room in it.
    if (driver === undefined || driver.engine.phase === 'ended') return false;
    if (driver.store.isFull) {
      driver.store.whenRoom(this.#retryLater);
      return false;
    }
    if (!outboxTotal.reserve(size)) return false;
    try {
      (request.receipt as MessageReceipt).placed(driver, driver.submit(request));
    } catch (error) {
      outboxTotal.release(size);
      if (WilcoError.is(error, 'WILCO_OUTBOX_FULL')) return false;
      throw error;
    }
    this.kept?.placed(request.id);
    return true;
  }

  #wait(request: SubmitRequest, { whenFull, ttlMs }: SendOptions): void {
    const { clock, options } = this.#setting;
    if (whenFull !== 'wait' && this.#driver !== undefined) {
      if (this.#driver.store.isFull) throw new WilcoError('WILCO_STORE_FULL', NO_ROOM);
      throw new WilcoError('WILCO_OUTBOX_FULL', `${this.#unsettled} messages are unsettled`);
    }
    const isOwnTime = ttlMs !== undefined && ttlMs <= options.retentionMs;
    this.#waiting.add({
      request,
      receipt: request.receipt as MessageReceipt,
      expiresAtMs: clock.nowMs() + (isOwnTime ? ttlMs : options.retentionMs),
      overdue: isOwnTime ? OVERDUE.expired : OVERDUE.retained,
    });
    this.#outboxTotal.whenReleased(this.#retryLater);
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
        this.#waiting.settle(receipt, cancelled(code, 'the session did not take it'));
        return true;
      }
    });
    if (this.#waiting.size > 0) this.#outboxTotal.whenReleased(this.#retryLater);
  }

  /** @param bytes - Of one that had a place in the outbox. */
  #ended(bytes: number | undefined): void {
    if (this.#heir !== undefined) {
      this.#heir.#ended(bytes);
      return;
    }
    this.#unsettled -= 1;
    if (bytes !== undefined) this.#outboxTotal.release(bytes);
    this.#admitWaiting();
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#unsettled === 0) this.#drains.done();
  }

  /** Whoever asks for the receipt within this turn is told there; otherwise it is an event. */
  #watchFailure(receipt: MessageReceipt): void {
    if (receipt.isObserved || receipt.knownOutcome?.status === 'handled') return;
    if (this.#failures === undefined) this.clock.defer(() => this.#reportFailures());
    (this.#failures ??= []).push(receipt);
  }

  #reportFailures(): void {
    const failures = this.#failures ?? [];
    this.#failures = undefined;
    const handle = this.#handle;
    for (const { isObserved, knownOutcome: outcome, id, type } of failures) {
      if (isObserved || outcome === undefined) continue;
      this.#setting.failureUnobserved({ session: handle, type, id, outcome });
    }
  }
}

function closedError(cause: WilcoError | undefined): WilcoError {
  const why = cause === undefined ? '' : `, since ${cause.message}`;
  return new WilcoError('WILCO_CLOSED', `no new messages are taken${why}`, { cause });
}

function leftBehind(count: number): WilcoError {
  return new WilcoError('WILCO_CLOSED', `${count} messages are left in the store, unsettled`);
}

const NO_ROOM = 'the disk has no room for new messages';
