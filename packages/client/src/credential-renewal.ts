import type { Clock } from '@wilco/endpoint';
import { WilcoError } from '@wilco/protocol';
import type { CredentialSource } from './credential-source.ts';
import type { RenewalFailure } from './events.ts';

/** Fresh credentials are shown when this part of the time is over in which the old ones are valid. */
const RENEW_AT = 0.8;
/** After a failure they are shown again when so much more of it is over. */
const RETRY_AFTER = 0.1;

/** What a renewal needs. */
export interface CredentialRenewalSetting {
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** How long the server may take to answer. Milliseconds. */
  readonly answerTimeoutMs: number;
  /** Shows credentials on the open connection. */
  readonly show: (credentials: Uint8Array) => void;
  renewalFailed(failure: RenewalFailure): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: WilcoError) => void;
}

/**
 * Shows the server fresh credentials on the connection that is open: when the application
 * asks for it, and by itself before the old ones run out.
 */
export class CredentialRenewal {
  readonly #setting: CredentialRenewalSetting;
  #validForMs: number | undefined;
  #waiters: Waiter[] = [];
  #phase: 'idle' | 'asking' | 'shown' = 'idle';
  /** Undoes what is under way. */
  #cancel: () => void = () => {};
  #cancelNext: () => void = () => {};

  constructor(setting: CredentialRenewalSetting) {
    this.#setting = setting;
  }

  /** Resolves when the server has accepted them. */
  renew(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#begin();
    });
  }

  /** A connection is open, and what was shown at its opening is valid for so long. */
  opened(validForMs: number | undefined): void {
    this.#validForMs = validForMs;
    if (validForMs !== undefined) this.#plan(validForMs * RENEW_AT);
  }

  /** The server accepts what it was shown. */
  accepted(validForMs: number | undefined): void {
    if (this.#phase !== 'shown') return;
    const waiters = this.#finish();
    this.opened(validForMs);
    for (const { resolve } of waiters) resolve();
  }

  /** The server could not find out, and is to be asked again. */
  undecided(afterMs: number | undefined): void {
    if (this.#phase !== 'shown') return;
    const detail = 'the server could not check the fresh credentials';
    this.#failed(new WilcoError('WILCO_AUTHENTICATION_UNAVAILABLE', detail), afterMs);
  }

  /** The connection is gone: the next one shows fresh credentials in any case. */
  connectionEnded(error: WilcoError): void {
    this.#validForMs = undefined;
    this.#cancelNext();
    for (const { reject } of this.#finish()) reject(error);
  }

  #begin(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'asking';
    this.#cancelNext();
    const cancel = this.#setting.credentials.ask(
      (fresh) => this.#show(fresh),
      (error) => this.#failed(error),
    );
    // An answer that was at hand has been taken by now.
    if (this.#isAsking()) this.#cancel = cancel;
  }

  #isAsking(): boolean {
    return this.#phase === 'asking';
  }

  #show(fresh: Uint8Array | undefined): void {
    if (fresh === undefined) {
      this.#failed(new WilcoError('WILCO_OPTION_INVALID', 'there are no `credentials` to renew'));
      return;
    }
    this.#phase = 'shown';
    const { clock, answerTimeoutMs, show } = this.#setting;
    this.#cancel = clock.schedule(clock.nowMs() + answerTimeoutMs, () => {
      const detail = `the server has not answered fresh credentials within ${answerTimeoutMs} ms`;
      this.#failed(new WilcoError('WILCO_CREDENTIALS_FAILED', detail));
    });
    show(fresh);
  }

  #failed(error: WilcoError, toldMs?: number): void {
    const waiters = this.#finish();
    const validForMs = this.#validForMs;
    const retryInMs = toldMs ?? (validForMs === undefined ? undefined : validForMs * RETRY_AFTER);
    if (retryInMs !== undefined) this.#plan(retryInMs);
    for (const { reject } of waiters) reject(error);
    if (waiters.length === 0) this.#setting.renewalFailed({ error, retryInMs });
  }

  #plan(afterMs: number): void {
    const { clock } = this.#setting;
    this.#cancelNext();
    this.#cancelNext = clock.schedule(clock.nowMs() + Math.max(afterMs, 1), () => this.#begin());
  }

  /** Nothing is under way any more. Returns who waits. */
  #finish(): Waiter[] {
    this.#phase = 'idle';
    this.#cancel();
    this.#cancel = () => {};
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }
}
