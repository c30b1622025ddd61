import {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  DEFAULT_CHANNEL,
  DEFAULT_CHANNEL_NAME,
  LIMITS,
  WilcoError,
  type AnswerFrame,
  type CancelFrame,
  type FragmentFrame,
  type MessageFrame,
  type SessionContents,
  type StartedPosition,
  type TypesFrame,
  type VoidFrame,
} from '@wilco/protocol';
import type { AckWriter } from './ack-writer.ts';
import { Assembly } from './assembly.ts';
import type { SessionContext } from './context.ts';
import type { Handling } from './handling.ts';
import { IncomingMessage } from './incoming-message.ts';
import { incomingRecord, receivingRecord } from './incoming-records.ts';
import { ReceiveChannel } from './receive-channel.ts';
import type { SessionWindow } from './session-window.ts';
import { NamesTaken } from './type-numbers.ts';

/**
 * What the peer sends: accepted once, in order, within the windows; kept; then handed
 * to the handlers. What came twice is dropped and acknowledged again.
 */
export class Inbox {
  readonly #context: SessionContext;
  readonly #handling: Handling;
  readonly #acks: AckWriter;
  readonly #window: SessionWindow;
  readonly #byNumber: (ReceiveChannel | undefined)[] = [];
  readonly #types = new NamesTaken();
  #isReliable = true;
  /** Takes an answer of the peer: set by the session. Returns what is wrong with it. */
  onAnswer: (answer: AnswerFrame, payload: Uint8Array) => WilcoError | undefined = () => undefined;
  /** How many messages came again. */
  duplicates = 0;

  constructor(
    context: SessionContext,
    handling: Handling,
    acks: AckWriter,
    window: SessionWindow,
    contents?: SessionContents,
  ) {
    this.#context = context;
    this.#handling = handling;
    this.#acks = acks;
    this.#window = window;
    if (contents !== undefined) this.#restore(contents);
    if (this.channel(ANSWER_CHANNEL) === undefined) this.#open(ANSWER_CHANNEL, ANSWER_CHANNEL_NAME);
    if (this.channel(DEFAULT_CHANNEL) === undefined)
      this.#open(DEFAULT_CHANNEL, DEFAULT_CHANNEL_NAME);
  }

  channel(number: number): ReceiveChannel | undefined {
    return this.#byNumber[number];
  }

  /** All channels, ascending. */
  get channels(): ReceiveChannel[] {
    return this.#byNumber.filter((channel) => channel !== undefined);
  }

  attached(isReliable: boolean): void {
    this.#isReliable = isReliable;
    this.#types.clear();
  }

  /** What came too early on a lost connection comes again. The windows start small again. */
  detached(): void {
    for (const channel of this.channels) {
      channel.early.clear();
      channel.window.shrink(channel.heldMessages, channel.heldBytes);
    }
    this.#window.shrink();
  }

  receiveMessage(frame: MessageFrame | AnswerFrame, nowMs: number): WilcoError | undefined {
    const number = frame.kind === 'answer' ? ANSWER_CHANNEL : frame.channel;
    const channel = this.channel(number);
    const isKnown = frame.kind === 'answer' || this.#types.nameOf(frame.type) !== undefined;
    if (channel === undefined || !isKnown) return this.#unknown(number, frame);
    if (frame.seq < channel.accepted) {
      this.#cameAgain(channel, nowMs);
      return undefined;
    }
    if (frame.seq > channel.accepted) return this.#cameEarly(channel, frame);
    const wrong = this.#begin(channel, frame, nowMs);
    if (wrong !== undefined) return wrong;
    return this.#takeEarly(channel, nowMs);
  }

  receiveFragment(frame: FragmentFrame, nowMs: number): WilcoError | undefined {
    const channel = this.channel(frame.channel);
    const assembly = channel?.assembly;
    if (channel === undefined || assembly === undefined || assembly.seq !== frame.seq) {
      return this.#unexpectedFragment(channel, frame, nowMs);
    }
    const size = frame.payload.byteLength;
    if (frame.offset !== assembly.offset) {
      if (!this.#isReliable) return undefined;
      return new WilcoError(
        'WILCO_FRAME_LOST',
        `a fragment at ${String(frame.offset)}, expected ${String(assembly.offset)}`,
      );
    }
    if (assembly.offset + size > assembly.grantedBytes) {
      return new WilcoError(
        'WILCO_WINDOW_EXCEEDED',
        `a fragment to ${String(assembly.offset + size)}, granted are ${String(assembly.grantedBytes)}`,
      );
    }
    assembly.add(frame.payload);
    channel.isDirty = true;
    this.#acks.came(size, false, nowMs);
    if (!assembly.isComplete) return undefined;
    channel.assembly = undefined;
    this.#window.finished(assembly);
    const wrong = this.#accept(
      channel,
      assembly.first,
      assembly.whole(),
      assembly.totalBytes,
      nowMs,
    );
    return wrong ?? this.#takeEarly(channel, nowMs);
  }

  receiveVoid(frame: VoidFrame, nowMs: number): WilcoError | undefined {
    const channel = this.channel(frame.channel);
    if (channel === undefined) return this.#unknown(frame.channel, frame);
    if (frame.to <= channel.accepted) {
      this.#cameAgain(channel, nowMs);
      return undefined;
    }
    if (frame.from > channel.accepted) {
      return this.#isReliable ? gap(channel, frame.from) : undefined;
    }
    this.#dropAssembly(channel);
    const from = channel.accepted;
    for (let seq = from; seq < frame.to; seq++) channel.early.delete(seq);
    channel.skip(frame.to);
    channel.isRecordDirty = true;
    this.#acks.came(0, false, nowMs);
    this.#context.journal.afterwards((thenMs) => {
      channel.handled.add(from, frame.to);
      this.#kept(channel, frame.to, thenMs);
    }, nowMs);
    return this.#takeEarly(channel, nowMs);
  }

  /** The peer wants a message back: it gets it, or the true outcome follows. */
  receiveCancel(frame: CancelFrame, nowMs: number): WilcoError | undefined {
    const channel = this.channel(frame.channel);
    if (channel === undefined) return this.#unknown(frame.channel, frame);
    if (frame.seq < channel.accepted) {
      const message = channel.ring.get(frame.seq);
      if (message !== undefined) this.#handling.withdraw(channel, message, nowMs);
      return undefined;
    }
    // At a resume requests come ahead of the messages; more than fit a window is no honest peer.
    if (channel.cancelledAhead.size < channel.window.mostMessages) {
      channel.cancelledAhead.add(frame.seq);
    }
    return undefined;
  }

  receiveTypes(frame: TypesFrame): WilcoError | undefined {
    for (const type of frame.types) {
      const wrong = this.#types.take(type);
      if (wrong !== undefined) return wrong;
    }
    for (const { number, name } of frame.channels) {
      const known = this.channel(number);
      if (known?.name === name) continue;
      if (known !== undefined || number >= LIMITS.channels) {
        return new WilcoError(
          'WILCO_CHANNEL_UNKNOWN',
          `channel ${String(number)} can not be '${name}'`,
        );
      }
      this.#open(number, name).isRecordDirty = true;
    }
    return undefined;
  }

  /** Grows the windows that are used up; called before they are announced. */
  growWindows(): void {
    for (const channel of this.#byNumber) {
      if (channel?.isDirty === true && !channel.isAnswers) channel.window.grow(() => true);
    }
    this.#window.grow();
  }

  /** The records of what changed since the last commit. */
  beforeCommit(): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile || !journal.isDirty) return;
    for (const channel of this.channels) {
      if (!channel.isRecordDirty) continue;
      channel.isRecordDirty = false;
      journal.persist({ type: 'putReceiving', record: receivingRecord(setting.storeKey, channel) });
    }
  }

  /** Where the handlers have come to, when none is started any more. */
  started(): StartedPosition[] {
    return this.channels
      .filter((channel) => !channel.isAnswers)
      .map((channel) => ({ channel: channel.number, started: channel.toStart }));
  }

  /** Gives back all memory that is held for what is unfinished. */
  dispose(): void {
    for (const channel of this.channels) this.#dropAssembly(channel);
    this.#window.dispose();
  }

  /** The first or only part of the next message. */
  #begin(
    channel: ReceiveChannel,
    frame: MessageFrame | AnswerFrame,
    nowMs: number,
  ): WilcoError | undefined {
    const size = frame.payload.byteLength;
    if (channel.assembly !== undefined) {
      if (!this.#isReliable) return undefined;
      return new WilcoError(
        'WILCO_FRAME_UNEXPECTED',
        `message ${String(frame.seq)} begins again before it is finished`,
      );
    }
    if (!channel.isAnswers) {
      const wrong = this.#window.check(channel, size);
      if (wrong !== undefined) return wrong;
    }
    if (frame.totalBytes === undefined) return this.#accept(channel, frame, undefined, 0, nowMs);
    const most = this.#window.maxMessageBytes;
    if (frame.totalBytes > most) {
      return new WilcoError(
        'WILCO_FRAME_TOO_LARGE',
        `a message of ${String(frame.totalBytes)} bytes, at most ${String(most)} are taken`,
      );
    }
    const assembly = new Assembly(frame, frame.totalBytes);
    channel.assembly = assembly;
    channel.isDirty = true;
    this.#acks.came(size, true, nowMs);
    this.#window.grant(assembly, () => {
      channel.isDirty = true;
      this.#acks.changed(nowMs);
      this.#context.sink.requestFlush();
    });
    return undefined;
  }

  /** A whole message, next in order. `payload` is given where it was put together here. */
  #accept(
    channel: ReceiveChannel,
    frame: MessageFrame | AnswerFrame,
    payload: Uint8Array | undefined,
    reservedBytes: number,
    nowMs: number,
  ): WilcoError | undefined {
    if (frame.kind === 'answer') {
      const wrong = this.onAnswer(frame, payload ?? frame.payload.slice());
      this.#window.release(reservedBytes);
      if (wrong !== undefined) return wrong;
      channel.skip(frame.seq + 1);
    } else this.#hold(channel, frame, payload, reservedBytes, nowMs);
    channel.isRecordDirty = true;
    this.#acks.came(frame.payload.byteLength, frame.ackNow, nowMs);
    const position = channel.accepted;
    this.#context.journal.afterwards((thenMs) => {
      if (channel.isAnswers) channel.handled.add(frame.seq);
      this.#kept(channel, position, thenMs);
    }, nowMs);
    return undefined;
  }

  #hold(
    channel: ReceiveChannel,
    frame: MessageFrame,
    payload: Uint8Array | undefined,
    reservedBytes: number,
    nowMs: number,
  ): void {
    const { journal, setting } = this.#context;
    const message = new IncomingMessage({
      channel: channel.number,
      channelName: channel.name,
      seq: frame.seq,
      type: this.#types.nameOf(frame.type) ?? '',
      id: frame.id,
      isResent: frame.isResent,
      extensions: frame.extensions,
      expiresAtMs: frame.ttlMs === undefined ? Infinity : nowMs + frame.ttlMs,
      cost: frame.payload.byteLength,
      attempts: 0,
      payload: payload ?? frame.payload.slice(),
    });
    message.reservedBytes = reservedBytes;
    channel.hold(message);
    this.#window.hold(message.cost);
    if (!journal.isVolatile) {
      journal.persist({ type: 'putIncoming', record: incomingRecord(setting, message) });
    }
    this.#handling.accepted(channel, message, nowMs);
  }

  /** What is below `position` is kept: it may be reported, and handlers may start on it. */
  #kept(channel: ReceiveChannel, position: number, nowMs: number): void {
    channel.received = Math.max(channel.received, position);
    channel.isDirty = true;
    this.#acks.changed(nowMs);
    if (!channel.isAnswers) this.#handling.pump(channel, nowMs);
    this.#context.sink.requestFlush();
  }

  #cameAgain(channel: ReceiveChannel, nowMs: number): void {
    this.duplicates += 1;
    channel.isDirty = true;
    this.#acks.came(0, true, nowMs);
  }

  #cameEarly(channel: ReceiveChannel, frame: MessageFrame | AnswerFrame): WilcoError | undefined {
    if (this.#isReliable) return gap(channel, frame.seq);
    channel.holdEarly(frame);
    return undefined;
  }

  #takeEarly(channel: ReceiveChannel, nowMs: number): WilcoError | undefined {
    while (channel.early.size > 0 && channel.assembly === undefined) {
      const frame = channel.early.get(channel.accepted);
      if (frame === undefined) return undefined;
      channel.early.delete(frame.seq);
      const wrong = this.#begin(channel, frame, nowMs);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #unexpectedFragment(
    channel: ReceiveChannel | undefined,
    frame: FragmentFrame,
    nowMs: number,
  ): WilcoError | undefined {
    if (channel !== undefined && frame.seq < channel.accepted) {
      this.#cameAgain(channel, nowMs);
      return undefined;
    }
    if (!this.#isReliable) return undefined;
    return new WilcoError(
      'WILCO_FRAME_UNEXPECTED',
      `a fragment of ${String(frame.seq)}, which was not begun`,
    );
  }

  #unknown(number: number, frame: { readonly kind: string }): WilcoError | undefined {
    // Where frames get lost, the one that announced it may have been: it comes again.
    if (!this.#isReliable) return undefined;
    return new WilcoError(
      'WILCO_CHANNEL_UNKNOWN',
      `a ${frame.kind} in channel ${String(number)}, or of a type, that was not announced`,
    );
  }

  #dropAssembly(channel: ReceiveChannel): void {
    if (channel.assembly === undefined) return;
    this.#window.revoke(channel.assembly);
    channel.assembly = undefined;
    channel.isDirty = true;
  }

  #open(number: number, name: string, position?: number, handled?: number): ReceiveChannel {
    const channel = new ReceiveChannel(
      number,
      name,
      this.#window.channelGrant(),
      position,
      handled,
    );
    this.#byNumber[number] = channel;
    return channel;
  }

  #restore(contents: SessionContents): void {
    for (const record of contents.receiving) {
      const channel = this.#open(record.channel, record.name, record.received, record.handled);
      for (let i = 0; i < record.ranges.length; i += 2) {
        channel.done.add(record.ranges[i] as number, record.ranges[i + 1]);
        channel.handled.add(record.ranges[i] as number, record.ranges[i + 1]);
      }
      const messages = contents.incoming.filter((one) => one.channel === record.channel);
      const answers = contents.outgoing.filter((one) => one.answer?.channel === record.channel);
      this.#handling.restore(channel, messages, answers);
      for (const message of channel.ring.items()) {
        if (message.state === 'waiting') this.#window.hold(message.cost);
      }
    }
  }
}

function gap(channel: ReceiveChannel, seq: number): WilcoError {
  return new WilcoError(
    'WILCO_FRAME_LOST',
    `seq ${String(seq)} came in channel ${String(channel.number)}, expected ${String(channel.accepted)}`,
  );
}
