import { messagePack } from '@wilco/codec';
import {
  derivedMessageId,
  WilcoError,
  type ErrorCode,
  type Extension,
  type MessageId,
  type PayloadCodec,
  type Seq,
  type SessionId,
  type StandardResult,
} from '@wilco/protocol';
import type { Delivery, HandlerResult } from '@wilco/session';
import { isThenable } from './event-source.ts';
import type { HandlerContext, Handlers, Registration } from './handlers.ts';
import type { SessionHandle } from './session-handle.ts';

const MESSAGE_PACK = messagePack();

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
}

/** Where the results of handlers go. */
export interface HandlerRunsOwner {
  /** The side that sent the messages. */
  readonly peerRole: 'client' | 'server';
  readonly handle: SessionHandle;
  /** The session that these messages came through. */
  readonly sessionId: SessionId;
  nowMs(): number;
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
  readonly #running: DeliveryContext[] = [];
  /** The last check of a body that is under way, by channel: handlers start in order. */
  #checking: Map<number, Promise<void>> | undefined;

  constructor(handlers: Handlers, owner: HandlerRunsOwner) {
    this.#handlers = handlers;
    this.#owner = owner;
  }

  /** Begins to handle a message. */
  start(delivery: Delivery): void {
    const context = new DeliveryContext(delivery, this.#owner);
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
    let result = PLAIN;
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
    const rejection = asRejection(error);
    if (rejection === undefined) this.#tell(delivery, context, error);
    this.#finish(delivery, context, {
      ...PLAIN,
      outcome: 'rejected',
      code: rejection?.code ?? 'WILCO_HANDLER_FAILED',
      reason: reasonOf(error),
      hasRun: true,
      isRetryable: rejection?.isRetryable ?? false,
    });
  }

  #tell({ type }: Delivery, { id }: DeliveryContext, error: unknown): void {
    this.#owner.handlerFailed({ session: this.#owner.handle, type, id, error });
  }

  #finish(delivery: Delivery, context: DeliveryContext, result: HandlerResult): void {
    this.#forget(context);
    if (this.#owner.handlerFinished(delivery, result) || !result.hasRun) return;
    this.#owner.lateResult({
      session: this.#owner.handle,
      type: delivery.type,
      id: context.id,
      isHandled: result.outcome !== 'rejected',
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

const PLAIN: HandlerResult = {
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  payload: undefined,
};

/** No handler ran. */
function refused(code: ErrorCode, reason: string): HandlerResult {
  return { ...PLAIN, outcome: 'rejected', code, reason, hasRun: false };
}

/** @throws what the codec throws, or that it makes no bytes. */
function encoded(codec: PayloadCodec, reply: unknown): Uint8Array {
  const payload: unknown = codec.encode(reply);
  if (payload instanceof Uint8Array) return payload;
  const detail = `the codec '${codec.name}' encodes to ${typeof payload}, wanted a Uint8Array`;
  throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', detail);
}

type Checked =
  | { readonly isValid: true; readonly body: unknown }
  | { readonly isValid: false; readonly result: HandlerResult };

function invalid(error: unknown): Checked {
  return { isValid: false, result: refused('WILCO_PAYLOAD_INVALID', reasonOf(error)) };
}

/** The message ends before its check has answered. */
function stoppedBy(code: ErrorCode): Checked {
  const result = refused(code, 'its schema had not answered');
  return { isValid: false, result: { ...result, isRetryable: code === 'WILCO_HANDLER_TIMEOUT' } };
}

/** Handlers start in the order of the messages, however long each check takes. */
async function inTurn(
  ahead: Promise<void> | undefined,
  checked: Checked | Promise<Checked>,
): Promise<Checked> {
  let result: Checked;
  try {
    result = await checked;
  } catch (error) {
    result = invalid(error);
  }
  await ahead;
  return result;
}

function check(delivery: Delivery, { type }: Registration): Checked | Promise<Checked> {
  const body = (type.codec ?? MESSAGE_PACK).decode(delivery.payload);
  if (type.schema === undefined) return { isValid: true, body };
  const result = type.schema['~standard'].validate(body);
  return isThenable(result) ? Promise.resolve(result).then(checkedBy) : checkedBy(result);
}

function checkedBy(result: StandardResult<unknown>): Checked {
  if (result.issues === undefined) return { isValid: true, body: result.value };
  const [issue] = result.issues;
  const path = (issue?.path ?? []).map((step) =>
    String(typeof step === 'object' ? step.key : step),
  );
  const place = path.length > 0 ? `${path.join('.')}: ` : '';
  const reason = `${place}${issue?.message ?? 'the schema refuses it'}`;
  return { isValid: false, result: refused('WILCO_PAYLOAD_INVALID', reason) };
}

/** A `Rejection`, also one of another copy of the package; codes of ours are not the application's. */
function asRejection(error: unknown): { code: string; isRetryable: boolean } | undefined {
  if (!(error instanceof Error) || error.name !== 'Rejection' || !('code' in error))
    return undefined;
  const { code } = error;
  if (typeof code !== 'string' || code === '' || code.startsWith('WILCO_')) return undefined;
  return { code, isRetryable: 'isRetryable' in error && error.isRetryable === true };
}

/** One sentence, never a stack. */
function reasonOf(error: unknown): string {
  try {
    return (error instanceof Error ? error.message : String(error)).toWellFormed();
  } catch {
    return 'it threw something that can not be named';
  }
}

function nobodyWaits(): void {}

/** What a handler sees. Its abort signal is made when somebody asks for it. */
class DeliveryContext implements HandlerContext {
  readonly #delivery: Delivery;
  readonly #owner: HandlerRunsOwner;
  #controller: AbortController | undefined;
  #reason: WilcoError | undefined;
  #stop: (checked: Checked) => void = nobodyWaits;
  /** Where it stands among those that run. */
  place = -1;

  constructor(delivery: Delivery, owner: HandlerRunsOwner) {
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
