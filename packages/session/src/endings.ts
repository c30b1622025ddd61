import { LIMITS } from '@wilco/protocol';
import type { AckWriter } from './ack-writer.ts';
import type { SessionContext } from './context.ts';
import type { DeadlineHeap } from './deadline-heap.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { KnownIds } from './known-ids.ts';
import type { Outbox } from './outbox.ts';
import { NO_BYTES } from './outgoing-message.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { SessionWindow } from './session-window.ts';
import type { HandlerEnd } from './sink.ts';
import type { StartMarks } from './start-marks.ts';
import { answerRecord, PLAINLY, verdictOf, type Verdict } from './verdict.ts';

/** Who has a part in the end of a message. */
interface EndingParts {
  readonly acks: AckWriter;
  readonly deadlines: DeadlineHeap<IncomingMessage>;
  readonly ids: KnownIds | undefined;
  readonly marks: StartMarks;
  readonly outbox: Outbox;
  readonly window: SessionWindow;
}

/**
 * Ends the messages of the peer: lets go of what they took, and has their mark, their answer and
 * the end of their record in one commit.
 */
export class Endings {
  readonly #context: SessionContext;
  readonly #parts: EndingParts;
  /** The session is over: messages are still handled, but there is nobody to tell. */
  isOrphaned = false;
  peerMaxMessageBytes: number = LIMITS.messageBytes;
  /** Messages that have not ended. */
  pendingCount = 0;

  constructor(context: SessionContext, parts: EndingParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** The message ends as its handler said, or another one of the same id. */
  endAs(channel: ReceiveChannel, message: IncomingMessage, end: HandlerEnd, nowMs: number): void {
    for (const effect of end.effects ?? []) this.#keep(effect, message);
    if (end.outcome === 'handled') {
      this.#finishPlainly(channel, message, nowMs);
      return;
    }
    const said = verdictOf(end, this.peerMaxMessageBytes);
    const payload = said.outcome === 'reply' ? end.payload : undefined;
    this.conclude(channel, message, said, payload ?? NO_BYTES, nowMs);
  }

  /** Whether anybody can still learn how it ends: its peer, or who sends it again in a later session. */
  isKept(message: IncomingMessage): boolean {
    return !this.isOrphaned || this.#parts.ids?.isFirst(message) === true;
  }

  /** The message ends with an answer. */
  conclude(
    channel: ReceiveChannel,
    message: IncomingMessage,
    said: Verdict,
    payload: Uint8Array,
    nowMs: number,
  ): void {
    if (said.isDeadLetter) {
      const { code, reason } = said;
      this.#context.sink.deadLetter({ delivery: message, payload: message.payload, code, reason });
    }
    this.#letGo(channel, message);
    this.#parts.ids?.concluded(message, { ...said, payload }, nowMs);
    // Its answer reaches nobody: it never counts as handled, and whoever sends it again is told by its id.
    if (this.isOrphaned) return;
    message.state = 'answered';
    channel.isRecordDirty = true;
    this.#dropRecord(message);
    this.#parts.outbox.answer(answerRecord(message, said), payload, nowMs);
  }

  /** The message counts as handled, as soon as that is kept. */
  markDone(channel: ReceiveChannel, seq: number, nowMs: number): void {
    const { journal, sink } = this.#context;
    channel.finish(seq);
    channel.isRecordDirty = true;
    if (journal.isVolatile) this.#tellDone(channel, seq, nowMs);
    else this.#keepDone(channel, seq);
    sink.requestFlush();
  }

  /** A write that holds together with the end of a message, or with that of the id that it stands for. */
  #keep(effect: unknown, message: IncomingMessage): void {
    const operation = { type: 'effect', effect } as const;
    if (!this.isOrphaned) this.#context.journal.persist(operation);
    else if (this.isKept(message)) this.#parts.ids?.persist(operation);
  }

  #keepDone(channel: ReceiveChannel, seq: number): void {
    this.#context.journal.afterwards((nowMs) => {
      this.#tellDone(channel, seq, nowMs);
    });
  }

  #tellDone(channel: ReceiveChannel, seq: number, nowMs: number): void {
    channel.handled.add(seq);
    channel.isDirty = true;
    this.#parts.acks.changed(nowMs);
  }

  /** The message ends as handled, with nothing more to say. */
  #finishPlainly(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    this.#letGo(channel, message);
    this.#parts.ids?.concluded(message, PLAINLY, nowMs);
    message.state = 'done';
    this.#dropRecord(message);
    this.markDone(channel, message.seq, nowMs);
  }

  #letGo(channel: ReceiveChannel, message: IncomingMessage): void {
    this.#parts.deadlines.remove(message);
    this.#parts.marks.leave(message);
    this.pendingCount -= 1;
    channel.letGo(message);
    this.#parts.window.letGo(message.cost, message.reservedBytes);
    message.payload = NO_BYTES;
  }

  #dropRecord(message: IncomingMessage): void {
    const { journal, setting } = this.#context;
    // Of a session that is over nothing is kept: its records may be gone, or are for the next run.
    if (journal.isVolatile || this.isOrphaned) return;
    journal.persist({
      type: 'dropIncoming',
      session: setting.storeKey,
      channel: message.channel,
      seq: message.seq,
    });
  }
}
