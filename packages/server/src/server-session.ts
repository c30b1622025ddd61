import {
  fairShare,
  LiveSession,
  MessageSender,
  type MessageSenderSetting,
  sessionSetting,
  TokenRing,
  type Clock,
  type Destination,
  type FrameConnection,
  type HandlerFailure,
  type Handlers,
  type LateResult,
  type OutboxMoves,
  type PastSession,
  type ResolvedSessionOptions,
  type ServerConnection,
  type SessionEnd,
  type SessionLife,
  type SessionSource,
  type WindowBudget,
} from '@wilco/endpoint';
import {
  WilcoError,
  type Attempt,
  type ErrorCode,
  type NoticeFrame,
  type RunId,
  type SessionContents,
  type SessionId,
  type SessionRecord,
} from '@wilco/protocol';
import type { Emit } from './events.ts';
import { PeerSession } from './peer-session.ts';
import type { Tombstones } from './tombstones.ts';

const TAKEN_OVER: NoticeFrame = {
  kind: 'notice',
  notice: 'takenOver',
  afterMs: undefined,
};

type FarewellWords = Parameters<LiveSession['close']>[0];

/** What all sessions of a server share. */
export interface ServerSessionSetting {
  readonly clock: Clock;
  readonly options: ResolvedSessionOptions;
  readonly source: SessionSource;
  readonly handlers: Handlers;
  readonly outboxTotal: WindowBudget;
  readonly sending: MessageSenderSetting;
  readonly tombstones: Tombstones;
  /** What is known of a session that another one follows. */
  readonly pastOf: (session: SessionId, follower: SessionId) => PastSession | undefined;
  readonly emit: Emit;
  /** The client sent fresh credentials. */
  readonly credentials: (session: ServerSession, credentials: Uint8Array) => void;
  /** It is over, and is to be found no more. */
  over(session: ServerSession): void;
}

/** One session of a server: who it belongs to, what proves it, which connection has it. */
export class ServerSession implements SessionLife {
  readonly id: SessionId;
  readonly identity: string | undefined;
  /** Whose ids its messages have: those of its identity, else of the sessions that it follows. */
  readonly scope: string;
  readonly handle: PeerSession;
  readonly live: LiveSession;
  readonly sender: MessageSender;
  readonly tokens: TokenRing;
  /** Messages of the sessions before it that are on their way into this one. */
  moves: OutboxMoves | undefined;
  /** The session whose place it takes, until READY: a run after this one may have to see to it. */
  replaces: SessionRecord['replaces'];
  readonly #setting: ServerSessionSetting;
  /** The newest try to resume it. */
  attempt: Attempt;
  /** The run of the client that made it. */
  clientRunId: RunId | undefined;
  /** The one connection that may be, or become, its own: from WELCOME on. */
  connection: ServerConnection | undefined;
  /** What the store held of it is not as it was left: its client is told that it is lost. */
  readonly isDamaged: boolean;
  /** READY has come once: it is the client's, and can be found. */
  isEstablished: boolean;
  /** A resume is being written to the store; others wait for it. */
  isResuming = false;
  #waitingResumes: (() => void)[] | undefined;
  /** With which code it leaves its records to the next run; `undefined`: it does not. */
  #detachCode: ErrorCode | undefined;
  /** It is to end, whatever else is said later. */
  #ending: FarewellWords | undefined;
  /** The next run goes on with it. */
  #isLeft = false;

  constructor(
    setting: ServerSessionSetting,
    given: {
      readonly id: SessionId;
      readonly identity: string | undefined;
      readonly attempt: Attempt;
      readonly clientRunId: RunId | undefined;
      /** Whose ids its messages have, where it follows another session. */
      readonly scope?: string | undefined;
      readonly contents?: SessionContents;
      readonly isDamaged?: boolean;
    },
  ) {
    const { id, identity, contents } = given;
    this.#setting = setting;
    this.id = id;
    this.identity = identity;
    this.scope = given.scope ?? (identity === undefined ? `s${id}` : `i${identity}`);
    this.attempt = given.attempt;
    this.clientRunId = given.clientRunId;
    this.isDamaged = given.isDamaged ?? false;
    this.isEstablished = contents !== undefined;
    this.replaces = contents?.session.replaces;
    this.tokens = TokenRing.restore(contents?.session.tokenHashes ?? []);
    this.handle = new PeerSession(id, identity, this);
    const { clock, options, source, handlers, outboxTotal, sending } = setting;
    this.sender = new MessageSender(sending, this.handle, fairShare(outboxTotal));
    const driver = {
      clock,
      store: source.store,
      options,
      session: sessionSetting(source, id, {
        scope: this.scope,
        pastOf: setting.pastOf,
      }),
      ...(contents !== undefined && { contents }),
    };
    const { sender, handle } = this;
    this.live = new LiveSession(
      { driver, sender, handlers, handle, letters: source.letters, log: source.log },
      this,
    );
    this.live.driver.name(id);
    if (contents !== undefined) this.live.adopt(contents);
    this.sender.use(this.live.driver);
  }

  /** Where the messages of the sessions before it go. */
  get destination(): Destination {
    return { live: this.live, moved: () => this.sender.use(this.live.driver) };
  }

  /** Whether its connection is open. */
  get isOnline(): boolean {
    return this.connection?.phase === 'open';
  }

  /** Keeps what proves it and who had it last, as part of the next commit. */
  save(): void {
    this.live.saveRecord({
      peerRunId: this.clientRunId,
      serverId: undefined,
      token: undefined,
      tokenHashes: this.tokens.hashes,
      identity: this.identity,
      idScope: this.scope,
      attempt: this.attempt,
      ...(this.replaces !== undefined && { replaces: this.replaces }),
    });
  }

  /** Nothing that its old connection still brings has any effect from here on. */
  fence(newRunId: RunId): void {
    const old = this.connection;
    this.connection = undefined;
    if (old === undefined) return;
    const wasOnline = old.phase === 'open';
    const error = new WilcoError('WILCO_CONNECTION_LOST', 'a newer connection took its place');
    this.live.driver.connectionLost(undefined);
    // Another run is another client: it is told, so that the two do not fight over the session.
    if (newRunId === this.clientRunId) old.release('destroy');
    else old.release('finish', TAKEN_OVER);
    if (wasOnline) this.#setting.emit('offline', { session: this.handle, error });
  }

  /** One resume at a time: calls `resume` now, or when the one before has answered. */
  whenFree(resume: () => void): void {
    if (this.isResuming) (this.#waitingResumes ??= []).push(resume);
    else resume();
  }

  /** The resume that was under way has answered, or came to nothing. */
  resumeDone(): void {
    this.isResuming = false;
    // One that is refused, or gone by now, resumes nothing: the next has its turn.
    const waiting = this.#waitingResumes ?? [];
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      next();
      if (this.#isBusy()) return;
    }
  }

  #isBusy(): boolean {
    return this.isResuming;
  }

  /** Says goodbye when it is quiet, or after `drainMs`. */
  async close(asked: FarewellWords, drainMs: number): Promise<void> {
    this.sender.close();
    if (asked.mode === 'end') this.#ending = asked;
    const words = this.#ending ?? asked;
    this.#detachCode = words.mode === 'detach' ? words.code : undefined;
    const { connection } = this;
    await this.live.close(words, drainMs);
    await connection?.gone;
  }

  /** It is over: what a client that comes back with its token is told from now on. */
  bury(isTrusted: boolean, successor?: SessionId): void {
    const { id: session, identity, scope, tokens } = this;
    const remains = this.live.driver.engine.knowledge.remains(this.live.nowMs());
    const past = isTrusted ? remains : undefined;
    this.#setting.tombstones.add({ session, identity, scope, tokens, past, successor });
  }

  /** The server is closed: who waits for a message that the store keeps is told so. */
  leave(): void {
    if (!this.#isLeft) return;
    for (const one of [this.live, ...(this.moves?.stop() ?? [])]) one.leave();
  }

  /** A new session that no READY ever came for. */
  discard(): void {
    this.live.giveUp('WILCO_CONNECTION_LOST', 'the session was never opened');
    this.live.forget();
  }

  noticed(): void {}

  credentials(credentials: Uint8Array): void {
    this.#setting.credentials(this, credentials);
  }

  dropped(frames: FrameConnection, error: WilcoError): void {
    if (this.connection?.owns(frames) !== true) return;
    // A goodbye that nobody has answered in time has waited long enough.
    if (this.#ending !== undefined) this.connection.release('destroy');
    else this.connection.dropped(error);
  }

  finished(frames: FrameConnection): void {
    if (this.connection?.owns(frames) === true) this.connection.release('finish');
  }

  handlerFailed(failure: HandlerFailure): void {
    this.#setting.emit('handlerFailed', failure);
  }

  lateResult(result: LateResult): void {
    this.#setting.emit('lateResult', result);
  }

  ended({ code, reason, isLocal }: SessionEnd): void {
    // It may have ended otherwise while the server drained: then nothing of it is to be found.
    const isDetached = isLocal && code === this.#detachCode;
    const isKept = isDetached && !this.#setting.source.store.isVolatile;
    // Nothing moves into a session that is over: what has not moved stays where it is.
    const moving = this.moves?.stop() ?? [];
    if (!isKept) {
      this.live.driver.stopHandling();
      if (this.isEstablished) this.bury(true);
      void this.live.bury(code, reason);
      for (const one of moving) void one.bury(code, reason);
    }
    this.#isLeft = isKept;
    this.sender.close();
    this.sender.cancelWaiting(code);
    this.sender.over();
    // Before READY the session itself can't say that it was ended.
    const words = this.connection?.phase === 'welcoming' ? this.#ending : undefined;
    this.connection?.release('finish', words && { kind: 'close', ...words });
    this.#setting.over(this);
    this.#setting.emit('closed', { session: this.handle, error: new WilcoError(code, reason) });
  }
}
