import {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  DEFAULT_CHANNEL,
  DEFAULT_CHANNEL_NAME,
  derivedMessageId,
  type AckFrame,
  type AnswerFrame,
  type ErrorCode,
  type FragmentFrame,
  type Frame,
  type MessageFrame,
  type SessionContents,
  type SessionId,
  type TypesFrame,
  type WilcoError,
} from '@wilco/protocol';
import type {
  AbandonedMessage,
  Delivery,
  HandlerResult,
  OutgoingMessage,
  Settlement,
} from '@wilco/session';
import type { SessionDriver } from './session-driver.ts';
import { logError, type EventLog, type LogFields, type LogPosition } from './log.ts';

type Direction = 'in' | 'out';
type Side = 'client' | 'server';

/** Names that were told on a connection, by their numbers. */
class Names {
  readonly types = new Map<number, string>();
  readonly channels = new Map<number, string>([
    [ANSWER_CHANNEL, ANSWER_CHANNEL_NAME],
    [DEFAULT_CHANNEL, DEFAULT_CHANNEL_NAME],
  ]);

  learn({ types, channels }: TypesFrame): void {
    for (const { number, name } of types) this.types.set(number, name);
    for (const { number, name } of channels) this.channels.set(number, name);
  }
}

/** Writes down what passes through one session, so that a message can be followed. */
export class SessionLog {
  readonly #log: EventLog;
  readonly #role: Side;
  /** What its store had called it, until there is an engine. */
  readonly #storedId: SessionId | undefined;
  readonly #names = { in: new Names(), out: new Names() };
  #connection: number | undefined;
  #heardAtMs = 0;
  /** Set once there is one: a session that comes out of a store gives orders while it is made. */
  driver: Pick<SessionDriver, 'engine' | 'stats'> | undefined;

  constructor(log: EventLog, role: Side, contents: SessionContents | undefined) {
    this.#log = log;
    this.#role = role;
    this.#storedId = role === 'client' ? contents?.session.id : contents?.session.session;
  }

  /** Frames of this connection follow. */
  attached(connection: number, nowMs: number): void {
    this.#connection = connection;
    this.#heardAtMs = nowMs;
  }

  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  transmitted(frame: Frame): void {
    this.#passed(frame, 'out');
  }

  arrived(frame: Frame): void {
    this.#passed(frame, 'in');
  }

  dropped(error: WilcoError, nowMs: number): void {
    const stats = this.driver?.stats();
    this.#write('connection.dropped', {
      ...logError(error),
      silentMs: nowMs - this.#heardAtMs,
      oldestUnsettledMs: stats?.oldestUnsettledMs,
      inFlight: stats?.inFlight,
      probes: stats?.probes,
      roundTripMs: stats?.roundTripMs,
    });
  }

  queued(message: OutgoingMessage): void {
    this.#write('message.queued', { ...ofOutgoing(message), bytes: message.payload.byteLength });
  }

  received(message: OutgoingMessage): void {
    this.#write('message.received', ofOutgoing(message));
  }

  settled(message: OutgoingMessage, { status, code }: Settlement): void {
    if (status === 'handled') this.#write('message.handled', ofOutgoing(message));
    else this.#write('message.failed', { ...ofOutgoing(message), outcome: status, code });
  }

  started(delivery: Delivery): void {
    this.#write('handler.started', { ...this.#ofDelivery(delivery), attempt: delivery.attempt });
  }

  aborted(delivery: Delivery, code: ErrorCode): void {
    this.#write('handler.aborted', { ...this.#ofDelivery(delivery), code });
  }

  finished(delivery: Delivery, result: HandlerResult, isLate: boolean): void {
    const { outcome } = result;
    const code = outcome === 'notNow' ? '' : result.code;
    this.#write('handler.finished', { ...this.#ofDelivery(delivery), outcome, code, isLate });
  }

  abandoned({ delivery, code }: AbandonedMessage): void {
    this.#write('message.abandoned', {
      ...this.#ofDelivery(delivery),
      code,
      attempt: delivery.attempt,
    });
  }

  noticed(notice: string): void {
    if (notice === 'takenOver') this.#write('session.takenOver', {});
    else if (notice === 'goingAway') this.#write('session.goingAway', {});
  }

  #passed(frame: Frame, direction: Direction): void {
    const isOut = direction === 'out';
    switch (frame.kind) {
      case 'message':
        this.#write(isOut ? 'message.transmitted' : 'message.arrived', {
          ...this.#ofMessage(frame, direction),
          isResent: frame.isResent,
        });
        return;
      case 'fragment':
        this.#write('message.continued', this.#ofFragment(frame, direction));
        return;
      case 'answer':
        this.#write(
          isOut ? 'answer.transmitted' : 'answer.arrived',
          this.#ofAnswer(frame, direction),
        );
        return;
      case 'ack':
        this.#write(isOut ? 'ack.transmitted' : 'ack.arrived', {
          positions: this.#positionsOf(frame, direction),
        });
        return;
      case 'probe':
        this.#write(isOut ? 'probe.transmitted' : 'probe.arrived', {
          nonce: frame.nonce,
          frames: frame.written,
        });
        return;
      case 'probeAck':
        this.#write('probe.answered', { direction, nonce: frame.nonce, frames: frame.seen });
        return;
      case 'types':
        this.#names[direction].learn(frame);
        break;
      default:
    }
    this.#write(isOut ? 'frame.transmitted' : 'frame.arrived', { frame: frame.kind });
  }

  #ofMessage(frame: MessageFrame, direction: Direction): LogFields {
    const { types } = this.#names[direction];
    const { seq, type, payload } = frame;
    const channel = this.#channel(frame.channel, direction);
    const id = frame.id ?? this.#idOf(channel, seq, direction);
    return { channel, seq, id, type: types.get(type), bytes: payload.byteLength };
  }

  #ofFragment({ channel, seq, offset, payload }: FragmentFrame, direction: Direction): LogFields {
    const name = this.#channel(channel, direction);
    return { direction, channel: name, seq, offset, bytes: payload.byteLength };
  }

  /** It is of a message that went the other way. */
  #ofAnswer(frame: AnswerFrame, direction: Direction): LogFields {
    const of = direction === 'in' ? 'out' : 'in';
    const { answeredSeq: seq, outcome, payload } = frame;
    const channel = this.#channel(frame.answeredChannel, of);
    const id = frame.answeredId ?? this.#idOf(channel, seq, of);
    const code = frame.code === '' ? undefined : frame.code;
    return { channel, seq, id, outcome, code, bytes: payload.byteLength };
  }

  #positionsOf({ channels }: AckFrame, direction: Direction): LogPosition[] {
    const of = direction === 'in' ? 'out' : 'in';
    return channels.map(({ channel, received, handled }) => ({
      channel: this.#channel(channel, of),
      received,
      handled,
    }));
  }

  #ofDelivery({ channelName: channel, seq, type, id }: Delivery): LogFields {
    return { channel, seq, type, id: id ?? this.#idOf(channel, seq, 'in') };
  }

  #channel(number: number, direction: Direction): string {
    return this.#names[direction].channels.get(number) ?? String(number);
  }

  #idOf(channel: string, seq: number, direction: Direction): string {
    const isOfClient = (this.#role === 'client') === (direction === 'out');
    return derivedMessageId(this.#id ?? '', isOfClient ? 'client' : 'server', channel, seq);
  }

  get #id(): SessionId | undefined {
    return this.driver?.engine.id ?? this.#storedId;
  }

  #write(event: Parameters<EventLog['write']>[0], fields: LogFields): void {
    this.#log.write(event, {
      session: this.#id,
      connection: this.#connection,
      ...fields,
    });
  }
}

function ofOutgoing({ channelName: channel, seq, id, type }: OutgoingMessage): LogFields {
  return { channel, seq, id, type };
}
