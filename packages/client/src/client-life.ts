import {
  ClientConnection,
  messageIds,
  newId,
  openRemembering,
  WindowBudget,
  type ClientOpeningOwner,
  type Connection,
  type FrameConnection,
  type HandlerFailure,
  type LateResult,
  type LiveSession,
  type SessionEnd,
  type SessionSource,
  type StoreContents,
  type StoreDriver,
} from '@wilco/endpoint';
import {
  PROTOCOL_VERSION,
  WilcoError,
  type CloseFrame,
  type ErrorCode,
  type HelloFrame,
  type NoticeFrame,
  type RefuseFrame,
  type WelcomeFrame,
} from '@wilco/protocol';
import { Beginning } from './beginning.ts';
import { clientLetters } from './client-letters.ts';
import {
  ClientSessions,
  isDamaged,
  NO_SESSION,
  type ClientSessionsOwner,
  type ClientSessionsSetting,
} from './client-sessions.ts';
import { CredentialRenewal } from './credential-renewal.ts';
import { CredentialSource } from './credential-source.ts';
import { Dialler } from './dialler.ts';
import type { ClientEvents, StateLost } from './events.ts';
import type { ResolvedClientOptions } from './options.ts';
import { Patience } from './patience.ts';
import { FINAL_CODES, lostStateFrame, refusalError, STALE_REFUSALS } from './refusals.ts';

const OVER = 'WILCO_RESUME_WINDOW_OVER';

/** What the client around a life gives it. */
export interface ClientLifeSetting extends Omit<ClientSessionsSetting, 'source'> {
  readonly store: StoreDriver;
  readonly kept: Parameters<typeof openRemembering>[2];
  emit<Name extends keyof ClientEvents>(name: Name, value: ClientEvents[Name]): void;
  /** It is over, for good. */
  over(error: WilcoError | undefined): void;
}

/**
 * The life of a client: dials, opens, resumes and comes back, until it is closed, refused
 * for good, or taken over.
 */
export class ClientLife implements ClientOpeningOwner, ClientSessionsOwner {
  readonly store: StoreDriver;
  readonly beginning: Beginning;
  readonly #setting: ClientLifeSetting;
  readonly #options: ResolvedClientOptions;
  readonly #source: SessionSource;
  readonly #dialler: Dialler;
  readonly #renewal: CredentialRenewal;
  #boot = 1;
  #attempts = 0;
  #sessions: ClientSessions | undefined;
  #connection: ClientConnection | undefined;
  #credentials: Uint8Array | undefined;
  #isOnline = false;
  readonly #patience: Patience;
  /** Refusals in a row because a newer connection of the same session was opened. */
  #staleRefusals = 0;
  /** How the application wants it to end. */
  #closing: 'end' | 'detach' | undefined;
  #isOver = false;
  /** Resolves when nothing of it is left. */
  #over: Promise<void> | undefined;

  constructor(setting: ClientLifeSetting) {
    const { options } = setting;
    this.#setting = setting;
    this.#options = options;
    this.beginning = new Beginning(options.clock);
    const { clock, random, windowBudgetBytes, channels, opening, log } = options;
    this.store = setting.store;
    this.#source = {
      role: 'client',
      runId: newId(random),
      clock,
      store: this.store,
      handlers: setting.handlers,
      budget: new WindowBudget(windowBudgetBytes),
      letters: clientLetters(setting, this.store, () => this.session),
      ...{ ids: messageIds(options.ids, clock), channels, log },
      hasIntegrity: opening.integrity === 'endToEnd',
    };
    const credentials = new CredentialSource(clock, options.credentials, opening.connectTimeoutMs);
    this.#dialler = new Dialler({
      options,
      credentials,
      dialled: (connection, shown) => this.#dialled(connection, shown),
      connectFailed: (failure) => setting.emit('connectFailed', failure),
      gaveUp: (error) => this.finish(error),
    });
    this.#patience = new Patience(clock, options.wrongServerPatienceMs, () => this.#patienceOver());
    this.#renewal = new CredentialRenewal({
      clock,
      credentials,
      answerTimeoutMs: opening.welcomeTimeoutMs,
      show: (shown) => this.session?.driver.write({ kind: 'credentials', credentials: shown }),
      renewalFailed: (failure) => setting.emit('renewalFailed', failure),
    });
  }

  /** The session in use; `undefined` until the store is open. */
  get session(): LiveSession | undefined {
    return this.#sessions?.current;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Begins: at once, or when the store has told what there is. */
  start(): void {
    if (this.store.isVolatile) {
      this.#begin(undefined);
      return;
    }
    openRemembering(this.store, this.#source.ids, this.#setting.kept).then(
      (contents) => {
        if (!this.#isOver) this.#begin(contents);
      },
      (error: unknown) => this.finish(error as WilcoError),
    );
  }

  /**
   * Says goodbye when the session is quiet, or after `drainMs`; then ends all of it. A store
   * that keeps things keeps the session for the next run, unless it is to `end`.
   */
  async close(isEnd: boolean, drainMs: number): Promise<void> {
    const mode = isEnd || this.store.isVolatile ? 'end' : 'detach';
    this.#closing = this.#closing === 'end' ? 'end' : mode;
    const code = 'WILCO_SESSION_ENDED';
    const words = { mode, code, reason: 'the client was closed', retryAfterMs: undefined } as const;
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + drainMs;
    // Messages may wait for the store.
    if (this.#setting.sender.unsettledCount > 0) await this.beginning.wait(drainMs);
    // Where it is lost meanwhile, the next one has its messages.
    for (let one = this.session; one?.hasEnded === false; one = this.session) {
      await one.close(words, Math.max(0, untilMs - clock.nowMs()));
    }
    this.finish(undefined);
    await this.#connection?.gone;
    await this.#over;
  }

  /** It is over: nothing is dialled, sent or armed any more. */
  finish(error: WilcoError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#setting.handlers.close();
    this.beginning.over();
    this.#dialler.stop();
    this.#patience.stop();
    this.#renewal.connectionEnded(error ?? new WilcoError('WILCO_CLOSED', 'the client was closed'));
    this.#connection?.release('destroy');
    this.#over = this.#letGo(error);
    this.#setting.over(error);
  }

  /** Sessions that the store keeps are for the next run, which the receipts say; others end. */
  async #letGo(error: WilcoError | undefined): Promise<void> {
    const isKept = !this.store.isVolatile && this.#closing !== 'end';
    const kept = this.#sessions?.part(isKept, error) ?? [];
    if (error !== undefined || this.#closing !== undefined) await this.store.close();
    for (const one of kept) one.leave();
  }

  /** Shows the server fresh credentials, where there is a connection to show them on. */
  renewCredentials(): Promise<void> {
    if (this.#isOver) return Promise.reject(new WilcoError('WILCO_CLOSED', 'the client is closed'));
    return this.#isOnline ? this.#renewal.renew() : Promise.resolve();
  }

  hello(): HelloFrame {
    return {
      kind: 'hello',
      minVersion: PROTOCOL_VERSION,
      maxVersion: PROTOCOL_VERSION,
      runId: this.#source.runId,
      attempt: { boot: this.#boot, counter: this.#attempts },
      hasIntegrity: this.#source.hasIntegrity,
      worth: this.store.worth,
      credentials: this.#credentials,
      ...(this.#sessions?.hello() ?? NO_SESSION),
    };
  }

  welcomed(welcome: WelcomeFrame): void {
    const connection = this.#connection;
    const verdict = this.#sessions?.welcomed(welcome);
    if (connection === undefined || verdict === undefined) return;
    this.#patience.stop();
    if (verdict.type === 'broken') {
      connection.broken(verdict.error);
    } else if (verdict.type === 'stateLost') {
      this.#connection = undefined;
      connection.release('finish', lostStateFrame(verdict.reason));
      this.#sessions?.replace(verdict.reason);
      this.#dialler.again();
    } else if (this.store.isVolatile) {
      this.#ready(welcome, verdict.isResumed);
    } else {
      this.#sessions?.save(welcome);
      this.store.commit((error) => {
        if (error !== undefined) this.finish(error);
        else if (connection === this.#connection) this.#ready(welcome, verdict.isResumed);
      });
    }
  }

  refused(refuse: RefuseFrame): void {
    const { code, reason, retryAfterMs } = refuse;
    this.#connection = undefined;
    const error = refusalError(code, reason);
    this.#staleRefusals = code === 'WILCO_ATTEMPT_STALE' ? this.#staleRefusals + 1 : 0;
    if (code === 'WILCO_WRONG_SERVER') {
      // To who asked for no session it can say nothing but "later".
      if (this.#sessions?.isResuming === true && !this.#patience.begin()) this.#openAnew();
    } else if (code === 'WILCO_TOKEN_REPLAYED') {
      this.#sessions?.replace('clientStateLost');
    } else if (this.#staleRefusals >= STALE_REFUSALS) {
      // Somebody with the same token is ahead: this side was restored, or has a clone.
      this.#staleRefusals = 0;
      this.#sessions?.replace('clientStateLost');
      this.#sessions?.forgetToken();
    } else if (retryAfterMs === undefined) {
      this.finish(error);
      return;
    }
    this.peerCloses(refuse);
    this.#dialler.failed(error);
  }

  confirmed(): void {
    if (this.#sessions !== undefined) this.#sessions.isConfirmed = true;
  }

  /** The server says when, and perhaps where, to come back. */
  peerCloses({ code, retryAfterMs: afterMs = 0, elsewhere }: CloseFrame | RefuseFrame): void {
    this.#dialler.told({ afterMs, elsewhere, isGoing: code === 'WILCO_GOING_AWAY' });
  }

  closed(error: WilcoError): void {
    this.#connection = undefined;
    this.#wentOffline(error);
  }

  noticed({ notice, afterMs, elsewhere }: NoticeFrame): void {
    if (notice === 'goingAway') {
      this.#dialler.told({ afterMs: afterMs ?? 0, elsewhere, isGoing: true });
    } else if (notice === 'takenOver') {
      this.finish(new WilcoError('WILCO_TAKEN_OVER', 'another client took over this session'));
    } else if (notice === 'credentialsAccepted') this.#renewal.accepted(afterMs);
    else this.#renewal.undecided(afterMs);
  }

  /** The engine let go of its connection; the server is told why. */
  dropped(frames: FrameConnection, error: WilcoError): void {
    const connection = this.#connection;
    if (connection?.owns(frames) !== true) return;
    this.#connection = undefined;
    connection.dropped(error);
    this.#wentOffline(error);
  }

  finished(frames: FrameConnection): void {
    if (this.#connection?.owns(frames) === true) this.#connection.release('finish');
  }

  ended(session: LiveSession, { code, reason, isLocal }: SessionEnd): void {
    if (session !== this.session || this.#isOver) return;
    if (this.#closing !== undefined) {
      // It may have ended during the drain: there is no next session to move to.
      if (this.#closing === 'end') void session.bury(code, reason);
      return;
    }
    if (this.#mustMove(code, isLocal)) {
      this.#sessions?.replace(code === OVER ? 'ended' : 'clientStateLost', code !== OVER);
      this.#restartOpening();
    } else if (isLocal || FINAL_CODES.has(code)) {
      // What a store keeps is not lost with a server that does not want this client.
      if (isLocal || this.store.isVolatile) void session.bury(code, reason);
      this.finish(new WilcoError(code, reason));
    } else {
      this.#sessions?.replace('ended');
      this.#connection = undefined;
      this.#wentOffline(new WilcoError(code, reason));
    }
  }

  #mustMove(code: ErrorCode, isLocal: boolean): boolean {
    if (code === OVER) return !this.#isOnline;
    return isLocal && code === 'WILCO_STORE_DAMAGED';
  }

  stateLost(lost: StateLost): void {
    this.#setting.emit('stateLost', lost);
  }

  handlerFailed(failure: HandlerFailure): void {
    this.#setting.emit('handlerFailed', failure);
  }

  lateResult(result: LateResult): void {
    this.#setting.emit('lateResult', result);
  }

  #begin(contents: StoreContents | undefined): void {
    this.#boot = contents?.bootCount ?? 1;
    const found = contents?.sessions.filter(({ session }) => session.role === 'client') ?? [];
    const sessions = new ClientSessions({ ...this.#setting, source: this.#source }, this, found);
    this.#sessions = sessions;
    if (isDamaged(contents, sessions.current)) sessions.replace('clientStateLost', true);
    this.beginning.over();
    // Not before the application had a chance to listen.
    this.#options.clock.defer(() => {
      if (!this.#isOver) this.#dialler.start();
    });
  }

  #dialled(dialled: Connection, credentials: Uint8Array | undefined): void {
    this.#credentials = credentials;
    this.#attempts += 1;
    const { clock, opening, session, log } = this.#options;
    const setting = { clock, options: opening, lingerMs: session.closeTimeoutMs, log };
    this.#connection = new ClientConnection(dialled, setting, this);
  }

  /** The token is kept: the session is open. */
  #ready(welcome: WelcomeFrame, isResumed: boolean): void {
    const connection = this.#connection;
    const { session } = this;
    // A listener of `stateLost` may have closed the client.
    if (session === undefined || session.hasEnded || connection?.phase !== 'storing') return;
    const { driver } = session;
    const announcement = driver.engine.opening.announcement();
    const ready = { kind: 'ready', announcement, ack: driver.fullAck() } as const;
    connection.accept(driver, welcome, ready);
    // What the server says that it holds may have been wrong.
    if (connection !== this.#connection) return;
    this.#isOnline = true;
    this.#dialler.reached();
    this.#renewal.opened(welcome.validForMs);
    const { sessionId } = welcome;
    this.#setting.emit('online', { session: sessionId, isResumed });
    if (isResumed) this.#setting.emit('resumed', { session: sessionId });
  }

  /** An opening that is under way asks for a session that is over. */
  #restartOpening(): void {
    this.#patience.stop();
    if (this.#connection === undefined) return;
    this.#connection.release('destroy');
    this.#connection = undefined;
    this.#dialler.again();
  }

  /** The server that answers does not know the session, and will do as well as any. */
  #openAnew(): void {
    this.#sessions?.replace('unknown');
    this.#dialler.stay();
  }

  #patienceOver(): void {
    this.#openAnew();
    this.#connection?.release('destroy');
    this.#connection = undefined;
    this.#dialler.now();
  }

  #wentOffline(error: WilcoError): void {
    const wasOnline = this.#isOnline;
    this.#isOnline = false;
    this.#renewal.connectionEnded(error);
    if (!wasOnline) {
      this.#dialler.failed(error);
      return;
    }
    this.#dialler.lost();
    this.#setting.emit('offline', { error });
  }
}
