import type { Delivery, HandlerResult, ResolvedSessionOptions } from '@wilco/session';
import type { Clock } from './clock.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { LetterTeller } from './dead-letters.ts';
import { HandlerRuns } from './handler-runs.ts';
import { refused } from './handler-results.ts';
import type { Handlers } from './handlers.ts';
import type { SessionHandle } from './session-handle.ts';
import type { StoreDriver } from './store-driver.ts';

/** What a requeued letter needs. */
interface RequeuedLetterSetting {
  readonly role: 'client' | 'server';
  readonly clock: Clock;
  readonly store: StoreDriver;
  readonly handlers: Handlers;
  readonly options: ResolvedSessionOptions;
  readonly handle: SessionHandle;
  readonly tell: LetterTeller;
  /** Has the store keep it as it is now. */
  readonly keep: (letter: DeadLetter) => Promise<void>;
  /** It is handled: nothing of it is kept but what its handler wrote. */
  readonly drop: (effects: readonly unknown[] | undefined) => Promise<void>;
}

/**
 * A dead letter that somebody has requeued: handlers are started on it as on any message, marked
 * `isRedelivered`, under its old id. Its sender was told long ago that it was rejected; a reply
 * has nobody to go to. What fails again is a dead letter as before.
 */
export class RequeuedLetter {
  readonly #setting: RequeuedLetterSetting;
  #letter: DeadLetter;
  #stop: () => void = () => {};
  #isStopped = false;
  readonly #stopped: Promise<undefined>;

  constructor(letter: DeadLetter, setting: RequeuedLetterSetting) {
    this.#letter = letter;
    this.#setting = setting;
    this.#stopped = new Promise((resolve) => {
      this.#stop = () => resolve(undefined);
    });
  }

  /** This side closes: it stays as it is. */
  stop(): void {
    this.#isStopped = true;
    this.#stop();
  }

  /** Resolves when it has ended, or when this side closes. */
  async run(): Promise<void> {
    const { options } = this.#setting;
    for (;;) {
      if (this.#letter.attempts - this.#letter.attemptsBefore >= options.maxAttempts) {
        await this.#fail('WILCO_ATTEMPTS_OVER', 'none of the handlers has finished it again');
        return;
      }
      // The store knows of the start before it happens: a crash is an attempt, too.
      const { attempts } = this.#letter;
      this.#letter = { ...this.#letter, attempts: attempts + 1 };
      await this.#setting.keep(this.#letter);
      const result = await this.#attempt();
      if (result === undefined) return;
      if (result.outcome === 'notNow') {
        if (!(await this.#wait(result.delayMs))) return;
        continue;
      }
      if (result.outcome === 'rejected') await this.#fail(result.code, result.reason);
      else await this.#setting.drop(result.effects);
      return;
    }
  }

  async #fail(code: string, reason: string): Promise<void> {
    await this.#setting.keep({ ...this.#letter, code, reason, isRequeued: false });
  }

  /** One handler, alone among those that may bring the process down. `undefined`: this side closes. */
  async #attempt(): Promise<HandlerResult | undefined> {
    const { suspects } = this.#setting.handlers;
    const ticket = { attempt: this.#letter.attempts };
    try {
      await Promise.race([
        new Promise<void>((resolve) => {
          if (suspects.enter(ticket, resolve)) resolve();
        }),
        this.#stopped,
      ]);
      if (this.#isStopped) return undefined;
      return await Promise.race([this.#handled(), this.#stopped]);
    } finally {
      suspects.leave(ticket);
    }
  }

  #handled(): Promise<HandlerResult> {
    const { clock, tell, handle, handlers, options, role, store } = this.#setting;
    const { session: sessionId } = this.#letter;
    const delivery = this.#delivery();
    return new Promise((resolve) => {
      const overrun = {
        ...refused('WILCO_HANDLER_TIMEOUT', 'the handler did not finish in time'),
        hasRun: true,
      };
      let cancel = clock.schedule(clock.nowMs() + options.handlerTimeoutMs, () => {
        runs.abort(delivery, 'WILCO_HANDLER_TIMEOUT');
        const graceOverMs = clock.nowMs() + options.handlerGraceMs;
        cancel = clock.schedule(graceOverMs, () => void finish(overrun));
      });
      let isOver = false;
      const finish = (result: HandlerResult): boolean => {
        const isLate = isOver || this.#isStopped;
        isOver = true;
        cancel();
        resolve(result);
        return !isLate;
      };
      void this.#stopped.then(() => {
        cancel();
        runs.abortAll('WILCO_SESSION_ENDED');
      });
      const runs: HandlerRuns = new HandlerRuns(handlers, {
        peerRole: role === 'client' ? 'server' : 'client',
        ...{ handle, sessionId },
        nowMs: () => clock.nowMs(),
        checkEffect: (effect) => store.checkEffect(effect),
        handlerFinished: (_delivery, result) => finish(result),
        handlerFailed: (failure) => tell.handlerFailed(failure),
        lateResult: (late) => tell.lateResult(late),
      });
      runs.start(delivery);
    });
  }

  /** Waits for the time of another attempt. Returns `false` when this side closes. */
  async #wait(delayMs: number): Promise<boolean> {
    const { clock } = this.#setting;
    let cancel: () => void = () => {};
    const due = new Promise<true>((resolve) => {
      cancel = clock.schedule(clock.nowMs() + delayMs, () => resolve(true));
    });
    const isDue = await Promise.race([due, this.#stopped]);
    cancel();
    return isDue === true;
  }

  #delivery(): Delivery {
    const { channel, seq, type, id, isResent, attempts, extensions, payload } = this.#letter;
    return {
      // Not a channel of any session: it waits for none of their messages.
      ...{ channel: -1, channelName: channel, seq, type, id, isResent, extensions, payload },
      ...{ isRedelivered: true, attempt: attempts, expiresAtMs: Infinity },
    };
  }
}
