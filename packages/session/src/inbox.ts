import {
  ANSWER_CHANNEL,
  type AnswerFrame,
  type CancelFrame,
  type FragmentFrame,
  type MessageFrame,
  type SessionContents,
  type StartedPosition,
  type TypesFrame,
  type VoidFrame,
  type WilcoError,
} from '@wilco/protocol';
import type { AckWriter } from './ack-writer.ts';
import { extensionCost, incoming, type Arrival } from './arrival.ts';
import { Assembly } from './assembly.ts';
import type { SessionContext } from './context.ts';
import type { Handling } from './handling.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { incomingRecord, receivingRecord } from './incoming-records.ts';
import { KeptPayloads } from './kept-payloads.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import {
  begunAgain,
  gap,
  notBegun,
  notNext,
  tooFar,
  tooLarge,
  unknownChannel,
  unknownType,
} from './order-faults.ts';
import { ReceiveChannels } from './receive-channels.ts';
import type { SessionWindow } from './session-window.ts';
import { NamesTaken } from './type-numbers.ts';

/** Who takes the answers of the peer. Returns what is wrong with one. */
interface AnswerReader {
  readAnswer(answer: AnswerFrame, payload: Uint8Array): WilcoError | undefined;
}

/**
 * What the peer sends: accepted once, in order, within the windows; kept; then handed
 * to the handlers. What came twice is dropped and acknowledged again.
 */
export class Inbox {
  readonly #context: SessionContext;
  readonly #handling: Handling;
  readonly #acks: AckWriter;
  readonly #window: SessionWindow;
  readonly #channels: ReceiveChannels;
  readonly #types = new NamesTaken();
  readonly #payloads = new KeptPayloads();
  #isReliable = true;
  /** Set by the session. */
  answers: AnswerReader | undefined;
  /** How many messages were accepted, and how many came again. */
  taken = 0;
  duplicates = 0;

  constructor(
    context: SessionContext,
    handling: Handling,
    acks: AckWriter,
    window: SessionWindow,
    nowMs: number,
    contents?: SessionContents,
  ) {
    this.#context = context;
    this.#handling = handling;
    this.#acks = acks;
    this.#window = window;
    this.#channels = new ReceiveChannels(window, contents?.receiving ?? []);
    if (contents !== undefined) this.#restore(contents, nowMs);
  }

  channel(number: number): ReceiveChannel | undefined {
    return this.#channels.numbered(number);
  }

  /** All channels, ascending. */
  get channels(): readonly ReceiveChannel[] {
    return this.#channels.all;
  }

  attached(isReliable: boolean, areReadsHandedOver: boolean, nowMs: number): void {
    this.#isReliable = isReliable;
    this.#payloads.areReadsHandedOver = areReadsHandedOver;
    this.#types.clear();
    this.#window.attached(isReliable);
    this.#handling.compared(nowMs);
  }

  /** What came too early on a lost connection comes again. The windows start small again. */
  detached(): void {
    for (const channel of this.channels) {
      channel.forgetEarly(Infinity);
      channel.window.shrink(channel.heldMessages, channel.heldBytes);
    }
    this.#window.detached();
  }

  receiveMessage(frame: MessageFrame | AnswerFrame, nowMs: number): WilcoError | undefined {
    const number = frame.kind === 'answer' ? ANSWER_CHANNEL : frame.channel;
    const channel = this.channel(number);
    if (channel === undefined) return this.#orLost(unknownChannel(frame.kind, number));
    const type = this.#typeOf(frame);
    if (type === undefined) return this.#orLost(unknownType(frame.seq));
    if (frame.seq < channel.accepted) return this.#again(channel, undefined, nowMs);
    if (frame.seq > channel.accepted) return this.#cameEarly(channel, frame);
    const wrong = this.#begin(channel, frame, type, nowMs);
    if (wrong !== undefined) return wrong;
    return this.#takeEarly(channel, nowMs);
  }

  receiveFragment(frame: FragmentFrame, nowMs: number): WilcoError | undefined {
    const channel = this.channel(frame.channel);
    if (channel === undefined) return this.#orLost(unknownChannel(frame.kind, frame.channel));
    const { assembly } = channel;
    if (frame.seq < channel.accepted) return this.#again(channel, undefined, nowMs);
    if (assembly?.seq !== frame.seq) return this.#orLost(notBegun(frame.seq));
    if (frame.offset !== assembly.offset) {
      return this.#again(channel, notNext(frame, assembly), nowMs);
    }
    const end = frame.offset + frame.payload.byteLength;
    if (end > assembly.grantedBytes) return tooFar(end, assembly);
    assembly.add(frame.payload);
    channel.isDirty = true;
    this.#acks.came(frame.payload.byteLength, false, nowMs);
    if (!assembly.isComplete) return undefined;
    channel.assembly = undefined;
    this.#window.finished(assembly);
    const { arrival, totalBytes } = assembly;
    const wrong = this.#accept(channel, arrival, assembly.whole(), totalBytes, nowMs);
    return wrong ?? this.#takeEarly(channel, nowMs);
  }

  receiveVoid(frame: VoidFrame, nowMs: number): WilcoError | undefined {
    const channel = this.channel(frame.channel);
    if (channel === undefined) return this.#orLost(unknownChannel(frame.kind, frame.channel));
    if (frame.to <= channel.accepted) return this.#again(channel, undefined, nowMs);
    if (frame.from > channel.accepted) return this.#orLost(gap(channel, frame.from));
    this.#dropAssembly(channel);
    const from = channel.accepted;
    channel.skip(frame.to);
    channel.forgetEarly(frame.to);
    channel.forgetCancelled(frame.to);
    channel.isRecordDirty = true;
    this.#context.journal.afterwards((thenMs) => {
      channel.handled.add(from, frame.to);
      this.#acks.came(0, false, nowMs, thenMs);
      this.#kept(channel, frame.to, thenMs);
    }, nowMs);
    return this.#takeEarly(channel, nowMs);
  }

  /** The peer wants a message back: it gets it, or the true outcome follows. */
  receiveCancel(frame: CancelFrame, nowMs: number): WilcoError | undefined {
    const channel = this.channel(frame.channel);
    if (channel === undefined) return this.#orLost(unknownChannel(frame.kind, frame.channel));
    if (frame.seq < channel.accepted) {
      const message = channel.held(frame.seq);
      if (message !== undefined) this.#handling.withdraw(channel, message, nowMs);
      return undefined;
    }
    // At a resume requests come ahead of the messages.
    channel.cancelAhead(frame.seq);
    return undefined;
  }

  receiveTypes(frame: TypesFrame): WilcoError | undefined {
    for (const type of frame.types) {
      const wrong = this.#types.take(type);
      if (wrong !== undefined) return wrong;
    }
    for (const channel of frame.channels) {
      const wrong = this.#channels.take(channel);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** Grows the windows that are used up; called before they are announced. */
  growWindows(nowMs: number): void {
    for (const channel of this.channels) {
      if (channel.isDirty && !channel.isAnswers) channel.window.grow(always);
    }
    this.#window.grow(nowMs);
  }

  turnEnds(nowMs: number): void {
    this.#payloads.settle();
    this.#handling.turnEnds(nowMs);
  }

  /** The records of what changed since the last commit. */
  beforeCommit(): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile || !journal.isDirty) return;
    for (const channel of this.channels) {
      if (!channel.isRecordDirty) continue;
      channel.isRecordDirty = false;
      this.#handling.marks.plan(channel);
      journal.persist({ type: 'putReceiving', record: receivingRecord(setting.storeKey, channel) });
    }
  }

  /** Where the handlers have come to, when none is started any more. */
  started(): StartedPosition[] {
    return this.channels
      .filter((channel) => !channel.isAnswers)
      .map((channel) => ({ channel: channel.number, started: channel.toStart }));
  }

  /** Gives back the memory for what is unfinished, and for what may not come any more. */
  dispose(): void {
    this.forgetUnfinished();
    this.#window.end();
    if (this.#handling.isStopped) this.#window.abandon();
  }

  /** The first or only part of the next message. */
  #begin(
    channel: ReceiveChannel,
    frame: MessageFrame | AnswerFrame,
    type: string,
    nowMs: number,
  ): WilcoError | undefined {
    const { totalBytes } = frame;
    const cost = frame.payload.byteLength + extensionCost(frame);
    if (channel.assembly !== undefined) return this.#again(channel, begunAgain(frame.seq), nowMs);
    if (totalBytes !== undefined && totalBytes > this.#window.maxMessageBytes)
      return tooLarge(totalBytes, this.#window.maxMessageBytes);
    if (!channel.isAnswers) {
      const wrong = this.#window.check(channel, cost);
      if (wrong !== undefined) return wrong;
      channel.occupy(cost);
      this.#window.hold(cost);
    }
    const arrival = { frame, type, atMs: nowMs, cost };
    if (totalBytes === undefined)
      return this.#accept(channel, arrival, this.#payloads.keep(frame), 0, nowMs);
    this.#assemble(channel, arrival, totalBytes, nowMs);
    return undefined;
  }

  /** The first part of a large message. */
  #assemble(channel: ReceiveChannel, arrival: Arrival, totalBytes: number, nowMs: number): void {
    const assembly = new Assembly(arrival, totalBytes);
    channel.assembly = assembly;
    channel.isDirty = true;
    this.#acks.came(arrival.cost, true, nowMs);
    const onGranted = (): void => {
      channel.isDirty = true;
      this.#acks.changed(nowMs);
      this.#context.sink.requestFlush();
    };
    this.#window.grant(assembly, onGranted, nowMs);
  }

  /** A whole message, next in order. */
  #accept(
    channel: ReceiveChannel,
    arrival: Arrival,
    payload: Uint8Array,
    reservedBytes: number,
    nowMs: number,
  ): WilcoError | undefined {
    const { frame, cost } = arrival;
    if (frame.kind === 'answer') {
      const wrong = this.answers?.readAnswer(frame, payload);
      this.#window.releaseAssembly(reservedBytes);
      if (wrong !== undefined) return wrong;
      channel.skip(frame.seq + 1);
    } else this.#hold(channel, incoming(channel, frame, arrival, payload), reservedBytes, nowMs);
    channel.isRecordDirty = true;
    if (this.#context.journal.isVolatile) this.#arrived(channel, frame, cost, nowMs, nowMs);
    else this.#keepFirst(channel, frame, cost, nowMs);
    return undefined;
  }

  #keepFirst(
    channel: ReceiveChannel,
    { seq, ackNow }: MessageFrame | AnswerFrame,
    cost: number,
    nowMs: number,
  ): void {
    this.#context.journal.afterwards((thenMs) => {
      this.#arrived(channel, { seq, ackNow }, cost, nowMs, thenMs);
    });
  }

  /** A whole message is kept, as durably as messages are kept here. */
  #arrived(
    channel: ReceiveChannel,
    { seq, ackNow }: Pick<MessageFrame, 'seq' | 'ackNow'>,
    cost: number,
    arrivedMs: number,
    nowMs: number,
  ): void {
    if (channel.isAnswers) channel.handled.add(seq);
    this.#acks.came(cost, ackNow, arrivedMs, nowMs);
    this.#kept(channel, seq + 1, nowMs);
  }

  #hold(
    channel: ReceiveChannel,
    message: IncomingMessage,
    reservedBytes: number,
    nowMs: number,
  ): void {
    const { journal, setting } = this.#context;
    message.reservedBytes = reservedBytes;
    this.taken += 1;
    channel.hold(message);
    this.#payloads.held(message);
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

  /** What came before is dropped, and acknowledged again; where nothing is repeated it may be a fault. */
  #again(
    channel: ReceiveChannel,
    fault: WilcoError | undefined,
    nowMs: number,
  ): WilcoError | undefined {
    if (fault !== undefined && this.#isReliable) return fault;
    this.duplicates += 1;
    channel.isDirty = true;
    this.#acks.came(0, true, nowMs);
    return undefined;
  }

  /** Where frames get lost it is no fault: what it needed comes again, and so does it. */
  #orLost(fault: WilcoError): WilcoError | undefined {
    return this.#isReliable ? fault : undefined;
  }

  #cameEarly(channel: ReceiveChannel, frame: MessageFrame | AnswerFrame): WilcoError | undefined {
    if (this.#isReliable) return gap(channel, frame.seq);
    channel.holdEarly(frame);
    return undefined;
  }

  #takeEarly(channel: ReceiveChannel, nowMs: number): WilcoError | undefined {
    while (channel.assembly === undefined) {
      const frame = channel.takeEarly();
      if (frame === undefined) return undefined;
      const wrong = this.#begin(channel, frame, this.#typeOf(frame) ?? '', nowMs);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** The name of the type of a message, if it was told on this connection. An answer has none. */
  #typeOf(frame: MessageFrame | AnswerFrame): string | undefined {
    return frame.kind === 'answer' ? '' : this.#types.nameOf(frame.type);
  }

  /** Large messages that are coming do not go on. */
  forgetUnfinished(): void {
    for (const channel of this.channels) this.#dropAssembly(channel);
  }

  #dropAssembly(channel: ReceiveChannel): void {
    const { assembly } = channel;
    if (assembly === undefined) return;
    this.#window.revoke(assembly);
    channel.assembly = undefined;
    channel.isDirty = true;
    if (channel.isAnswers) return;
    channel.vacate(assembly.arrival.cost);
    this.#window.letGo(assembly.arrival.cost, 0);
  }

  #restore(contents: SessionContents, nowMs: number): void {
    for (const channel of this.channels) {
      const messages = contents.incoming.filter((one) => one.channel === channel.number);
      this.#handling.restore(channel, messages, nowMs);
      for (const { cost, reservedBytes } of channel.waiting) {
        this.#window.restored(cost, reservedBytes);
      }
    }
  }
}

/** A window of a channel grows within that of its session, which takes the memory. */
function always(): boolean {
  return true;
}
