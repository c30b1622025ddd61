import { ANSWER_CHANNEL_NAME, checkName, LIMITS, WilcoError } from '@wilco/protocol';
import type { ResolvedSessionOptions } from './options.ts';
import type { SubmitRequest } from './outgoing-message.ts';

/** Decides whether a message is taken into the outbox, before it has a seq. */
export class Admission {
  readonly #options: ResolvedSessionOptions;
  #typeNames: Set<string> | undefined;
  /** Whether new messages are taken at all. */
  isOpen = true;

  constructor(options: ResolvedSessionOptions) {
    this.#options = options;
  }

  /**
   * @throws {@link WilcoError} `WILCO_CLOSED`, `WILCO_OPTION_INVALID`,
   *   `WILCO_PAYLOAD_TOO_LARGE` or `WILCO_OUTBOX_FULL`.
   */
  check(request: SubmitRequest, unsettledCount: number, unsettledBytes: number): void {
    const { maxMessageBytes, outboxMessages, outboxBytes } = this.#options;
    const size = request.payload.byteLength;
    if (!this.isOpen) throw new WilcoError('WILCO_CLOSED', 'the session takes no new messages');
    if (size > maxMessageBytes) {
      const what = `${String(size)} bytes, maxMessageBytes is ${String(maxMessageBytes)}`;
      throw new WilcoError('WILCO_PAYLOAD_TOO_LARGE', what);
    }
    if (unsettledCount >= outboxMessages) {
      const what = `${String(unsettledCount)} messages are unsettled`;
      throw new WilcoError('WILCO_OUTBOX_FULL', what);
    }
    if (unsettledBytes + size > outboxBytes) {
      const what = `${String(unsettledBytes)} bytes are unsettled`;
      throw new WilcoError('WILCO_OUTBOX_FULL', what);
    }
    if (request.channel === ANSWER_CHANNEL_NAME) {
      const what = `channel '${request.channel}' carries answers, not messages`;
      throw new WilcoError('WILCO_OPTION_INVALID', what);
    }
    if (this.#typeNames?.has(request.type) !== true) this.#checkType(request.type);
  }

  /** A type is in use. */
  know(type: string): void {
    this.#typeNames ??= new Set();
    this.#typeNames.add(type);
  }

  #checkType(name: string): void {
    checkName('the name of a message type', name, LIMITS.typeNameBytes);
    if ((this.#typeNames?.size ?? 0) < LIMITS.messageTypes) return;
    const what = `'${name}' would be message type ${String(LIMITS.messageTypes + 1)} of this session`;
    throw new WilcoError('WILCO_OPTION_INVALID', what);
  }
}
