import type { Refusal, ServerConnection } from '@wilco/endpoint';
import { LIMITS, WilcoError, wholeInRange } from '@wilco/protocol';
import type { Emit } from './events.ts';
import type { Authentication, AuthenticationRequest, ResolvedServerOptions } from './options.ts';

/** What became of a question who a client is. */
export type GateVerdict =
  | {
      readonly type: 'accepted';
      readonly identity: string | undefined;
      readonly validForMs: number | undefined;
    }
  | { readonly type: 'refused' | 'undecided'; readonly refusal: Refusal };

/** What a gate needs. */
export interface GateSetting {
  readonly options: ResolvedServerOptions;
  readonly emit: Emit;
  /** After how long somebody who is refused for now may come back. Milliseconds. */
  readonly retryAfterMs: () => number;
}

/** A question that `authenticate` has not answered yet. */
interface Question {
  /** Who was revoked since it was asked: what it answers of them is old. */
  readonly revoked: Set<string>;
  readonly giveUp: (error: WilcoError) => void;
}

/** Everybody is let in, as nobody in particular. */
const ANYBODY: GateVerdict = { type: 'accepted', identity: undefined, validForMs: undefined };

/** Finds out who clients are, and sees that nobody stays for longer than that is known. */
export class Gate {
  readonly #setting: GateSetting;
  readonly #questions = new Set<Question>();
  /** The newest fresh credentials, of connections on which some are being checked. */
  readonly #fresh = new WeakMap<ServerConnection, Uint8Array>();
  readonly #identities = new WeakMap<ServerConnection, string>();
  readonly #validForMs = new WeakMap<ServerConnection, number>();
  /** Undoes the end of connections whose credentials run out. */
  readonly #expiries = new Map<ServerConnection, () => void>();

  constructor(setting: GateSetting) {
    this.#setting = setting;
  }

  /** Whether there is anything to find out. */
  get isOpen(): boolean {
    return this.#setting.options.authenticate === undefined;
  }

  /** Asks the application. Never rejects: where it fails, that is an event, and "later". */
  async ask(
    { remote, tls }: ServerConnection,
    credentials: Uint8Array | undefined,
    session: string | undefined,
  ): Promise<GateVerdict> {
    const revoked = new Set<string>();
    try {
      const result = await this.#answer({ credentials, remote, tls, session }, revoked);
      // Whoever does not say who it is, in words, is nobody.
      const identity: unknown = result?.identity;
      if (typeof identity !== 'string') return NOT_ACCEPTED;
      if (revoked.has(identity)) return REVOKED;
      return { type: 'accepted', identity, validForMs: validityOf(result) };
    } catch (error) {
      this.#setting.emit('authenticateFailed', { error, remote, session });
      // Why is not the business of who is refused.
      const reason = 'it can not be found out now who you are';
      const code = 'WILCO_AUTHENTICATION_UNAVAILABLE';
      const retryAfterMs = this.#setting.retryAfterMs();
      return { type: 'undecided', refusal: { code, reason, retryAfterMs } };
    }
  }

  /**
   * Fresh credentials came on a running connection. One check at a time; of those that come
   * meanwhile the newest counts. `undefined`: that is being done.
   */
  async askAgain(
    connection: ServerConnection,
    session: string,
    credentials: Uint8Array,
  ): Promise<GateVerdict | undefined> {
    if (this.isOpen) return ANYBODY;
    const isChecking = this.#fresh.has(connection);
    this.#fresh.set(connection, credentials);
    if (isChecking) return undefined;
    let checked: Uint8Array;
    let verdict: GateVerdict;
    do {
      checked = this.#fresh.get(connection) ?? credentials;
      verdict = await this.ask(connection, checked, session);
    } while (verdict.type !== 'refused' && checked !== this.#fresh.get(connection));
    this.#fresh.delete(connection);
    return verdict;
  }

  /** A client was let in: `expire` is called when its credentials ran out, and a grace is over. */
  admitted(
    connection: ServerConnection,
    identity: string | undefined,
    validForMs: number | undefined,
    expire: () => void,
  ): void {
    this.left(connection);
    if (identity !== undefined) this.#identities.set(connection, identity);
    if (validForMs === undefined) return;
    const { clock, credentialsGraceMs } = this.#setting.options;
    const dueMs = clock.nowMs() + validForMs + credentialsGraceMs;
    this.#validForMs.set(connection, validForMs);
    this.#expiries.set(connection, clock.schedule(dueMs, expire));
  }

  /** Whose connection it is; `undefined`: nobody's in particular, or not known yet. */
  identityOf(connection: ServerConnection): string | undefined {
    return this.#identities.get(connection);
  }

  /** How long the credentials of a connection are valid from when they were shown. */
  validForMs(connection: ServerConnection): number | undefined {
    return this.#validForMs.get(connection);
  }

  /** The connection is over. */
  left(connection: ServerConnection): void {
    this.#expiries.get(connection)?.();
    this.#expiries.delete(connection);
    this.#validForMs.delete(connection);
  }

  /** What is being asked now may have been answered before this. */
  revoke(identity: string): void {
    for (const { revoked } of this.#questions) revoked.add(identity);
  }

  /** The server closes: nobody waits for an answer any more. */
  close(): void {
    for (const { giveUp } of this.#questions) {
      giveUp(new WilcoError('WILCO_CLOSED', 'the server was closed'));
    }
  }

  #answer(
    request: AuthenticationRequest,
    revoked: Set<string>,
  ): Promise<Authentication | undefined> {
    const { authenticate, clock, opening } = this.#setting.options;
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        cancel();
        this.#questions.delete(question);
      };
      const giveUp = (error: WilcoError): void => {
        forget();
        reject(error);
      };
      const question: Question = { revoked, giveUp };
      const cancel = clock.schedule(clock.nowMs() + opening.helloTimeoutMs, () => {
        const detail = `\`authenticate\` gave no answer within ${opening.helloTimeoutMs} ms`;
        giveUp(new WilcoError('WILCO_AUTHENTICATION_UNAVAILABLE', detail));
      });
      this.#questions.add(question);
      const ask = async (): Promise<Authentication | undefined> => authenticate?.(request);
      ask().finally(forget).then(resolve, reject);
    });
  }
}

/** Nobody can be let in for longer than a timer can wait. */
function validityOf(result: Authentication | undefined): number | undefined {
  const { validForMs } = result ?? {};
  if (validForMs === undefined) return undefined;
  return wholeInRange('validForMs', validForMs, 1, LIMITS.durationMs);
}

const NOT_ACCEPTED: GateVerdict = {
  type: 'refused',
  refusal: {
    code: 'WILCO_AUTHENTICATION_FAILED',
    reason: 'the credentials were not accepted',
    retryAfterMs: undefined,
  },
};

const REVOKED: GateVerdict = {
  type: 'refused',
  refusal: { code: 'WILCO_REVOKED', reason: 'the identity was revoked', retryAfterMs: undefined },
};
