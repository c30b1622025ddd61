import {
  LIMITS,
  WilcoError,
  type ErrorCode,
  type Frame,
  type HelloFrame,
  type ReadyFrame,
  type RefuseFrame,
  type WelcomeFrame,
} from '@wilco/protocol';
import {
  nextServerPhase,
  type ServerConnectionEvent,
  type FrameCounts,
  type ServerConnectionPhase,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import { endOf } from './connection-end.ts';
import { farewellFrame, reasonOf } from './farewell-frame.ts';
import { ConnectionLog } from './connection-log.ts';
import {
  FrameConnection,
  type FrameConnectionOwner,
  type FrameConnectionSetting,
} from './frame-connection.ts';
import type { EventLog } from './log.ts';
import type { ResolvedOpeningOptions } from './opening-options.ts';
import type { SessionDriver } from './session-driver.ts';
import type { Connection, TlsPeer } from './transport.ts';

/** What one connection of a server needs. */
export interface ServerOpeningSetting {
  readonly clock: Clock;
  readonly options: ResolvedOpeningOptions;
  /** How long an ended connection may wait for the client's end. Milliseconds. */
  readonly lingerMs: number;
  /** After how long somebody may come back whom this side could not answer in time. Milliseconds. */
  readonly retryAfterMs: () => number;
  readonly log?: EventLog | undefined;
}

/** Whom a server's connection tells. */
export interface ServerOpeningOwner {
  /** To be answered by `welcome` or `refuse`, now or later. */
  helloed(connection: ServerConnection, hello: HelloFrame): void;
  /** The client has stored its token. To be answered by `open`, at once. */
  readied(connection: ServerConnection, ready: ReadyFrame): void;
  /** It is over, for whatever reason: refused, lost, broken, late, released. Told once. */
  closed(connection: ServerConnection, error: WilcoError | undefined): void;
}

/** What a refusal says. `retryAfterMs`: `undefined` for never. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  /** Where to go instead. */
  readonly elsewhere?: readonly string[] | undefined;
}

/**
 * One connection of a server, from its acceptance to its end: HELLO, WELCOME, READY, then
 * the frames of the session. The machine is the table `SERVER_TRANSITIONS`.
 */
export class ServerConnection implements FrameConnectionOwner, FrameCounts {
  readonly remote: string;
  readonly #setting: ServerOpeningSetting;
  readonly #owner: ServerOpeningOwner;
  readonly #frames: FrameConnection;
  readonly #log: ConnectionLog | undefined;
  #phase: ServerConnectionPhase = 'greeting';
  /** Kept once it is open only where frames may come again. */
  #hello: HelloFrame | undefined;
  #welcome: WelcomeFrame | undefined;
  #driver: SessionDriver | undefined;
  #hasPeerClosed = false;
  #seenBefore = 0;
  #writtenBefore = 0;

  constructor(connection: Connection, setting: ServerOpeningSetting, owner: ServerOpeningOwner) {
    this.#setting = setting;
    this.#owner = owner;
    this.remote = connection.remote;
    const { options, clock, log } = setting;
    this.#log = log && new ConnectionLog(log, 'connection.accepted', connection.remote);
    this.#frames = new FrameConnection(connection, limitsOf(setting), this, this.#log?.number);
    this.#frames.setDeadline(clock.nowMs() + options.helloTimeoutMs);
  }

  /** Whether both sides declared that TLS reaches from end to end. */
  get #hasIntegrity(): boolean {
    const isOurs = this.#welcome?.announcement.hasIntegrity === true;
    return isOurs && this.#hello?.hasIntegrity === true;
  }

  /** Frames since the opening. */
  get framesSeen(): number {
    return this.#frames.framesSeen - this.#seenBefore;
  }

  get framesWritten(): number {
    return this.#frames.framesWritten - this.#writtenBefore;
  }

  get phase(): ServerConnectionPhase {
    return this.#phase;
  }

  /** Whether a session was ever open on it. */
  get wasOpen(): boolean {
    return this.#driver !== undefined;
  }

  get isExposed(): boolean {
    return this.#frames.isExposed;
  }

  /** What TLS tells of the client; `undefined` without TLS. */
  get tls(): TlsPeer | undefined {
    return this.#frames.tls;
  }

  /** Whether it is the connection that a session let go of. */
  owns(frames: FrameConnection): boolean {
    return this.#frames === frames;
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#frames.gone;
  }

  /** The session is found or made, its token kept: says so. */
  welcome(welcome: WelcomeFrame): void {
    this.#move('decided');
    const { clock, options } = this.#setting;
    this.#frames.admit();
    this.#frames.setDeadline(clock.nowMs() + options.readyTimeoutMs);
    this.#welcome = welcome;
    this.#frames.write(welcome);
    if (this.#hasIntegrity) this.#frames.writeNoChecksum();
    this.#writtenBefore = this.#frames.framesWritten;
    this.#frames.flush();
  }

  /** Says no, and ends it. */
  refuse(refusal: Refusal): void {
    if (this.#phase === 'closed') return;
    this.#move('refused');
    this.#log?.refused(refusal.code, refusal.reason);
    this.#frames.finish(refuseFrame(refusal));
    this.#owner.closed(this, undefined);
  }

  /** The session is open on this connection, unless that was let go meanwhile. */
  open(driver: SessionDriver, ready: ReadyFrame, hello: HelloFrame): void {
    if (this.#phase !== 'open') return;
    const frames = this.#frames;
    this.#driver = driver;
    driver.attach(frames, {
      peerRunId: hello.runId,
      announcement: ready.announcement,
      ack: ready.ack,
      isReliable: frames.isReliable,
      handsOverReads: frames.handsOverReads,
      counts: this,
    });
    if (frames.isReliable) this.#hello = this.#welcome = undefined;
    this.#acknowledgeReady();
  }

  /** The session has let go of it: the client is told why, unless it was the client that went. */
  dropped(error: WilcoError): void {
    if (this.#phase === 'closed') return;
    const words = this.#hasPeerClosed ? undefined : this.#lastWords(error);
    this.#move('released');
    this.#frames.finish(words);
    this.#owner.closed(this, error);
  }

  /** Writes a frame beside the session: a NOTICE. */
  notify(frame: Frame): void {
    if (this.#phase !== 'open' && this.#phase !== 'welcoming') return;
    this.#frames.write(frame);
    this.#frames.flush();
  }

  /** Lets go of it: at once, or politely with a last frame. The session was told, or knows. */
  release(how: 'destroy' | 'finish', last?: Frame): void {
    if (this.#phase === 'closed') return;
    this.#move('released');
    if (how === 'finish') this.#frames.finish(last);
    else this.#frames.destroy();
    this.#owner.closed(this, undefined);
  }

  /** Gives up the polite ending, if one is under way. */
  destroy(): void {
    this.release('destroy');
    this.#frames.destroy();
  }

  /** The handshake of TLS is done, so it is known who is there. */
  opened(): void {
    const { refusal } = this.#frames;
    if (refusal !== undefined) this.broken(refusal);
  }

  heard(): void {
    this.#driver?.heard();
  }

  frame(frame: Frame): void {
    if (frame.kind === 'hello') this.#takeHello(frame);
    else if (frame.kind === 'ready') this.#takeReady(frame);
    else if (this.#phase !== 'open' || frame.kind === 'welcome' || frame.kind === 'refuse') {
      this.#misplaced(frame);
    } else {
      this.#hasPeerClosed ||= frame.kind === 'close';
      this.#driver?.receive(frame);
    }
  }

  readDone(isInputDry: boolean): void {
    this.#driver?.readDone(isInputDry);
  }

  ended(cause: Error | undefined): void {
    this.#move('lost');
    this.#over(endOf(this.remote, 'WILCO_CONNECTION_LOST', cause));
  }

  broken(error: WilcoError): void {
    const last = this.#lastWords(error);
    this.#move('broken');
    this.#frames.finish(last);
    this.#over(error);
  }

  late(): void {
    const error = new WilcoError(
      'WILCO_OPENING_TIMEOUT',
      `${this.remote}: still ${this.#phase} after its time`,
    );
    const last = this.#lastWords(error);
    this.#move('late');
    this.#frames.finish(last);
    this.#over(error);
  }

  #takeHello(hello: HelloFrame): void {
    if (this.#phase === 'greeting') {
      this.#move('helloed');
      this.#hello = hello;
      this.#owner.helloed(this, hello);
      return;
    }
    if (this.#frames.isReliable) {
      this.#misplaced(hello);
      return;
    }
    if (this.#phase === 'closed' || !isSameHello(this.#hello, hello)) return;
    this.#move('helloedAgain');
    if (this.#phase === 'welcoming' && this.#welcome !== undefined)
      this.#frames.write(this.#welcome);
  }

  #takeReady(ready: ReadyFrame): void {
    if (this.#phase === 'open' && !this.#frames.isReliable) {
      this.#move('readiedAgain');
      this.#acknowledgeReady();
    } else if (this.#phase !== 'welcoming') {
      this.#misplaced(ready);
    } else if (ready.announcement.hasIntegrity !== this.#hello?.hasIntegrity) {
      const detail = 'READY and HELLO do not say the same about integrity';
      this.broken(new WilcoError('WILCO_FRAME_MALFORMED', detail));
    } else {
      this.#move('readied');
      if (this.#hasIntegrity) this.#frames.expectNoChecksum();
      this.#frames.setDeadline(Infinity);
      this.#seenBefore = this.#frames.framesSeen;
      this.#owner.readied(this, ready);
    }
  }

  /** Where READY may have been lost, the client waits for a word. */
  #acknowledgeReady(): void {
    if (!this.#frames.isReliable) this.#driver?.acknowledge();
  }

  /** Where frames come late and twice, one out of place is nothing. */
  #misplaced(frame: Frame): void {
    if (!this.#frames.isReliable || this.#phase === 'closed') return;
    const detail = `a ${frame.kind} while this side is ${this.#phase}`;
    this.broken(new WilcoError('WILCO_FRAME_UNEXPECTED', detail));
  }

  /** Says what is wrong; before WELCOME as a refusal, so that it comes again when that can help. */
  #lastWords(error: WilcoError): Frame {
    if (this.#phase === 'welcoming' || this.#phase === 'open') return farewellFrame(error);
    const { code, retryable } = error;
    // Who has said HELLO waits for this side, as others do: they are not to come back all at once.
    const retryAfterMs = this.#phase === 'deciding' ? this.#setting.retryAfterMs() : 0;
    const reason = reasonOf(error);
    return refuseFrame({ code, reason, retryAfterMs: retryable ? retryAfterMs : undefined });
  }

  #over(error: WilcoError): void {
    this.#log?.ended(error);
    this.#driver?.connectionLost(error);
    this.#owner.closed(this, error);
  }

  #move(event: ServerConnectionEvent): void {
    const phase = this.#phase;
    this.#phase = nextServerPhase(phase, event);
    this.#setting.options.onTransition?.('server', phase, event);
    this.#log?.step(phase, event);
  }
}

/** One for all connections of a server. */
const limits = new WeakMap<ServerOpeningSetting, FrameConnectionSetting>();

function limitsOf(setting: ServerOpeningSetting): FrameConnectionSetting {
  const known = limits.get(setting);
  if (known !== undefined) return known;
  const { clock, lingerMs, options } = setting;
  const { frameTimeoutMs, maxUnsentBytes } = options;
  const made = { clock, frameTimeoutMs, maxUnsentBytes, lingerMs, isOpeningLimited: true };
  limits.set(setting, made);
  return made;
}

function refuseFrame({ code, reason, retryAfterMs, elsewhere }: Refusal): RefuseFrame {
  const afterMs =
    retryAfterMs === undefined ? undefined : Math.min(Math.ceil(retryAfterMs), LIMITS.durationMs);
  return { kind: 'refuse', code, reason, retryAfterMs: afterMs, elsewhere };
}

/** Whether a HELLO is a repetition: the same try of the same run. */
function isSameHello(first: HelloFrame | undefined, again: HelloFrame): boolean {
  if (first === undefined) return false;
  const { boot, counter } = first.attempt;
  return (
    first.runId === again.runId && boot === again.attempt.boot && counter === again.attempt.counter
  );
}
