import {
  judgeToken,
  lastAck,
  lastStarted,
  newId,
  type PastSession,
  type Refusal,
  type ServerConnection,
  type StoreDriver,
} from '@wilco/endpoint';
import {
  compareAttempts,
  FEATURES,
  LIMITS,
  PROTOCOL_VERSION,
  WilcoError,
  type HelloFrame,
  type NewReason,
  type ReadyFrame,
  type RunId,
  type ServerId,
  type SessionId,
  type WelcomeFrame,
} from '@wilco/protocol';
import type { Emit, SecurityEvent } from './events.ts';
import type { Gate } from './gate.ts';
import type { ResolvedServerOptions } from './options.ts';
import { ServerSession, type ServerSessionSetting } from './server-session.ts';
import type { SessionTable } from './session-table.ts';
import type { Succession } from './succession.ts';
import type { Tombstone } from './tombstones.ts';

/** What the decisions need. */
export interface AdmissionSetting {
  readonly options: ResolvedServerOptions;
  readonly store: StoreDriver;
  readonly runId: RunId;
  readonly serverId: ServerId;
  readonly table: SessionTable;
  readonly succession: Succession;
  readonly sessions: ServerSessionSetting;
  readonly emit: Emit;
  readonly gate: Gate;
  /** After how long somebody who is refused for now may come back. Milliseconds. */
  readonly retryAfterMs: () => number;
}

/** A connection that was welcomed, and what READY will make of it. */
interface Opening {
  readonly hello: HelloFrame;
  readonly session: ServerSession;
  /** `undefined`: resumed. */
  readonly newReason: NewReason | undefined;
  /** The session that the client proved, and that this one follows. */
  readonly predecessor: ServerSession | undefined;
  /** What the client proved: a session, or what is left of one. */
  readonly proven?: ServerSession | Tombstone | undefined;
}

/**
 * Decides what becomes of a client that is authenticated: its session is resumed, or it
 * gets a new one. Steps and order are those of section 3.2 of PROTOCOL.md.
 */
export class Admission {
  readonly #setting: AdmissionSetting;
  /** By connection, until READY. */
  readonly #openings = new Map<ServerConnection, Opening>();
  /** By connection, from READY until it is over. */
  readonly #opened = new Map<ServerConnection, ServerSession>();
  /** New sessions that wait for READY, and will take the place of none. */
  #adding = 0;

  constructor(setting: AdmissionSetting) {
    this.#setting = setting;
  }

  /** Answers HELLO, now or when a resume that is under way has answered. */
  decide(connection: ServerConnection, hello: HelloFrame, identity: string | undefined): void {
    if (connection.phase !== 'deciding') return;
    const asked = hello.session;
    if (asked === undefined) {
      this.#openNew(connection, hello, identity, 'first', undefined);
      return;
    }
    const { table, sessions } = this.#setting;
    const session = table.find(asked.id) ?? sessions.tombstones.find(asked.id);
    const proof = judgeToken(session?.tokens, asked.token);
    const isForeign = session?.identity !== identity;
    if (session === undefined || proof === 'unknown') {
      this.#notFound(connection, hello, identity);
    } else if (isForeign) {
      this.#report(connection, 'WILCO_AUTHENTICATION_FAILED', asked.id, identity);
      this.#notFound(connection, hello, identity);
    } else if (proof === 'replayed') {
      this.#report(connection, 'WILCO_TOKEN_REPLAYED', asked.id, identity);
      this.#refuseReplay(connection, hello, identity);
    } else if (!(session instanceof ServerSession)) {
      this.#openNew(connection, hello, identity, reasonFor(hello, session), session);
    } else if (session.isResuming) {
      session.whenFree(() => this.decide(connection, hello, identity));
    } else if (compareAttempts(hello.attempt, session.attempt) <= 0) {
      const reason = 'a newer connection of this session was opened already';
      connection.refuse({ code: 'WILCO_ATTEMPT_STALE', reason, retryAfterMs: 0 });
    } else {
      // Whoever shows the issued token has it: READY was lost, the older token is void.
      if (proof === 'issued') session.tokens.confirm();
      this.#resumeOrFollow(connection, hello, session);
    }
  }

  /** READY has come: the session is the client's. */
  readied(connection: ServerConnection, ready: ReadyFrame): void {
    const opening = this.#openings.get(connection);
    if (opening === undefined || opening.session.live.hasEnded) {
      connection.release('finish');
      return;
    }
    const { session, newReason, predecessor, proven, hello } = opening;
    this.#openings.delete(connection);
    this.#opened.set(connection, session);
    if (newReason !== undefined && predecessor?.live.hasEnded === true && this.#isFull) {
      // The place that it was to take has gone to another.
      const { options, retryAfterMs } = this.#setting;
      const words = overloaded(`${options.maxSessions} sessions`, retryAfterMs());
      connection.release('finish', { kind: 'close', mode: 'detach', ...words });
      return;
    }
    session.tokens.confirm();
    session.isEstablished = true;
    const { replaces } = session;
    session.replaces = undefined;
    session.save();
    const { table, options, sessions, succession } = this.#setting;
    session.live.met();
    if (newReason === undefined) {
      if (replaces !== undefined) this.#replaceLate(replaces, session);
      connection.open(session.live.driver, ready, hello);
      if (session.isOnline) this.#setting.emit('resumed', session.handle);
      return;
    }
    if (predecessor === undefined) this.#adding -= 1;
    // Another one may have been opened since HELLO.
    const known = options.isOneSessionPerIdentity ? table.newestOf(session.identity) : undefined;
    table.add(session);
    sessions.tombstones.followed(idOf(proven), session.id);
    if (predecessor !== undefined) succession.succeed(predecessor, session, newReason);
    if (known !== undefined) succession.succeed(known, session, newReason);
    connection.open(session.live.driver, ready, hello);
    // A listener of `stateLost` may have ended it.
    if (!session.live.hasEnded) this.#setting.emit('session', session.handle);
  }

  /**
   * The connection is over. A new session that was not READY dies with it. Returns the
   * session that has lost its connection by it.
   */
  closed(connection: ServerConnection): ServerSession | undefined {
    const opening = this.#openings.get(connection);
    const session = this.sessionOf(connection);
    this.#openings.delete(connection);
    this.#opened.delete(connection);
    if (session === undefined) return undefined;
    if (!session.isEstablished) {
      if (opening !== undefined && opening.predecessor === undefined) this.#adding -= 1;
      session.discard();
    }
    if (session.connection !== connection) return undefined;
    session.connection = undefined;
    // What WELCOME promised was to a connection that is gone, also where READY never came.
    session.live.driver.connectionLost(undefined);
    return session;
  }

  /** The session that a connection has, or is being opened for. */
  sessionOf(connection: ServerConnection): ServerSession | undefined {
    return this.#opened.get(connection) ?? this.#openings.get(connection)?.session;
  }

  /** A run of this side before this one ended between the WELCOME of a session and its READY. */
  #replaceLate(
    { session: id, reason }: NonNullable<ServerSession['replaces']>,
    session: ServerSession,
  ): void {
    const { table, succession } = this.#setting;
    const replaced = table.find(id);
    if (replaced !== undefined) succession.succeed(replaced, session, reason);
  }

  /** Whether there is no place for a session that takes the place of none. */
  get #isFull(): boolean {
    const { table, options } = this.#setting;
    return table.size + this.#adding >= options.maxSessions;
  }

  /** Unknown, foreign, expired and wrongly proven answer alike. */
  #notFound(connection: ServerConnection, hello: HelloFrame, identity: string | undefined): void {
    const { abandon, expectedServer } = hello;
    const { serverId } = this.#setting;
    if (abandon === undefined && expectedServer !== undefined && expectedServer !== serverId) {
      const reason = `this is ${serverId}, and it does not know the session`;
      connection.refuse({ code: 'WILCO_WRONG_SERVER', reason, retryAfterMs: 0 });
      return;
    }
    this.#openNew(connection, hello, identity, abandon ?? 'unknown', undefined);
  }

  #report(
    { remote }: ServerConnection,
    code: SecurityEvent['code'],
    session: SessionId,
    identity: string | undefined,
  ): void {
    this.#setting.emit('securityEvent', { code, session, identity, remote });
  }

  /** Who has an old token was restored, or stole it: the session stays as it is. */
  #refuseReplay(
    connection: ServerConnection,
    hello: HelloFrame,
    identity: string | undefined,
  ): void {
    if (hello.abandon !== undefined) {
      // Another one has used the session since: whatever else it was given up for, this is why.
      this.#openNew(connection, hello, identity, 'clientStateLost', undefined);
      return;
    }
    const reason = 'the token was replaced by a later one';
    connection.refuse({ code: 'WILCO_TOKEN_REPLAYED', reason, retryAfterMs: undefined });
  }

  /** The client has proved the session. */
  #resumeOrFollow(connection: ServerConnection, hello: HelloFrame, session: ServerSession): void {
    const reason = hello.abandon ?? this.#lostState(hello, session);
    if (reason !== undefined) {
      this.#openNew(connection, hello, session.identity, reason, session);
      return;
    }
    fence(session, hello);
    session.connection = connection;
    session.isResuming = true;
    this.#welcome(connection, { hello, session, newReason: undefined, predecessor: undefined });
  }

  #lostState(hello: HelloFrame, session: ServerSession): NewReason | undefined {
    if (session.isDamaged) return 'serverStateLost';
    switch (session.live.driver.engine.opening.judge(hello.runId, hello.channels)) {
      case 'continues':
        return undefined;
      case 'peerStateLost':
        return 'clientStateLost';
      case 'ownStateLost':
        return 'serverStateLost';
    }
  }

  #openNew(
    connection: ServerConnection,
    hello: HelloFrame,
    identity: string | undefined,
    newReason: NewReason,
    proven: ServerSession | Tombstone | undefined,
  ): void {
    const { options, table, sessions, retryAfterMs } = this.#setting;
    const known = options.isOneSessionPerIdentity ? table.newestOf(identity) : undefined;
    // Who takes the place of a session of its own needs no other.
    const followed = proven instanceof ServerSession ? proven : undefined;
    const predecessor = followed ?? known;
    if (predecessor === undefined && this.#isFull) {
      connection.refuse(overloaded(`${options.maxSessions} sessions`, retryAfterMs()));
      return;
    }
    const { attempt, runId: clientRunId } = hello;
    const id = newId(options.random);
    let session: ServerSession;
    try {
      const scope = proven?.scope;
      session = new ServerSession(sessions, { id, identity, attempt, clientRunId, scope });
    } catch (error) {
      if (!WilcoError.is(error, 'WILCO_OVERLOADED')) throw error;
      connection.refuse(overloaded('no room for windows', retryAfterMs()));
      return;
    }
    if (followed !== undefined) fence(followed, hello);
    if (predecessor !== undefined) {
      session.replaces = { session: predecessor.id, reason: newReason };
    }
    session.connection = connection;
    session.isResuming = true;
    if (predecessor === undefined) this.#adding += 1;
    this.#welcome(connection, { hello, session, newReason, predecessor, proven });
  }

  /** Issues a token, has it kept, and says WELCOME. */
  #welcome(connection: ServerConnection, opening: Opening): void {
    const { options, store } = this.#setting;
    const { session } = opening;
    const token = options.random.bytes(LIMITS.tokenBytes);
    session.tokens.issue(token);
    session.save();
    this.#openings.set(connection, opening);
    const say = (): void => {
      if (connection.phase === 'deciding') this.#sayWelcome(connection, opening, token);
      session.resumeDone();
    };
    if (store.isVolatile) say();
    else
      store.commit((error) => {
        if (error !== undefined) connection.refuse(storeFailed(this.#setting.retryAfterMs()));
        say();
      });
  }

  #sayWelcome(
    connection: ServerConnection,
    { session, newReason, hello, proven }: Opening,
    token: Uint8Array,
  ): void {
    const { driver } = session.live;
    connection.welcome({
      kind: 'welcome',
      version: PROTOCOL_VERSION,
      serverId: this.#setting.serverId,
      runId: this.#setting.runId,
      sessionId: session.id,
      token,
      newReason,
      predecessor: idOf(proven),
      ...(newReason === 'ended' && hasFeature(hello) && lastWord(proven)),
      validForMs: this.#setting.gate.validForMs(connection),
      channels: newReason === undefined ? driver.engine.opening.offers() : [],
      announcement: driver.engine.opening.announcement(),
      ack: driver.fullAck(),
    });
  }
}

/** Why there is a new session, to who proves one that has ended. */
function reasonFor({ abandon }: HelloFrame, { successor }: Tombstone): NewReason {
  // Once another has followed it, whoever comes again was set back, or is one of two.
  return successor === undefined ? (abandon ?? 'ended') : 'clientStateLost';
}

/** What is known of a client's messages in the session that it has proved. */
function pastOf(proven: Opening['proven']): PastSession | undefined {
  if (!(proven instanceof ServerSession)) return proven?.past;
  return proven.live.driver.engine.knowledge.remains(proven.live.nowMs());
}

function idOf(proven: Opening['proven']): SessionId | undefined {
  return proven instanceof ServerSession ? proven.id : proven?.session;
}

function lastWord(proven: Opening['proven']): Partial<WelcomeFrame> {
  const past = pastOf(proven);
  return past === undefined
    ? {}
    : { predecessorAck: lastAck(past), predecessorStarted: lastStarted(past) };
}

function hasFeature({ features }: HelloFrame): boolean {
  return (features & FEATURES.knowsMoved) !== 0;
}

/** Nothing that the session's old connection still brings has any effect; nor has an older try. */
function fence(session: ServerSession, { attempt, runId }: HelloFrame): void {
  session.fence(runId);
  session.attempt = attempt;
  session.clientRunId = runId;
}

/** Nothing can be kept, so nothing can be promised. */
function storeFailed(retryAfterMs: number): Refusal {
  return { code: 'WILCO_STORE_FAILED', reason: 'the store of the server has failed', retryAfterMs };
}

/** There is no room now. */
export function overloaded(what: string, retryAfterMs: number): Refusal {
  return { code: 'WILCO_OVERLOADED', reason: `there is no room: ${what}`, retryAfterMs };
}
