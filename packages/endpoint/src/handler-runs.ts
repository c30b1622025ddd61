import { messagePack } from '@wilco/codec';
import { WilcoError, type ErrorCode, type MessageId, type PayloadCodec } from '@wilco/protocol';
import type { Delivery, HandlerResult } from '@wilco/session';
import { check, inTurn, invalid, type Checked } from './body-check.ts';
import { DeliveryContext, type DeliveryContextOwner } from './delivery-context.ts';
import { isThenable } from './event-source.ts';
import { asRetryDelay, isRejection, PLAIN, refused, rejectedBy } from './handler-results.ts';
import type { HandlerContext, Handlers, Registration } from './handlers.ts';
import type { SessionHandle } from './session-handle.ts';

const MESSAGE_PACK = messagePack();
/** Where no handler ever ran; nothing is ever put into it. */
const NONE_RUNNING: DeliveryContext[] = [];

/**
 * A handler that threw something else than a `Rejection`: its message is rejected. Or whose reply
 * can't be encoded: its message is handled, and the reply is lost.
 */
export interface HandlerFailure {
  readonly session: SessionHandle;
  /** Name of the message type. */
  readonly type: string;
  readonly id: MessageId;
  /** What it threw, or the codec did. */
  readonly error: unknown;
}

/** A handler that finished after its message had ended without it. */
export interface LateResult {
  readonly session: SessionHandle;
  /** Name of the message type. */
  readonly type: string;
  readonly id: MessageId;
  /** Whether it would have counted as handled. */
  readonly isHandled: boolean;
  /** Whether it had called `context.commit()`: its writes were discarded. */
  readonly hadWrites: boolean;
}

/** Where the results of handlers go. */
export interface HandlerRunsOwner extends DeliveryContextOwner {
  /** `false`: too late. */
  handlerFinished(delivery: Delivery, result: HandlerResult): boolean;
  handlerFailed(failure: HandlerFailure): void;
  lateResult(result: LateResult): void;
}

/**
 * Runs the handlers of one session: decodes, checks, calls, encodes. Whatever the application
 * throws, and wherever, becomes the outcome of that message.
 */
export class HandlerRuns {
  readonly #handlers: Handlers;
  readonly #owner: HandlerRunsOwner;
  /** In no order: each knows its place. */
  #running = NONE_RUNNING;
  /** The last check of a body that is under way, by channel: handlers start in order. */
  #checking: Map<number, Promise<void>> | undefined;

  constructor(handlers: Handlers, owner: HandlerRunsOwner) {
    this.#handlers = handlers;
    this.#owner = owner;
  }

  /** Begins to handle a message. */
  start(delivery: Delivery): void {
    const context = new DeliveryContext(delivery, this.#owner);
    if (this.#running === NONE_RUNNING) this.#running = [];
    context.place = this.#running.push(context) - 1;
    const registration = this.#handlers.find(delivery.type);
    if (registration !== undefined) this.#check(delivery, context, registration);
    else this.#runFallback(delivery, context);
  }

  /** Tells the handler that its result is not wanted any more. */
  abort(delivery: Delivery, code: ErrorCode): void {
    this.#running.find((context) => context.isOf(delivery))?.abort(code);
  }

  /** Tells all handlers that run that nobody waits for their results any more. */
  abortAll(code: ErrorCode): void {
    for (const context of [...this.#running]) context.abort(code);
  }

  #runFallback(delivery: Delivery, context: DeliveryContext): void {
    const { fallback } = this.#handlers;
    if (fallback === undefined) {
      const reason = `there is no handler for '${delivery.type}'`;
      this.#finish(delivery, context, refused('WILCO_TYPE_UNKNOWN', reason));
      return;
    }
    this.#call(delivery, context, fallback, delivery.payload);
  }

  /** Decodes the body and asks the schema, which may take its time; the order is kept. */
  #check(delivery: Delivery, context: DeliveryContext, registration: Registration): void {
    let checked: Checked | Promise<Checked>;
    try {
      checked = check(delivery, registration);
    } catch (error) {
      checked = invalid(error);
    }
    const ahead = this.#checking?.get(delivery.channel);
    if (ahead === undefined && !isThenable(checked)) {
      this.#run(delivery, context, registration, checked);
      return;
    }
    // A check that never answers must not stop those behind it for longer than its own time.
    const turn = Promise.race([inTurn(ahead, checked), context.stopped]).then((result) =>
      this.#run(delivery, context, registration, result),
    );
    const checking = (this.#checking ??= new Map());
    checking.set(delivery.channel, turn);
    void turn.then(() => {
      if (checking.get(delivery.channel) === turn) checking.delete(delivery.channel);
    });
  }

  #run(
    delivery: Delivery,
    context: DeliveryContext,
    registration: Registration,
    checked: Checked,
  ): void {
    if (!checked.isValid) {
      this.#finish(delivery, context, checked.result);
      return;
    }
    const { handler, type } = registration;
    this.#call(delivery, context, handler, checked.body, type.replyCodec);
  }

  #call<Body>(
    delivery: Delivery,
    context: DeliveryContext,
    handler: (body: Body, context: HandlerContext) => unknown,
    body: Body,
    codec: PayloadCodec = MESSAGE_PACK,
  ): void {
    let reply: unknown;
    try {
      reply = handler(body, context);
      // What only looks like a promise may throw, or answer twice.
      if (isThenable(reply)) reply = Promise.resolve(reply);
    } catch (error) {
      this.#failed(delivery, context, error);
      return;
    }
    if (!(reply instanceof Promise)) {
      this.#replied(delivery, context, codec, reply);
      return;
    }
    reply.then(
      (value) => this.#replied(delivery, context, codec, value),
      (error: unknown) => this.#failed(delivery, context, error),
    );
  }

  /** The effect is done: a reply that can't be said is lost, and nothing else. */
  #replied(
    delivery: Delivery,
    context: DeliveryContext,
    codec: PayloadCodec,
    reply: unknown,
  ): void {
    let result: HandlerResult = PLAIN;
    if (reply !== undefined) {
      try {
        result = { ...PLAIN, outcome: 'reply', payload: encoded(codec, reply) };
      } catch (error) {
        this.#tell(delivery, context, error);
        result = { ...PLAIN, outcome: 'replyLost' };
      }
    }
    this.#finish(delivery, context, result);
  }

  #failed(delivery: Delivery, context: DeliveryContext, error: unknown): void {
    const delayMs = asRetryDelay(error);
    if (delayMs !== undefined) {
      this.#finish(delivery, context, { outcome: 'notNow', delayMs });
      return;
    }
    if (!isRejection(error)) this.#tell(delivery, context, error);
    this.#finish(delivery, context, rejectedBy(error));
  }

  #tell({ type }: Delivery, { id }: DeliveryContext, error: unknown): void {
    this.#owner.handlerFailed({ session: this.#owner.handle, type, id, error });
  }

  #finish(delivery: Delivery, context: DeliveryContext, result: HandlerResult): void {
    this.#forget(context);
    const { effects } = context;
    const holds =
      effects !== undefined && result.outcome !== 'notNow' && result.outcome !== 'rejected';
    const whole = holds ? { ...result, effects } : result;
    if (this.#owner.handlerFinished(delivery, whole)) return;
    const isDeferral = result.outcome === 'notNow';
    if (!isDeferral && !result.hasRun) return;
    this.#owner.lateResult({
      session: this.#owner.handle,
      type: delivery.type,
      id: context.id,
      isHandled: !isDeferral && result.outcome !== 'rejected',
      hadWrites: effects !== undefined,
    });
  }

  /** The last takes its place: nothing is shifted, nothing hashed. */
  #forget(context: DeliveryContext): void {
    const { place } = context;
    if (place === -1) return;
    context.place = -1;
    const last = this.#running.pop();
    if (last === undefined || last === context) return;
    this.#running[place] = last;
    last.place = place;
  }
}

/** @throws what the codec throws, or that it makes no bytes. */
function encoded(codec: PayloadCodec, reply: unknown): Uint8Array {
  const payload: unknown = codec.encode(reply);
  if (payload instanceof Uint8Array) return payload;
  const detail = `the codec '${codec.name}' encodes to ${typeof payload}, wanted a Uint8Array`;
  throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', detail);
}
