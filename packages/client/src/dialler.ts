import {
  addressName,
  refuseExposed,
  type Clock,
  type Connection,
  type FullAddress,
} from '@wilco/endpoint';
import { WilcoError } from '@wilco/protocol';
import { Backoff } from './backoff.ts';
import type { CredentialSource } from './credential-source.ts';
import type { ConnectFailure } from './events.ts';
import type { ResolvedClientOptions } from './options.ts';
import { Route } from './route.ts';

/** What a dialler needs. */
export interface DiallerSetting {
  readonly options: ResolvedClientOptions;
  readonly credentials: CredentialSource;
  /** A connection is being made. To be answered by `failed`, or by `reached` and then `lost`. */
  readonly dialled: (connection: Connection, credentials: Uint8Array | undefined) => void;
  connectFailed(failure: ConnectFailure): void;
  /** Trying again would not help. */
  gaveUp(error: WilcoError): void;
}

/** What a server said of when and where to come back. */
export interface ComeBack {
  /** Milliseconds. */
  readonly afterMs: number;
  readonly elsewhere: readonly string[] | undefined;
  /** Whether the server goes away: the other addresses are tried first. */
  readonly isGoing: boolean;
}

/**
 * When and where the next try to connect is made: one address after the other, with a wait
 * before each round of them, until somebody is reached.
 */
export class Dialler {
  readonly #setting: DiallerSetting;
  readonly #clock: Clock;
  readonly #route: Route;
  readonly #backoff: Backoff;
  /** Tries since the last connection that was open. */
  #tries = 0;
  #reachedAtMs = 0;
  #address: FullAddress;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(setting: DiallerSetting) {
    const { clock, addresses, followElsewhere, reconnect, random } = setting.options;
    this.#setting = setting;
    this.#clock = clock;
    this.#route = new Route(addresses, followElsewhere);
    this.#backoff = new Backoff(reconnect, random);
    this.#address = addresses[0];
  }

  /** Makes the first try, at once. */
  start(): void {
    this.#dial();
  }

  /** A connection is open. */
  reached(): void {
    this.#tries = 0;
    this.#reachedAtMs = this.#clock.nowMs();
    this.#route.reached();
  }

  /** The server at the current address said when and where to come back. */
  told({ afterMs, elsewhere, isGoing }: ComeBack): void {
    this.#route.postpone(this.#clock.nowMs() + afterMs);
    if (isGoing) this.#route.leave();
    if (elsewhere !== undefined) this.#route.follow(elsewhere);
  }

  /** The current address is to be tried once more, before the others. */
  stay(): void {
    this.#route.stay();
  }

  /** The try came to nothing: goes on with the next address, or the next round. */
  failed(error: WilcoError): void {
    if (this.#isStopped) return;
    const address = this.#address;
    const retryInMs = this.#plan(this.#route.hasNext(this.#clock.nowMs()));
    this.#setting.connectFailed({ error, address, attempt: this.#tries, retryInMs });
  }

  /** The connection that was open is gone. */
  lost(): void {
    this.#backoff.connectionEnded(this.#clock.nowMs() - this.#reachedAtMs);
    this.again();
  }

  /** Tries again, for a reason of this side's own: begins a new round. */
  again(): void {
    if (!this.#isStopped) this.#plan(false);
  }

  /** Tries again without a wait: what the waiting was for is over. */
  now(): void {
    this.#route.restart();
    this.#cancel();
    if (!this.#isStopped) this.#dial();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** Returns the wait before the next try. */
  #plan(isSameRound: boolean): number {
    this.#cancel();
    const nowMs = this.#clock.nowMs();
    let waitMs = 0;
    if (!isSameRound) {
      this.#route.restart();
      waitMs = this.#backoff.next(Math.max(0, this.#route.earliestMs - nowMs));
    }
    this.#cancel = this.#clock.schedule(nowMs + waitMs, () => this.#dial());
    return waitMs;
  }

  #dial(): void {
    const address = this.#route.next(this.#clock.nowMs());
    if (address === undefined) {
      this.again();
      return;
    }
    this.#address = address;
    this.#tries += 1;
    let isAsking = true;
    const cancel = this.#setting.credentials.ask(
      (credentials) => {
        isAsking = false;
        this.#connect(address, credentials);
      },
      (error) => {
        isAsking = false;
        this.#notDialled(error);
      },
    );
    // An answer that was at hand has been taken by now: the next try may be planned already.
    if (isAsking) this.#cancel = cancel;
  }

  #connect(address: FullAddress, credentials: Uint8Array | undefined): void {
    const { options, dialled } = this.#setting;
    if (this.#isStopped) return;
    let connection: Connection;
    try {
      connection = options.transport.connect(address);
    } catch (cause) {
      this.#notDialled(connectError(address, cause));
      return;
    }
    try {
      refuseExposed(connection.isExposed, options.isExposureAllowed, addressName(address));
    } catch (error) {
      connection.destroy();
      this.#notDialled(error as WilcoError);
      return;
    }
    dialled(connection, credentials);
  }

  /** What this side itself forbids it will forbid next time, unless a server has sent it there. */
  #notDialled(error: WilcoError): void {
    const isOwn = error.code === 'WILCO_INSECURE_REFUSED' && this.#route.isCurrentGiven;
    if (isOwn || error.code === 'WILCO_OPTION_INVALID') this.#setting.gaveUp(error);
    else this.failed(error);
  }
}

function connectError(address: FullAddress, cause: unknown): WilcoError {
  if (WilcoError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WilcoError('WILCO_CONNECT_FAILED', `${addressName(address)}: ${why}`, { cause });
}
