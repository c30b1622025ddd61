import {
  addressName,
  newId,
  ServerConnection,
  WindowBudget,
  type Connection,
  type Handlers,
  type Listener,
  type MessageIds,
  type Refusal,
  type ServerOpeningOwner,
  type SessionSource,
  type StoreContents,
  type StoreDriver,
  type TlsCertificates,
} from '@wilco/endpoint';
import {
  LIMITS,
  PROTOCOL_VERSION,
  WilcoError,
  type HelloFrame,
  type NoticeFrame,
  type ReadyFrame,
  type ServerId,
} from '@wilco/protocol';
import { Admission, overloaded } from './admission.ts';
import type { Emit } from './events.ts';
import { Gate } from './gate.ts';
import type { ResolvedServerOptions } from './options.ts';
import { serverLetters } from './server-letters.ts';
import { ServerSession, type ServerSessionSetting } from './server-session.ts';
import type { ServerStats } from './server-stats.ts';
import { SessionTable } from './session-table.ts';
import { Succession, type Unmoved } from './succession.ts';
import type { Tombstones } from './tombstones.ts';

/** What the server around a life gives it. */
export interface ServerLifeSetting {
  readonly options: ResolvedServerOptions;
  readonly store: StoreDriver;
  readonly contents: StoreContents | undefined;
  readonly handlers: Handlers;
  readonly ids: MessageIds;
  readonly tombstones: Tombstones;
  readonly listener: Listener;
  readonly emit: Emit;
}

/**
 * The life of a server: takes connections in, asks who they are, has {@link Admission}
 * decide, and sees them all out at the end.
 */
export class ServerLife implements ServerOpeningOwner {
  readonly table = new SessionTable();
  readonly #setting: ServerLifeSetting;
  readonly #options: ResolvedServerOptions;
  readonly #store: StoreDriver;
  readonly #admission: Admission;
  readonly #sessions: ServerSessionSetting;
  readonly #connections = new Set<ServerConnection>();
  /** Those that were not authenticated yet. */
  readonly #strangers = new Set<ServerConnection>();
  /** Those that are ended politely, and wait for the client's end. */
  readonly #leaving = new Set<ServerConnection>();
  readonly #gate: Gate;
  /** What all connections share. */
  readonly #accepting: ConstructorParameters<typeof ServerConnection>[1];
  #isClosing = false;
  /** Where clients may go when it closes. */
  #elsewhere: readonly string[] | undefined;

  constructor(setting: ServerLifeSetting) {
    this.#setting = setting;
    const { options, store, handlers, emit } = setting;
    this.#options = options;
    this.#store = store;
    const runId = newId(options.random);
    const retryAfterMs = (): number => this.#retryAfterMs();
    this.#gate = new Gate({ options, emit, retryAfterMs });
    const { clock, channels, opening, session, log } = options;
    this.#accepting = {
      clock,
      options: opening,
      lingerMs: session.closeTimeoutMs,
      log,
      retryAfterMs,
    };
    const budget = new WindowBudget(options.windowBudgetBytes);
    const source: SessionSource = {
      role: 'server',
      runId,
      clock,
      store,
      handlers,
      budget,
      letters: serverLetters(setting, (id) => this.table.find(id)?.handle),
      ids: setting.ids,
      channels,
      hasIntegrity: options.opening.integrity === 'endToEnd',
      log: options.log,
    };
    this.#sessions = {
      clock,
      options: options.session,
      source,
      handlers,
      outboxTotal: new WindowBudget(options.outboxBytesTotal),
      ...sharedOf(setting),
      tombstones: setting.tombstones,
      emit,
      credentials: (session, credentials) => void this.#checkCredentials(session, credentials),
      over: (session) => this.#sessionOver(session),
    };
    const { table } = this;
    const sessions = this.#sessions;
    const serverId = this.#serverId();
    const gate = this.#gate;
    const { whenSessionLost } = options;
    const succession = new Succession({ table, whenSessionLost, emit });
    this.#admission = new Admission({
      ...{ options, store, runId, serverId, table, sessions, emit, gate, retryAfterMs },
      succession,
    });
    try {
      succession.goOn(this.#restore());
    } catch (error) {
      for (const { live } of this.table.all) live.driver.rest();
      throw error;
    }
    source.letters.start();
  }

  /** What passes here now, and what has passed. */
  stats(): ServerStats {
    const { table } = this;
    return {
      ...table.stats(),
      sessions: table.size,
      sessionsOnline: table.all.filter(({ isOnline }) => isOnline).length,
      connections: this.#connections.size,
      unauthenticated: this.#strangers.size,
      windowBudgetUsedBytes: this.#sessions.source.budget.reservedBytes,
      outboxUsedBytes: this.#sessions.outboxTotal.reservedBytes,
    };
  }

  renewCertificates(certificates: TlsCertificates): void {
    const { listener } = this.#setting;
    if (listener.renewCertificates === undefined) {
      throw new WilcoError(
        'WILCO_OPTION_INVALID',
        'certificates are given to a server without TLS',
      );
    }
    listener.renewCertificates(certificates);
  }

  /** A connection came in. */
  accept(connection: Connection): void {
    const { maxConnections, maxUnauthenticated } = this.#options;
    const accepted = new ServerConnection(connection, this.#accepting, this);
    this.#connections.add(accepted);
    this.#strangers.add(accepted);
    if (accepted.isExposed && !this.#options.isExposureAllowed) accepted.release('destroy');
    else if (this.#isClosing) accepted.refuse(this.#goingAway());
    else if (this.#connections.size > maxConnections) {
      this.#turnAway(accepted, `${maxConnections} connections`);
    } else if (this.#strangers.size > maxUnauthenticated) {
      this.#turnAway(accepted, `${maxUnauthenticated} strangers`);
    }
  }

  #turnAway(connection: ServerConnection, what: string): void {
    connection.refuse(overloaded(what, this.#retryAfterMs()));
  }

  helloed(connection: ServerConnection, hello: HelloFrame): void {
    if (hello.minVersion > PROTOCOL_VERSION || hello.maxVersion < PROTOCOL_VERSION) {
      const reason = `this side speaks version ${PROTOCOL_VERSION}`;
      connection.refuse({ code: 'WILCO_VERSION_UNSUPPORTED', reason, retryAfterMs: undefined });
      return;
    }
    if (this.#gate.isOpen) {
      this.#decide(connection, hello, undefined);
      return;
    }
    void this.#gate.ask(connection, hello.credentials, hello.session?.id).then((verdict) => {
      if (verdict.type !== 'accepted') {
        connection.refuse(verdict.refusal);
        return;
      }
      this.#admitted(connection, verdict.identity, verdict.validForMs);
      this.#decide(connection, hello, verdict.identity);
    });
  }

  readied(connection: ServerConnection, ready: ReadyFrame): void {
    this.#admission.readied(connection, ready);
  }

  closed(connection: ServerConnection, error: WilcoError | undefined): void {
    this.#connections.delete(connection);
    this.#strangers.delete(connection);
    this.#gate.left(connection);
    this.#leaving.add(connection);
    void connection.gone.then(() => this.#leaving.delete(connection));
    // Strangers who were sent away and do not go: to so many nothing is said any more.
    const isOneTooMany = this.#leaving.size > this.#options.maxUnauthenticated;
    if (isOneTooMany && !connection.wasOpen) connection.destroy();
    const session = this.#admission.closed(connection);
    if (session === undefined || !connection.wasOpen) return;
    const cause = error ?? new WilcoError('WILCO_CONNECTION_LOST', 'this side ended it');
    this.#setting.emit('offline', { session: session.handle, error: cause });
  }

  /** Ends all sessions of an identity, for good. */
  async revoke(identity: string): Promise<void> {
    this.#gate.revoke(identity);
    for (const connection of [...this.#connections]) {
      if (this.#gate.identityOf(connection) === identity) turnOut(connection);
    }
    const sessions = this.table.all.filter((session) => session.identity === identity);
    await Promise.all(sessions.map((session) => session.close(REVOKED, 0)));
  }

  /** Lets what is in flight settle, says goodbye to all, and lets go of everything. */
  async close(drainMs: number, elsewhere?: readonly string[]): Promise<void> {
    this.#isClosing = true;
    this.#elsewhere = elsewhere;
    const stopped = this.#setting.listener.close();
    this.#gate.close();
    for (const connection of [...this.#connections]) {
      if (connection.phase === 'open') connection.notify(this.#notice());
      else if (connection.phase === 'welcoming') {
        connection.release('finish', { kind: 'close', ...this.#goodbye() });
      } else connection.refuse(this.#goingAway());
    }
    const sessions = this.table.all;
    await Promise.all(sessions.map((session) => this.#closeSession(session, drainMs)));
    await Promise.all([...this.#leaving].map(({ gone }) => gone));
    this.#setting.handlers.close();
    await stopped;
    await this.#store.close();
    for (const session of sessions) session.leave();
  }

  #closeSession(session: ServerSession, drainMs: number): Promise<void> {
    // Nobody can come back any more, so there is nothing to wait for.
    const patienceMs = session.isOnline ? drainMs : 0;
    return session.close(this.#goodbye(), patienceMs);
  }

  #decide(connection: ServerConnection, hello: HelloFrame, identity: string | undefined): void {
    this.#strangers.delete(connection);
    if (this.#isClosing) connection.refuse(this.#goingAway());
    else this.#admission.decide(connection, hello, identity);
  }

  #admitted(
    connection: ServerConnection,
    identity: string | undefined,
    validForMs: number | undefined,
  ): void {
    if (connection.phase === 'closed') return;
    this.#gate.admitted(connection, identity, validForMs, () => {
      const detail = 'the credentials ran out and were not renewed';
      this.#expel(connection, new WilcoError('WILCO_AUTHENTICATION_EXPIRED', detail));
    });
  }

  /** Fresh credentials of a running session: of the same identity, or it is the end of the connection. */
  async #checkCredentials(session: ServerSession, credentials: Uint8Array): Promise<void> {
    const { connection } = session;
    if (connection === undefined) return;
    const verdict = await this.#gate.askAgain(connection, session.id, credentials);
    if (verdict === undefined || connection.phase !== 'open') return;
    if (verdict.type === 'undecided') {
      const afterMs = verdict.refusal.retryAfterMs;
      connection.notify({ kind: 'notice', notice: 'credentialsUndecided', afterMs });
    } else if (verdict.type === 'accepted' && verdict.identity === session.identity) {
      const { validForMs: afterMs } = verdict;
      this.#admitted(connection, verdict.identity, afterMs);
      connection.notify({ kind: 'notice', notice: 'credentialsAccepted', afterMs });
    } else {
      const detail = 'the fresh credentials were not accepted';
      this.#expel(connection, new WilcoError('WILCO_AUTHENTICATION_FAILED', detail));
    }
  }

  /** Ends a connection on account of who is at its other end; the session stays. */
  #expel(connection: ServerConnection, error: WilcoError): void {
    this.#admission.sessionOf(connection)?.live.driver.connectionLost(error);
    connection.dropped(error);
  }

  #sessionOver(session: ServerSession): void {
    this.table.remove(session);
  }

  /** Puts the sessions back that the store held. Returns those that are over, and had not moved. */
  #restore(): Unmoved[] {
    const { sessions = [], damage = [] } = this.#setting.contents ?? {};
    const unmoved: Unmoved[] = [];
    for (const contents of sessions) {
      const { session: id, role, attempt, identity, peerRunId, successor } = contents.session;
      if (role !== 'server') continue;
      const session = new ServerSession(this.#sessions, {
        id,
        identity,
        attempt: attempt ?? { boot: 1, counter: 1 },
        clientRunId: peerRunId,
        scope: contents.session.idScope,
        contents,
        isDamaged: damage.some((one) => (one.session ?? id) === id),
      });
      if (successor === undefined) this.table.add(session);
      else unmoved.push({ session, successor: successor.session, reason: successor.reason });
    }
    return unmoved;
  }

  #serverId(): ServerId {
    const { serverId } = this.#options;
    return (
      serverId ?? this.#setting.contents?.storeId ?? addressName(this.#setting.listener.address)
    );
  }

  #retryAfterMs(): number {
    const { random, retrySpreadMs } = this.#options;
    return Math.min(Math.ceil(random.fraction() * retrySpreadMs), LIMITS.durationMs);
  }

  #goingAway(): Refusal {
    const reason = 'the server is shutting down';
    const elsewhere = this.#elsewhere;
    return { code: 'WILCO_GOING_AWAY', reason, retryAfterMs: this.#retryAfterMs(), elsewhere };
  }

  /** What nothing keeps is over, and its clients need not look for it. */
  #goodbye(): Refusal & { readonly mode: 'end' | 'detach' } {
    return { mode: this.#store.isVolatile ? 'end' : 'detach', ...this.#goingAway() };
  }

  #notice(): NoticeFrame {
    const elsewhere = this.#elsewhere;
    return { kind: 'notice', notice: 'goingAway', afterMs: this.#retryAfterMs(), elsewhere };
  }
}

/** Ends an opening on account of who was revoked; a session says it itself. */
function turnOut(connection: ServerConnection): void {
  const { phase } = connection;
  if (phase === 'deciding') connection.refuse(REVOKED);
  else if (phase === 'welcoming') connection.release('finish', { kind: 'close', ...REVOKED });
}

/** What all sessions share, and none has of its own. */
function sharedOf({
  options,
  store,
  tombstones,
  emit,
}: ServerLifeSetting): Pick<ServerSessionSetting, 'pastOf' | 'sending'> {
  return {
    pastOf: (session, follower) => tombstones.pastOf(session, follower),
    sending: {
      clock: options.clock,
      options: options.session,
      checkWrites: (writes) => store.checkEffect(writes),
      failureUnobserved: (failure) => emit('failureUnobserved', failure),
      settled: (settled) => emit('settled', settled),
    },
  };
}

const REVOKED = {
  mode: 'end',
  code: 'WILCO_REVOKED',
  reason: 'the identity was revoked',
  retryAfterMs: undefined,
} as const;
