import { LIMITS, type AnswerFrame, type MessageFrame } from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';

const NO_EXTENSIONS: readonly [] = [];

/** The frame of a message or an answer, with the first `partBytes` of its payload. */
export function frameOf(
  channel: SendChannel,
  message: OutgoingMessage,
  typeNumber: number,
  partBytes: number,
  nowMs: number,
): MessageFrame | AnswerFrame {
  const size = message.payload.byteLength;
  const isWhole = partBytes >= size;
  const payload = isWhole ? message.payload : message.payload.subarray(0, partBytes);
  const totalBytes = isWhole ? undefined : size;
  if (message.answer !== undefined) return answerFrame(message, totalBytes, payload);
  return {
    kind: 'message',
    channel: channel.number,
    seq: message.seq,
    type: typeNumber,
    ttlMs: remainingMs(message, nowMs),
    id: message.isIdExplicit ? message.id : undefined,
    isResent: message.isResent,
    ackNow: channel.isUrgent || message.attempts > 1,
    totalBytes,
    extensions: NO_EXTENSIONS,
    payload,
  };
}

/** The time to live that is left: computed anew at each transmission. */
function remainingMs({ expiresAtMs }: OutgoingMessage, nowMs: number): number | undefined {
  if (expiresAtMs === Infinity) return undefined;
  return Math.min(Math.max(Math.ceil(expiresAtMs - nowMs), 0), LIMITS.durationMs);
}

function answerFrame(
  message: OutgoingMessage,
  totalBytes: number | undefined,
  payload: Uint8Array,
): AnswerFrame {
  const answer = message.answer as NonNullable<typeof message.answer>;
  return {
    kind: 'answer',
    seq: message.seq,
    answeredChannel: answer.channel,
    answeredSeq: answer.seq,
    answeredId: answer.id,
    outcome: answer.outcome,
    code: answer.code,
    reason: answer.reason,
    hasRun: answer.hasRun,
    isRetryable: answer.isRetryable,
    ackNow: message.attempts > 1,
    totalBytes,
    extensions: NO_EXTENSIONS,
    payload,
  };
}
