import type { MessageType } from '@wilco/protocol';
import type { DeadLetter } from './dead-letter.ts';
import {
  EventSource,
  type EventListener,
  type ListenerFailure,
  type Undo,
} from './event-source.ts';
import type { HandlerFailure, LateResult } from './handler-runs.ts';
import type {
  DeadLetterHandler,
  FallbackHandler,
  HandleOptions,
  Handler,
  Handlers,
} from './handlers.ts';
import type { SettledMessage, UnobservedFailure } from './message-sender-setting.ts';
import type { CloseOptions } from './session-handle.ts';

/** What client and server tell alike. */
export interface EndpointEvents {
  /** A message was not handled, and nobody had asked for its receipt. */
  readonly failureUnobserved: UnobservedFailure;
  /** A message of an earlier run, which a store kept, has ended; its receipt is asked for by nobody. */
  readonly settled: SettledMessage;
  /** A handler finished after its message had ended without it. */
  readonly lateResult: LateResult;
  /** A handler threw something else than a `Rejection`, or its reply can't be encoded. */
  readonly handlerFailed: HandlerFailure;
  /**
   * A message of the peer was given up: handlers were started on it, and none has finished it. Its
   * sender is told; with a store it is kept until `handleDeadLetters` takes it.
   */
  readonly deadLetter: DeadLetter;
  /** A listener threw. Nothing else is harmed by it. */
  readonly listenerFailed: ListenerFailure;
}

/** Events of which one tells of listeners that throw. */
export function endpointEvents<Events extends EndpointEvents>(): EventSource<Events> {
  const events: EventSource<Events> = new EventSource((failure) => {
    events.emit('listenerFailed', failure);
  });
  return events;
}

/** What client and server have in common: handlers, events, and that they can be closed. */
export abstract class Endpoint<Events extends EndpointEvents> implements AsyncDisposable {
  readonly #handlers: Handlers;
  readonly #events: EventSource<Events>;

  /** @internal */
  constructor(handlers: Handlers, events: EventSource<Events>) {
    this.#handlers = handlers;
    this.#events = events;
  }

  /**
   * Handles messages of one type that the peer sends: of all sessions, at a server. Returns
   * how to undo it.
   *
   * @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`, `WILCO_OPTION_INVALID`.
   */
  handle<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    handler: Handler<Output, Reply>,
    options?: HandleOptions,
  ): Undo {
    return this.#handlers.add(type, handler, options);
  }

  /**
   * Handles messages of all types that have no handler. Returns how to undo it.
   *
   * @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`.
   */
  handleOthers(handler: FallbackHandler): Undo {
    return this.#handlers.addFallback(handler);
  }

  /**
   * Takes messages that were given up: as they are, and those that the store kept, the oldest
   * first, one at a time. Without a store it is called once for each, and nothing is kept. Returns
   * how to undo it.
   *
   * @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`.
   */
  handleDeadLetters(handler: DeadLetterHandler): Undo {
    return this.#handlers.addForDeadLetters(handler);
  }

  /** Calls `listener` at each event of that name. Returns how to undo it. */
  on<Name extends keyof Events & string>(name: Name, listener: EventListener<Events[Name]>): Undo {
    return this.#events.on(name, listener);
  }

  /** Calls `listener` at the next event of that name. Returns how to undo it. */
  once<Name extends keyof Events & string>(
    name: Name,
    listener: EventListener<Events[Name]>,
  ): Undo {
    return this.#events.once(name, listener);
  }

  abstract close(options?: CloseOptions): Promise<void>;

  /** `close({ drainMs: 0 })`: an exception must not wait for the network. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ drainMs: 0 });
  }
}
