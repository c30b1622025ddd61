import {
  derivedMessageId,
  WilcoError,
  type ErrorCode,
  type Extension,
  type MessageId,
  type Seq,
  type SessionId,
} from '@wilco/protocol';
import type { Delivery } from '@wilco/session';
import { stoppedBy, type Checked } from './body-check.ts';
import type { HandlerContext } from './handlers.ts';
import type { SessionHandle } from './session-handle.ts';

/** What a handler's context asks of whoever runs the handler. */
export interface DeliveryContextOwner {
  /** The side that sent the messages. */
  readonly peerRole: 'client' | 'server';
  readonly handle: SessionHandle;
  /** The session that these messages came through. */
  readonly sessionId: SessionId;
  nowMs(): number;
  /** @throws {@link WilcoError} for writes of the application that its store does not take. */
  checkEffect(effect: unknown): void;
}

function nobodyWaits(): void {}

/** What a handler sees. Its abort signal is made when somebody asks for it. */
export class DeliveryContext implements HandlerContext {
  readonly #delivery: Delivery;
  readonly #owner: DeliveryContextOwner;
  #controller: AbortController | undefined;
  #reason: WilcoError | undefined;
  #stop: (checked: Checked) => void = nobodyWaits;
  /** Where it stands among those that run; -1 when it does not. */
  place = -1;
  #effects: unknown[] | undefined;

  constructor(delivery: Delivery, owner: DeliveryContextOwner) {
    this.#delivery = delivery;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get session(): SessionHandle {
    return this.#owner.handle;
  }

  get sessionId(): SessionId {
    return this.#owner.sessionId;
  }

  get id(): MessageId {
    const { id, channelName, seq } = this.#delivery;
    return id ?? derivedMessageId(this.sessionId, this.#owner.peerRole, channelName, seq);
  }

  get type(): string {
    return this.#delivery.type;
  }

  get channel(): string {
    return this.#delivery.channelName;
  }

  get seq(): Seq {
    return this.#delivery.seq;
  }

  get isResent(): boolean {
    return this.#delivery.isResent;
  }

  get isRedelivered(): boolean {
    return this.#delivery.isRedelivered;
  }

  get attempt(): number {
    return this.#delivery.attempt;
  }

  get ttlLeftMs(): number | undefined {
    const { expiresAtMs } = this.#delivery;
    return expiresAtMs === Infinity ? undefined : Math.max(0, expiresAtMs - this.#owner.nowMs());
  }

  get extensions(): readonly Extension[] {
    return this.#delivery.extensions;
  }

  /** What was to hold together with the message; `undefined` for nothing. */
  get effects(): readonly unknown[] | undefined {
    return this.#effects;
  }

  commit(writes: unknown): void {
    if (this.place === -1) {
      const detail = `the handler of '${this.#delivery.type}' is over`;
      throw new WilcoError('WILCO_HANDLER_OVER', detail);
    }
    this.#owner.checkEffect(writes);
    (this.#effects ??= []).push(writes);
  }

  /** Resolves when the message is to end while its body is being checked. */
  get stopped(): Promise<Checked> {
    return new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  isOf(delivery: Delivery): boolean {
    return this.#delivery === delivery;
  }

  abort(code: ErrorCode): void {
    this.#stop(stoppedBy(code));
    this.#reason ??= new WilcoError(code, `the handler of '${this.#delivery.type}' is to stop`);
    this.#controller?.abort(this.#reason);
  }
}
