import {
  ANSWER_CHANNEL,
  LIMITS,
  type AnswerFrame,
  type AnswerOutcome,
  type Extension,
} from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkPayload, checkRange, placeOf } from './checks.ts';
import {
  checkTotal,
  NO_EXTENSIONS,
  readMessageFields,
  writeMessageFields,
} from './message-fields.ts';
import { readCode, readReason, writeCode, writeReason } from './reasons.ts';
import {
  HEAD_MESSAGE,
  MESSAGE_ACK_NOW,
  MESSAGE_HAS_CHANNEL,
  MESSAGE_HAS_FIELDS,
  MESSAGE_HAS_TTL,
  MESSAGE_IS_RESENT,
  OUTCOME_BITS,
  OUTCOME_HAS_RUN,
  OUTCOME_IS_RETRYABLE,
  OUTCOMES,
} from './wire.ts';

const NOTHING = new Uint8Array(0);
const HEADER_BYTES = 16;

/** Writes an answer: a MESSAGE in channel 0. A code or reason that is too long is cut. */
export function writeAnswer(writer: ByteWriter, frame: AnswerFrame, hasChecksum: boolean): void {
  checkAnswer(frame);
  const { payload, extensions } = frame;
  const hasFields =
    frame.totalBytes !== undefined || frame.answeredId !== undefined || extensions.length > 0;
  writer.begin(
    HEAD_MESSAGE |
      MESSAGE_HAS_CHANNEL |
      (frame.ackNow ? MESSAGE_ACK_NOW : 0) |
      (hasFields ? MESSAGE_HAS_FIELDS : 0),
    payload.length + HEADER_BYTES,
  );
  writer.varint(ANSWER_CHANNEL);
  writer.varint(frame.seq);
  writer.byte(
    placeOf('outcome', OUTCOMES, frame.outcome) |
      (frame.hasRun ? OUTCOME_HAS_RUN : 0) |
      (frame.isRetryable ? OUTCOME_IS_RETRYABLE : 0),
  );
  writer.varint(frame.answeredChannel);
  writer.varint(frame.answeredSeq);
  if (hasFields) {
    writeMessageFields(writer, frame.totalBytes, frame.answeredId, extensions, payload.length);
  }
  writeWhy(writer, frame);
  writer.finish(payload, hasChecksum);
}

function checkAnswer(frame: AnswerFrame): void {
  checkRange('seq', frame.seq, 1, Number.MAX_SAFE_INTEGER);
  checkRange('answeredChannel', frame.answeredChannel, 1, Number.MAX_SAFE_INTEGER);
  checkRange('answeredSeq', frame.answeredSeq, 1, Number.MAX_SAFE_INTEGER);
  checkPayload(frame.payload, 0);
  if (frame.outcome !== 'reply' && (frame.payload.length > 0 || frame.totalBytes !== undefined)) {
    throw new TypeError(`an answer '${frame.outcome}' has a payload or total bytes`);
  }
  if (frame.outcome !== 'rejected' && (frame.hasRun || frame.isRetryable)) {
    throw new TypeError(`an answer '${frame.outcome}' says hasRun or isRetryable`);
  }
}

function writeWhy(writer: ByteWriter, { outcome, code, reason }: AnswerFrame): void {
  if (outcome === 'reply' || outcome === 'replyLost') return;
  writeCode(writer, code);
  if (outcome === 'rejected') writeReason(writer, reason);
}

/** Reads what follows the seq of a MESSAGE in channel 0. */
export function readAnswer(reader: ByteReader, seq: number): AnswerFrame {
  const { head } = reader;
  if ((head & (MESSAGE_HAS_TTL | MESSAGE_IS_RESENT)) !== 0) {
    throw reader.malformed('an answer has a ttl or is resent');
  }
  const flags = reader.flags(
    'the flags of the outcome',
    OUTCOME_BITS | OUTCOME_HAS_RUN | OUTCOME_IS_RETRYABLE,
  );
  const outcome = reader.chosen('the outcome', OUTCOMES, flags & OUTCOME_BITS);
  if (outcome !== 'rejected' && flags > OUTCOME_BITS) {
    throw reader.malformed(`the outcome '${outcome}' says hasRun or isRetryable`);
  }
  const answeredChannel = reader.seq('the answered channel');
  const answeredSeq = reader.seq('the answered seq');
  let totalBytes: number | undefined;
  let answeredId: string | undefined;
  let extensions: readonly Extension[] = NO_EXTENSIONS;
  if ((head & MESSAGE_HAS_FIELDS) !== 0) {
    ({ totalBytes, id: answeredId, extensions } = readMessageFields(reader));
  }
  let code = '';
  let reason = '';
  if (hasCode(outcome)) code = readCode(reader);
  if (outcome === 'rejected') reason = readReason(reader);
  const payload = readReply(reader, outcome, totalBytes);
  return {
    kind: 'answer',
    seq,
    answeredChannel,
    answeredSeq,
    answeredId,
    outcome,
    code,
    reason,
    hasRun: (flags & OUTCOME_HAS_RUN) !== 0,
    isRetryable: (flags & OUTCOME_IS_RETRYABLE) !== 0,
    ackNow: (head & MESSAGE_ACK_NOW) !== 0,
    totalBytes,
    extensions,
    payload,
  };
}

function hasCode(outcome: AnswerOutcome): boolean {
  return outcome === 'rejected' || outcome === 'expired' || outcome === 'cancelled';
}

function readReply(
  reader: ByteReader,
  outcome: AnswerOutcome,
  totalBytes: number | undefined,
): Uint8Array {
  if (outcome === 'reply') {
    const payload = reader.rest('the reply', LIMITS.fragmentBytes);
    checkTotal(reader, totalBytes, payload);
    return payload;
  }
  reader.end('the outcome');
  if (totalBytes !== undefined) throw reader.malformed(`the outcome '${outcome}' has total bytes`);
  return NOTHING;
}
