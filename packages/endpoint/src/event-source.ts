import { EventEmitter } from 'eventemitter3';

/** Events by name, each with the one value that it brings. */
export type EventMap = object;

/** An exception out of a listener of the application. */
export interface ListenerFailure {
  /** The event whose listener it was. */
  readonly event: string;
  readonly error: unknown;
}

/** Undoes an `on` or `once`. Harmless when called again. */
export type Undo = () => void;

/** What is called for an event. May be asynchronous: a rejection counts as an exception. */
export type EventListener<Value> = (value: Value) => unknown;

/**
 * Events with an undo. There is no `error` event: a failure is a rejected promise, or the
 * payload of an event that says what now holds.
 *
 * A listener that throws harms neither the other listeners nor the connection: its
 * exception goes to `onFailure`, which makes an event of it; an exception out of a listener
 * of that event is dropped, since there is nobody left to tell.
 */
export class EventSource<Events extends EventMap> {
  readonly #emitter = new EventEmitter();
  readonly #onFailure: (failure: ListenerFailure) => void;

  constructor(onFailure: (failure: ListenerFailure) => void) {
    this.#onFailure = onFailure;
  }

  /** Calls `listener` at each event of that name, from now on. */
  on<Name extends keyof Events & string>(name: Name, listener: EventListener<Events[Name]>): Undo {
    const guarded = this.#guard(name, listener);
    this.#emitter.on(name, guarded);
    return () => this.#emitter.off(name, guarded);
  }

  /** Calls `listener` at the next event of that name. */
  once<Name extends keyof Events & string>(
    name: Name,
    listener: EventListener<Events[Name]>,
  ): Undo {
    const guarded = this.#guard(name, listener);
    this.#emitter.once(name, guarded);
    return () => this.#emitter.off(name, guarded);
  }

  emit<Name extends keyof Events & string>(name: Name, value: Events[Name]): void {
    this.#emitter.emit(name, value);
  }

  #guard(event: string, listener: EventListener<never>): (value: unknown) => void {
    return (value) => {
      try {
        const result = listener(value as never);
        if (isThenable(result))
          result.then(undefined, (error: unknown) => this.#failed(event, error));
      } catch (error) {
        this.#failed(event, error);
      }
    };
  }

  #failed(event: string, error: unknown): void {
    if (event !== 'listenerFailed') this.#onFailure({ event, error });
  }
}

/** Whether a value is a promise, or like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return Boolean(value) && typeof (value as { readonly then?: unknown }).then === 'function';
}
