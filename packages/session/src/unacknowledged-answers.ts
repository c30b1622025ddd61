import { LIMITS } from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import { NO_BYTES, type OutgoingMessage } from './outgoing-message.ts';
import { outgoingRecord } from './outgoing-records.ts';
import type { SendChannel } from './send-channel.ts';

/** Answers that the peer has not acknowledged, and what they cost in memory. */
export class UnacknowledgedAnswers {
  count = 0;
  /** Bytes: payloads, texts, and what a message costs besides. */
  bytes = 0;

  add(answer: OutgoingMessage): void {
    this.count += 1;
    this.bytes += costOf(answer);
  }

  remove(answer: OutgoingMessage): void {
    this.count -= 1;
    this.bytes -= costOf(answer);
  }

  /** The peer would not take the reply any more: it learns that there was one. */
  loseReply(message: OutgoingMessage, channel: SendChannel, context: SessionContext): void {
    if (message.answer?.outcome !== 'reply') return;
    const { journal, setting } = context;
    this.remove(message);
    message.answer = { ...message.answer, outcome: 'replyLost' };
    message.payload = NO_BYTES;
    this.add(message);
    if (journal.isVolatile) return;
    journal.persist({ type: 'putOutgoing', record: outgoingRecord(setting, channel, message) });
  }
}

function costOf({ payload, answer }: OutgoingMessage): number {
  const texts = (answer?.code.length ?? 0) + (answer?.reason.length ?? 0);
  return LIMITS.messageOverheadBytes + payload.byteLength + 2 * texts;
}
