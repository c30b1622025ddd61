import {
  LiveSession,
  newId,
  OutboxMoves,
  sessionSetting,
  usedElsewhere,
  WindowBudget,
  type Destination,
  type Handlers,
  type LostSession,
  type MessageSender,
  type PastSession,
  type Resolved,
  type SessionEnd,
  type SessionHandle,
  type SessionLife,
  type SessionSource,
  type StoreContents,
} from '@wilco/endpoint';
import {
  FEATURES,
  WilcoError,
  type HelloFrame,
  type NewReason,
  type ServerId,
  type SessionContents,
  type SessionId,
  type WelcomeFrame,
} from '@wilco/protocol';
import type { StateLost } from './events.ts';
import type { ResolvedClientOptions } from './options.ts';

/** What the sessions of a client need. */
export interface ClientSessionsSetting {
  readonly options: ResolvedClientOptions;
  readonly source: SessionSource;
  readonly handlers: Handlers;
  readonly sender: MessageSender;
  readonly handle: SessionHandle;
}

/** Whom they tell. */
export interface ClientSessionsOwner extends Omit<SessionLife, 'ended' | 'credentials'> {
  ended(session: LiveSession, end: SessionEnd): void;
  stateLost(lost: StateLost): void;
}

/** The session of the last WELCOME, by which it can be resumed, or given up. */
interface NamedSession {
  readonly id: SessionId;
  readonly token: Uint8Array;
  readonly serverId: ServerId;
}

/** What HELLO says of the session. */
export type HelloOfSession = Pick<
  HelloFrame,
  'session' | 'abandon' | 'expectedServer' | 'channels' | 'features'
>;

/** A HELLO that names no session. */
export const NO_SESSION: HelloOfSession = {
  session: undefined,
  abandon: undefined,
  expectedServer: undefined,
  channels: [],
  features: FEATURES.knowsMoved,
};

/** What WELCOME means for the session that this side has. */
export type WelcomeVerdict =
  | { readonly type: 'open'; readonly isResumed: boolean }
  | { readonly type: 'stateLost'; readonly reason: NewReason }
  | { readonly type: 'broken'; readonly error: WilcoError };

/**
 * The sessions of a client, one after the other: the one in use, how it is named to the
 * server, and what becomes of its messages when another has to follow.
 */
export class ClientSessions {
  readonly #setting: ClientSessionsSetting;
  /** All sessions of a client have the same peer. */
  readonly #peer = {
    scope: '',
    pastOf: (session: SessionId) => (this.#past?.session === session ? this.#past : undefined),
  };
  readonly #owner: ClientSessionsOwner;
  #current: LiveSession;
  /** Sessions that are over and whose messages are still on their way to the current one, the newest first. */
  readonly #moves: OutboxMoves;
  #named: NamedSession | undefined;
  /** Why the named session is not to be resumed. */
  #abandon: NewReason | undefined;
  /** The server has shown that it knows the session in use. */
  isConfirmed = false;
  /** Sessions that are over, to be told of when their successor has a name. */
  #lost: Omit<StateLost, 'successor'>[] = [];
  /** What this side had received of the session before the one in use. */
  #past: PastSession | undefined;

  /** @param found - What the store held, the newest session last. */
  constructor(
    setting: ClientSessionsSetting,
    owner: ClientSessionsOwner,
    found: readonly SessionContents[],
  ) {
    this.#setting = setting;
    this.#owner = owner;
    const newest = found.findLast(({ session }) => session.successor === undefined) ?? found.at(-1);
    this.#current = this.#create(newest);
    if (newest !== undefined) this.#named = namedIn(newest);
    this.isConfirmed = this.#named !== undefined;
    // It had ended, and the server was not told before this side was closed.
    if (this.#named === undefined) this.#named = newest?.session.follows;
    if (!this.isConfirmed && this.#named !== undefined) this.#abandon = 'ended';
    this.#moves = new OutboxMoves(this.#destination(this.#current));
    for (const contents of found) {
      if (contents === newest) continue;
      const { id, successor } = contents.session;
      const isConfirmed = id !== undefined;
      const lost = this.#lostSession(id, successor?.reason ?? 'ended', isConfirmed);
      const isUsedElsewhere = lost.reason === 'clientStateLost';
      this.#moves.addStored(() => this.#create(contents), { ...lost, isUsedElsewhere });
    }
    this.#moves.start();
    setting.source.letters.start();
  }

  /** The session in use. Has no id until a server has named it. */
  get current(): LiveSession {
    return this.#current;
  }

  /** Whether HELLO asks for a session that a certain server has. */
  get isResuming(): boolean {
    return this.#named !== undefined && this.#abandon === undefined;
  }

  hello(): HelloOfSession {
    const named = this.#named;
    if (named === undefined) return NO_SESSION;
    const session = { id: named.id, token: named.token };
    const { features } = NO_SESSION;
    if (this.#abandon === undefined) {
      const channels = this.#current.driver.engine.opening.offers();
      return { session, abandon: undefined, expectedServer: named.serverId, channels, features };
    }
    // Who gives its session up takes any server.
    return { ...NO_SESSION, session, abandon: this.#abandon };
  }

  /** Compares WELCOME with what this side knows, and takes over what it says. */
  welcomed(welcome: WelcomeFrame): WelcomeVerdict {
    const { sessionId: id, token, serverId } = welcome;
    const newReason = this.#newReason(welcome);
    if (newReason === undefined) {
      const wrong = this.#judge(welcome);
      if (wrong !== undefined) return wrong;
    } else {
      // What it took for lost in peace somebody else has followed: what moved may have been used.
      const isOlder = newReason === 'clientStateLost' && this.#abandon !== newReason;
      if (isOlder) this.#lost = this.#lost.map((one) => this.#lostToCopy(one));
      if (isOlder || this.#current.driver.engine.id !== undefined) this.replace(newReason);
      this.#nameCurrent(welcome);
    }
    this.#named = { id, token, serverId };
    this.#abandon = undefined;
    return { type: 'open', isResumed: newReason === undefined };
  }

  /** Why there is a new session, if there is: the server may not know that this side was set back. */
  #newReason({ newReason, predecessor, predecessorAck }: WelcomeFrame): NewReason | undefined {
    if (newReason === undefined) return undefined;
    const { knowledge } = this.#current.driver.engine;
    return knowledge.wasSetBack(predecessor, predecessorAck) ? 'clientStateLost' : newReason;
  }

  /** Keeps what WELCOME said, and that the two sides have met, as part of the next commit. */
  save({ sessionId: id, token, serverId, runId: peerRunId }: WelcomeFrame): void {
    this.#current.saveRecord({ ...UNNAMED, id, token, serverId, peerRunId });
    this.#current.met();
  }

  /**
   * The session is over: its messages go to the next one, which has no name yet.
   *
   * @param isOwnFinding - Its own store has found that it is damaged: nobody else has used it.
   */
  replace(reason: NewReason, isOwnFinding = false): void {
    const old = this.#current;
    const { id } = old.driver.engine;
    this.#abandon = reason;
    const next = this.#createNext();
    this.#current = next;
    this.#setting.sender.hold();
    const isOwnStateLost = reason === 'clientStateLost';
    // What this side's own store gave back wrongly the server sends again.
    if (isOwnStateLost) old.driver.stopHandling();
    // And what it never wrote, a copy of it may have; and others at the same places.
    const isUsedElsewhere = isOwnStateLost && !isOwnFinding;
    // The server may know of a session that has ended what became of each: nothing is doubted before.
    const isAsked = reason === 'ended' && id !== undefined;
    if (isAsked) this.#ask(old, next, id);
    const lost = this.#lostSession(id, reason, this.isConfirmed);
    this.#moves.add(old, this.#destination(next), { ...lost, isAsked, isUsedElsewhere });
    this.isConfirmed = false;
    this.#moves.start();
  }

  /**
   * The client is over: its sessions are kept for the next run, or end with what is unsettled in
   * them. Returns those that are kept.
   */
  part(isKept: boolean, error: WilcoError | undefined): readonly LiveSession[] {
    const { code, message: reason } = error ?? CLOSED;
    const all = [this.#current, ...this.#moves.stop()];
    for (const one of all) {
      one.driver.connectionLost(error);
      if (isKept) void one.close({ mode: 'detach', code, reason, retryAfterMs: undefined }, 0);
      else if (!one.hasEnded || one !== this.#current) void one.bury(code, reason);
    }
    return isKept ? all : [];
  }

  /** The session that is given up is not to be named: somebody else has it. */
  forgetToken(): void {
    this.#named = undefined;
    this.#abandon = undefined;
  }

  #judge(welcome: WelcomeFrame): WelcomeVerdict | undefined {
    if (this.#abandon !== undefined || welcome.sessionId !== this.#named?.id) {
      const detail = `WELCOME resumes ${welcome.sessionId}, which was not asked for`;
      return { type: 'broken', error: new WilcoError('WILCO_FRAME_UNEXPECTED', detail) };
    }
    switch (this.#current.driver.engine.opening.judge(welcome.runId, welcome.channels)) {
      case 'continues':
        return undefined;
      case 'peerStateLost':
        return { type: 'stateLost', reason: 'serverStateLost' };
      case 'ownStateLost':
        return { type: 'stateLost', reason: 'clientStateLost' };
    }
  }

  /** What was received of the old session is known in the next, and what was sent is asked there. */
  #ask(old: LiveSession, next: LiveSession, session: SessionId): void {
    const isDoubted = this.#setting.options.whenSessionLost === 'inDoubt';
    const { knowledge } = old.driver.engine;
    this.#past = knowledge.remains(old.nowMs());
    next.driver.engine.knowledge.follow({ session, channels: knowledge.sent(), isDoubted });
  }

  /** The server has opened the next session: what it knows of the one before holds. */
  #nameCurrent(welcome: WelcomeFrame): void {
    const { sessionId: id, predecessor: session, predecessorAck: ack, announcement } = welcome;
    const { predecessorStarted: started = [] } = welcome;
    const answersAgain = (announcement.features & FEATURES.knowsMoved) !== 0;
    const word = { session, ack, started, answersAgain };
    const resolved = this.#current.driver.name(id, word);
    const last = this.#lost.at(-1);
    if (last !== undefined && resolved !== undefined) {
      this.#lost[this.#lost.length - 1] = corrected(last, resolved);
    }
    this.isConfirmed = false;
    const lost = this.#lost;
    this.#lost = [];
    for (const one of lost) this.#owner.stateLost({ ...one, successor: id });
  }

  #destination(live: LiveSession): Destination {
    return { live, moved: () => this.#setting.sender.use(live.driver) };
  }

  #lostSession(id: SessionId | undefined, reason: NewReason, isConfirmed: boolean): LostSession {
    const { whenSessionLost: whenLost } = this.#setting.options;
    return {
      reason,
      whenLost,
      over: (counts, told) => {
        // A session that the server never had, and that carried nothing, was nobody's.
        const isReal = isConfirmed || counts.resent + counts.inDoubt > 0;
        if (id !== undefined && isReal) this.#tellLost({ session: id, reason: told, ...counts });
      },
    };
  }

  #lostToCopy(lost: Omit<StateLost, 'successor'>): Omit<StateLost, 'successor'> {
    const counts = usedElsewhere(lost, this.#setting.options.whenSessionLost);
    return { ...lost, reason: 'clientStateLost', ...counts };
  }

  #tellLost(lost: Omit<StateLost, 'successor'>): void {
    const successor = this.#current.driver.engine.id;
    if (successor === undefined) this.#lost.push(lost);
    else this.#owner.stateLost({ ...lost, successor });
  }

  /** By which session a later run of this side can still ask the server what became of messages. */
  #follows(): Pick<SessionContents['session'], 'follows'> {
    if (this.#named === undefined || this.#abandon !== 'ended') return {};
    return { follows: this.#named };
  }

  /** The lost session gives its memory back as its handlers finish: the next does not wait for that. */
  #createNext(): LiveSession {
    try {
      return this.#create(undefined);
    } catch (error) {
      if (!WilcoError.is(error, 'WILCO_OVERLOADED')) throw error;
      return this.#create(undefined, new WindowBudget(this.#setting.options.windowBudgetBytes));
    }
  }

  #create(
    contents: SessionContents | undefined,
    budget = this.#setting.source.budget,
  ): LiveSession {
    const { letters, log } = this.#setting.source;
    const { source, handlers, sender, handle, options } = this.#setting;
    const storeKey = contents?.session.session ?? newId(options.random);
    const driver = {
      clock: source.clock,
      store: source.store,
      options: options.session,
      session: sessionSetting({ ...source, budget }, storeKey, this.#peer, sender.kept),
      ...(contents !== undefined && { contents }),
    };
    const owner = this.#owner;
    const life: SessionLife = {
      noticed: (notice) => owner.noticed(notice),
      credentials: () => {},
      dropped: (frames, error) => owner.dropped(frames, error),
      finished: (frames) => owner.finished(frames),
      ended: (end) => owner.ended(session, end),
      handlerFailed: (failure) => owner.handlerFailed(failure),
      lateResult: (result) => owner.lateResult(result),
    };
    const session: LiveSession = new LiveSession(
      { driver, sender, handlers, handle, letters, log },
      life,
    );
    if (contents === undefined) session.saveRecord({ ...UNNAMED, ...this.#follows() });
    else session.adopt(contents);
    return session;
  }
}

const CLOSED = { code: 'WILCO_SESSION_ENDED', message: 'the client was closed' } as const;

const UNNAMED = {
  id: undefined,
  token: undefined,
  serverId: undefined,
  peerRunId: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
} as const;

/** What was told as sent again, by what the server knew of it. */
function corrected(
  lost: Omit<StateLost, 'successor'>,
  { handled, cleared, doubted }: Resolved,
): Omit<StateLost, 'successor'> {
  return {
    ...lost,
    handled: lost.handled + handled,
    moved: lost.moved + cleared,
    inDoubt: lost.inDoubt + doubted,
    resent: lost.resent - handled - cleared - doubted,
  };
}

function namedIn({ session }: SessionContents): NamedSession | undefined {
  const { id, token, serverId } = session;
  if (id === undefined || token === undefined || serverId === undefined) return undefined;
  return { id, token, serverId };
}

/** Whether its store has said that the state of a session is not as it was left. */
export function isDamaged(contents: StoreContents | undefined, { storeKey }: LiveSession): boolean {
  return contents?.damage.some(({ session = storeKey }) => session === storeKey) ?? false;
}
