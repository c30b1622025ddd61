import type { Clock } from '@wilco/endpoint';
import { WilcoError } from '@wilco/protocol';

/** Asks the application who the client is, and does not wait for ever. */
export class CredentialSource {
  readonly #clock: Clock;
  readonly #ask: () => Uint8Array | undefined | Promise<Uint8Array>;
  readonly #timeoutMs: number;

  constructor(
    clock: Clock,
    ask: () => Uint8Array | undefined | Promise<Uint8Array>,
    timeoutMs: number,
  ) {
    this.#clock = clock;
    this.#ask = ask;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls one of the two once, at once where the answer is at hand. Returns how to undo it. */
  ask(
    got: (credentials: Uint8Array | undefined) => void,
    failed: (error: WilcoError) => void,
  ): () => void {
    let answer: Uint8Array | undefined | Promise<Uint8Array>;
    try {
      answer = this.#ask();
    } catch (cause) {
      failed(credentialsError(cause));
      return () => {};
    }
    if (answer instanceof Promise) return this.#wait(answer, got, failed);
    got(answer);
    return () => {};
  }

  #wait(
    answer: Promise<Uint8Array>,
    got: (credentials: Uint8Array) => void,
    failed: (error: WilcoError) => void,
  ): () => void {
    let isWaiting = true;
    const stop = (): boolean => {
      cancelTimer();
      const wasWaiting = isWaiting;
      isWaiting = false;
      return wasWaiting;
    };
    const cancelTimer = this.#clock.schedule(this.#clock.nowMs() + this.#timeoutMs, () => {
      const detail = `\`credentials\` gave no answer within ${this.#timeoutMs} ms`;
      if (stop()) failed(new WilcoError('WILCO_CREDENTIALS_FAILED', detail));
    });
    answer.then(
      (credentials) => {
        if (stop()) got(credentials);
      },
      (cause: unknown) => {
        if (stop()) failed(credentialsError(cause));
      },
    );
    return () => {
      stop();
    };
  }
}

/** What was given in place of credentials will be no better next time; anything else may be. */
function credentialsError(cause: unknown): WilcoError {
  if (WilcoError.is(cause, 'WILCO_OPTION_INVALID')) return cause;
  // What it said may name a secret, and this goes into logs.
  const detail = '`credentials` failed; its error is the cause of this one';
  return new WilcoError('WILCO_CREDENTIALS_FAILED', detail, { cause });
}
