import { derivedMessageId, WilcoError, type SessionId } from '@wilco/protocol';
import type { AbandonedMessage, ResolvedSessionOptions } from '@wilco/session';
import type { Clock } from './clock.ts';
import { decodeDeadLetter, encodeDeadLetter, type DeadLetter } from './dead-letter.ts';
import type { HandlerFailure, LateResult } from './handler-runs.ts';
import type { Handlers } from './handlers.ts';
import { PastSession } from './past-session.ts';
import { RequeuedLetter } from './requeued-letter.ts';
import type { SessionHandle } from './session-handle.ts';
import type { StoreDriver } from './store-driver.ts';

/** How many dead letters are kept, and how long. */
export interface DeadLetterLimits {
  readonly messages: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** What the dead letters of an endpoint need. */
export interface DeadLettersSetting {
  readonly role: 'client' | 'server';
  readonly clock: Clock;
  readonly store: StoreDriver;
  readonly handlers: Handlers;
  readonly options: ResolvedSessionOptions;
  readonly limits: DeadLetterLimits;
  /** A session that is in use still. */
  readonly handleOf: (session: SessionId) => SessionHandle | undefined;
  readonly tell: LetterTeller;
}

/** Tells the application. */
export interface LetterTeller {
  deadLetter(letter: DeadLetter): void;
  handlerFailed(failure: HandlerFailure): void;
  lateResult(result: LateResult): void;
}

/** Whose message it was. */
interface LetterOrigin {
  readonly session: SessionId;
  readonly identity: string | undefined;
}

/** Of a letter in the store: what is known without reading it. */
interface Kept {
  readonly bytes: number;
  readonly diedAtWallMs: number;
  readonly type: string;
  readonly isRequeued: boolean;
}

/**
 * The messages that were given up: kept in the store until the application takes them, within
 * limits; started again where somebody has requeued them. One at a time, the oldest first.
 */
export class DeadLetters {
  readonly #setting: DeadLettersSetting;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  #count = 0;
  /** Those that the application did not take in this run, though it was asked. */
  readonly #refused = new Set<string>();
  #isRunning = false;
  #isOver = false;
  #current: RequeuedLetter | undefined;

  constructor(setting: DeadLettersSetting) {
    this.#setting = setting;
    setting.handlers.whenAdded(() => this.#wake());
    setting.handlers.whenClosed(() => this.#stop());
  }

  /** The store is open: looks at what it holds. */
  start(): void {
    const { store } = this.#setting;
    if (store.isVolatile) return;
    store.entriesOf('deadLetters').then(
      (entries) => {
        for (const { key, value } of entries) this.#found(key, value);
        this.#shrink();
        this.#wake();
      },
      // A store that can't be read fails whatever else is asked of it, and that is told.
      () => {},
    );
  }

  /** A message was given up; what is kept of it goes into the commit that ends it. */
  died({ delivery, payload, code, reason }: AbandonedMessage, origin: LetterOrigin): void {
    const { clock, role, store } = this.#setting;
    const { id, channelName: channel, seq, attempt: attempts } = delivery;
    const diedAtWallMs = Math.floor(clock.wallMs());
    const peer = role === 'client' ? 'server' : 'client';
    const letter: DeadLetter = {
      ...origin,
      key: keyOf(diedAtWallMs, this.#count++, origin.session, channel, seq),
      id: id ?? derivedMessageId(origin.session, peer, channel, seq),
      ...{ type: delivery.type, channel, seq, isResent: delivery.isResent },
      ...{ extensions: delivery.extensions, attempts, code, reason, diedAtWallMs },
      ...{ isRequeued: false, attemptsBefore: attempts, payload },
    };
    this.#setting.tell.deadLetter(letter);
    if (store.isVolatile) {
      void this.#offer(letter);
      return;
    }
    this.#put(letter);
    this.#shrink();
    // Not before it is kept.
    store.commit(() => this.#wake());
  }

  #stop(): void {
    this.#isOver = true;
    this.#current?.stop();
  }

  #wake(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let key = this.#next(); key !== undefined; key = this.#next()) {
      const letter = await this.#read(key);
      if (letter === undefined) this.#forget(key);
      else await this.#attend(letter);
    }
    this.#isRunning = false;
  }

  /** What can't be read stays in the store, for somebody who looks into it. */
  async #read(key: string): Promise<DeadLetter | undefined> {
    try {
      const value = await this.#setting.store.entryOf('deadLetters', key);
      return value && decodeDeadLetter(key, value);
    } catch {
      return undefined;
    }
  }

  /** The oldest of which something can be made now. */
  #next(): string | undefined {
    if (this.#isOver || this.#setting.store.hasFailed) return undefined;
    const { handlers } = this.#setting;
    for (const [key, { isRequeued, type }] of this.#kept) {
      if (isRequeued && handlers.handles(type)) return key;
      if (!isRequeued && handlers.deadLetters !== undefined && !this.#refused.has(key)) return key;
    }
    return undefined;
  }

  async #attend(letter: DeadLetter): Promise<void> {
    if (!letter.isRequeued) {
      if (await this.#offer(letter)) await this.#drop(letter.key, undefined);
      else this.#refused.add(letter.key);
      return;
    }
    const { handleOf } = this.#setting;
    const { session, identity } = letter;
    this.#current = new RequeuedLetter(letter, {
      ...this.#setting,
      handle: handleOf(session) ?? new PastSession(session, identity),
      keep: (changed) => {
        this.#put(changed);
        return this.#committed();
      },
      drop: (effects) => this.#drop(letter.key, effects),
    });
    await this.#current.run();
    this.#current = undefined;
  }

  /** Hands it to the application. Returns whether it was taken. */
  async #offer(letter: DeadLetter): Promise<boolean> {
    const { tell, handlers, handleOf } = this.#setting;
    const handler = handlers.deadLetters;
    if (handler === undefined) return false;
    try {
      await handler(letter);
      return true;
    } catch (error) {
      const { session: of, identity, type, id } = letter;
      const handle = handleOf(of) ?? new PastSession(of, identity);
      tell.handlerFailed({ session: handle, type, id, error });
      return false;
    }
  }

  #put(letter: DeadLetter): void {
    const value = encodeDeadLetter(letter);
    this.#know(letter, value);
    this.#setting.store.persist({ type: 'putEntry', table: 'deadLetters', key: letter.key, value });
  }

  #found(key: string, value: Uint8Array): void {
    try {
      this.#know(decodeDeadLetter(key, value), value);
    } catch {
      // Of another version, or damaged: it stays as it is.
    }
  }

  #know({ key, type, diedAtWallMs, isRequeued }: DeadLetter, value: Uint8Array): void {
    this.#bytes += value.byteLength - (this.#kept.get(key)?.bytes ?? 0);
    this.#kept.set(key, { bytes: value.byteLength, diedAtWallMs, type, isRequeued });
  }

  async #drop(key: string, effects: readonly unknown[] | undefined): Promise<void> {
    const { store } = this.#setting;
    for (const effect of effects ?? []) store.persist({ type: 'effect', effect });
    this.#forget(key);
    store.persist({ type: 'dropEntry', table: 'deadLetters', key });
    await this.#committed();
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
    this.#refused.delete(key);
  }

  /** The oldest make room for the others. */
  #shrink(): void {
    const { clock, limits, store } = this.#setting;
    const tooOldWallMs = clock.wallMs() - limits.ageMs;
    for (const [key, { diedAtWallMs }] of this.#kept) {
      const isTooMuch = this.#kept.size > limits.messages || this.#bytes > limits.bytes;
      if (!isTooMuch && diedAtWallMs > tooOldWallMs) return;
      this.#forget(key);
      store.persist({ type: 'dropEntry', table: 'deadLetters', key });
    }
  }

  #committed(): Promise<void> {
    return new Promise((resolve) => {
      this.#setting.store.commit((error?: WilcoError) => {
        if (error !== undefined) this.#stop();
        resolve();
      });
    });
  }
}

/** In the order of time, and none twice. */
function keyOf(
  wallMs: number,
  count: number,
  session: SessionId,
  channel: string,
  seq: number,
): string {
  const time = String(wallMs).padStart(15, '0');
  return `${time}.${String(count).padStart(6, '0')}.${session}.${channel}.${String(seq)}`;
}
