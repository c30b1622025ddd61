import {
  PROTOCOL_VERSION,
  WilcoError,
  type CloseFrame,
  type Frame,
  type HelloFrame,
  type ReadyFrame,
  type RefuseFrame,
  type WelcomeFrame,
} from '@wilco/protocol';
import {
  nextClientPhase,
  type ClientConnectionEvent,
  type ClientConnectionPhase,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import { ConnectionLog } from './connection-log.ts';
import { FrameConnection, type FrameConnectionOwner } from './frame-connection.ts';
import { endOf } from './connection-end.ts';
import { farewellFrame } from './farewell-frame.ts';
import type { EventLog } from './log.ts';
import type { ResolvedOpeningOptions } from './opening-options.ts';
import { RepeatTimer } from './repeat-timer.ts';
import type { SessionDriver } from './session-driver.ts';
import type { Connection } from './transport.ts';

/** What one connection of a client needs. */
export interface ClientOpeningSetting {
  readonly clock: Clock;
  readonly options: ResolvedOpeningOptions;
  /** How long an ended connection may wait for the server's end. Milliseconds. */
  readonly lingerMs: number;
  readonly log?: EventLog | undefined;
}

/** Whom a client's connection tells. After `refused` or `closed` it tells nothing more. */
export interface ClientOpeningOwner {
  /** The connection is made: what to say first. */
  hello(): HelloFrame;
  /** To be answered by `accept` or `release`, now or later. */
  welcomed(welcome: WelcomeFrame): void;
  refused(refuse: RefuseFrame): void;
  /** The first frame after READY: the server has the session as well. */
  confirmed(): void;
  /** The server says goodbye; the session is told as well. */
  peerCloses(frame: CloseFrame): void;
  /** It is over: lost, broken, or late. The session was told. */
  closed(error: WilcoError): void;
}

/**
 * One connection of a client, from dialling to its end: HELLO, WELCOME, READY, then the
 * frames of the session. The machine is the table `CLIENT_TRANSITIONS`.
 */
export class ClientConnection implements FrameConnectionOwner {
  readonly #setting: ClientOpeningSetting;
  readonly #owner: ClientOpeningOwner;
  readonly #frames: FrameConnection;
  readonly #repeat: RepeatTimer;
  readonly #log: ConnectionLog | undefined;
  #phase: ClientConnectionPhase = 'dialling';
  #driver: SessionDriver | undefined;
  #isConfirmed = false;
  #hasPeerClosed = false;

  constructor(connection: Connection, setting: ClientOpeningSetting, owner: ClientOpeningOwner) {
    this.#setting = setting;
    this.#owner = owner;
    this.#repeat = new RepeatTimer(setting.clock);
    const { options, clock, lingerMs, log } = setting;
    this.#log = log && new ConnectionLog(log, 'connection.dialled', connection.remote);
    this.#frames = new FrameConnection(
      connection,
      { ...options, clock, lingerMs, isOpeningLimited: false },
      this,
      this.#log?.number,
    );
    this.#frames.setDeadline(clock.nowMs() + options.connectTimeoutMs);
  }

  /** Whether this side declared that TLS reaches from end to end. */
  get #hasIntegrity(): boolean {
    return this.#setting.options.integrity === 'endToEnd';
  }

  get phase(): ClientConnectionPhase {
    return this.#phase;
  }

  get isExposed(): boolean {
    return this.#frames.isExposed;
  }

  /** Whether it is the connection that a session let go of. */
  owns(frames: FrameConnection): boolean {
    return this.#frames === frames;
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#frames.gone;
  }

  /** WELCOME is believed, and its token kept: the session is open from here on. */
  accept(driver: SessionDriver, welcome: WelcomeFrame, ready: ReadyFrame): void {
    this.#move('stored');
    const frames = this.#frames;
    frames.setDeadline(Infinity);
    this.#say(ready);
    if (this.#hasIntegrity && welcome.announcement.hasIntegrity) frames.writeNoChecksum();
    this.#driver = driver;
    const writtenBefore = frames.framesWritten;
    driver.attach(frames, {
      peerRunId: welcome.runId,
      announcement: welcome.announcement,
      ack: welcome.ack,
      isReliable: frames.isReliable,
      handsOverReads: frames.handsOverReads,
      counts: {
        // WELCOME is the one frame of the opening that came in.
        get framesSeen() {
          return frames.framesSeen - 1;
        },
        get framesWritten() {
          return frames.framesWritten - writtenBefore;
        },
      },
    });
  }

  /** The session has let go of it: the server is told why, unless it was the server that went. */
  dropped(error: WilcoError): void {
    const words = farewellFrame(error);
    this.release('finish', this.#hasPeerClosed ? undefined : words);
  }

  /** Lets go of it: at once, or politely with a last frame. */
  release(how: 'destroy' | 'finish', last?: Frame): void {
    if (this.#phase === 'closed') return;
    this.#move('released');
    this.#repeat.stop();
    if (how === 'finish') this.#frames.finish(last);
    else this.#frames.destroy();
  }

  opened(): void {
    if (this.#phase !== 'dialling') return;
    this.#move('opened');
    const { clock, options } = this.#setting;
    this.#frames.setDeadline(clock.nowMs() + options.welcomeTimeoutMs);
    this.#say(this.#owner.hello());
  }

  heard(): void {
    this.#driver?.heard();
  }

  frame(frame: Frame): void {
    switch (this.#phase) {
      case 'greeting':
        this.#greeted(frame);
        return;
      case 'storing':
        this.#waited(frame);
        return;
      case 'open':
        this.#talked(frame);
        return;
      case 'dialling':
      case 'closed':
    }
  }

  readDone(isInputDry: boolean): void {
    this.#driver?.readDone(isInputDry);
  }

  ended(cause: Error | undefined): void {
    const isMade = this.#phase !== 'dialling';
    this.#move('lost');
    const code = isMade ? 'WILCO_CONNECTION_LOST' : 'WILCO_CONNECT_FAILED';
    this.#over(endOf(this.#frames.remote, code, cause));
  }

  broken(error: WilcoError): void {
    const wasOpen = this.#phase === 'open';
    this.#move('broken');
    if (wasOpen) this.#frames.finish(farewellFrame(error));
    else this.#frames.destroy();
    this.#over(error);
  }

  late(): void {
    const phase = this.#phase;
    this.#move('late');
    this.#frames.destroy();
    this.#over(new WilcoError('WILCO_OPENING_TIMEOUT', `${this.#frames.remote}: still ${phase}`));
  }

  #greeted(frame: Frame): void {
    if (frame.kind === 'refuse') {
      this.#repeat.stop();
      this.#move('refused');
      this.#log?.refused(frame.code, frame.reason);
      this.#frames.destroy();
      this.#owner.refused(frame);
    } else if (frame.kind !== 'welcome') {
      this.#misplaced(frame);
    } else if (frame.version === PROTOCOL_VERSION) {
      this.#repeat.stop();
      this.#move('welcomed');
      if (this.#hasIntegrity && frame.announcement.hasIntegrity) this.#frames.expectNoChecksum();
      this.#owner.welcomed(frame);
    } else {
      const detail = `the server chose version ${frame.version}, which was not offered`;
      this.broken(new WilcoError('WILCO_VERSION_UNSUPPORTED', detail));
    }
  }

  /** Until READY the server says nothing but that it goes. */
  #waited(frame: Frame): void {
    if (frame.kind === 'welcome' && !this.#frames.isReliable) this.#move('welcomedAgain');
    else if (frame.kind === 'close') this.#closedEarly(frame);
    else if (frame.kind !== 'notice') this.#misplaced(frame);
  }

  #closedEarly(frame: CloseFrame): void {
    this.#owner.peerCloses(frame);
    this.ended(undefined);
    this.#frames.destroy();
  }

  #talked(frame: Frame): void {
    if (frame.kind === 'welcome' && !this.#frames.isReliable) {
      this.#move('welcomedAgain');
      return;
    }
    if (isOfOpening(frame)) {
      this.#misplaced(frame);
      return;
    }
    if (!this.#isConfirmed) {
      this.#isConfirmed = true;
      this.#repeat.stop();
      this.#owner.confirmed();
    }
    if (frame.kind === 'close') {
      this.#hasPeerClosed = true;
      this.#owner.peerCloses(frame);
    }
    this.#driver?.receive(frame);
  }

  /** Where frames come late and twice, one out of place is nothing. */
  #misplaced(frame: Frame): void {
    if (!this.#frames.isReliable) return;
    const detail = `a ${frame.kind} while this side is ${this.#phase}`;
    this.broken(new WilcoError('WILCO_FRAME_UNEXPECTED', detail));
  }

  /** Says a frame of the opening; again and again, where it may get lost. */
  #say(frame: HelloFrame | ReadyFrame): void {
    this.#frames.write(frame);
    this.#frames.flush();
    if (this.#frames.isReliable) return;
    this.#repeat.start(() => {
      this.#move('repeatDue');
      this.#frames.write(frame);
    });
  }

  #over(error: WilcoError): void {
    this.#log?.ended(error);
    this.#repeat.stop();
    this.#driver?.connectionLost(error);
    this.#owner.closed(error);
  }

  #move(event: ClientConnectionEvent): void {
    const phase = this.#phase;
    this.#phase = nextClientPhase(phase, event);
    this.#setting.options.onTransition?.('client', phase, event);
    this.#log?.step(phase, event);
  }
}

function isOfOpening({ kind }: Frame): boolean {
  return kind === 'hello' || kind === 'welcome' || kind === 'refuse' || kind === 'ready';
}
