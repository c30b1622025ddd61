import type {
  AnswerOutcome,
  AnswerRecord,
  Extension,
  IncomingRecord,
  OutgoingRecord,
  VoidReason,
} from '@wilco/protocol';
import { damaged, RecordReader } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';
import { readTime, writeTime } from './session-records.ts';

/** What a message leaves out, because its key says it. */
type InKey = 'session' | 'channel' | 'seq';
/** An outgoing message without its place. */
export type OutgoingBody = Omit<OutgoingRecord, InKey>;
/** An incoming message without its place. */
export type IncomingBody = Omit<IncomingRecord, InKey>;

/** How messages of one direction become bytes, and bytes messages. */
export interface PackCodec<Body> {
  write(writer: RecordWriter, body: Body, typeBefore: string): void;
  read(reader: RecordReader, typeBefore: string): Body;
}

/** Writes messages that follow each other: their number, then each. */
export function writePack<Body extends { readonly type: string }>(
  codec: PackCodec<Body>,
  writer: RecordWriter,
  bodies: readonly Body[],
): void {
  writer.varint(bodies.length);
  let typeBefore = '';
  for (const body of bodies) {
    codec.write(writer, body, typeBefore);
    typeBefore = body.type;
  }
}

/**
 * Reads what {@link writePack} wrote.
 *
 * @throws {@link WilcoError} `WILCO_STORE_DAMAGED`
 */
export function readPack<Body extends { readonly type: string }>(
  codec: PackCodec<Body>,
  key: string,
  value: unknown,
  count: number,
): Body[] {
  const reader = new RecordReader(key, value);
  if (reader.varint() !== count) throw damaged(key, 'has another number of messages');
  const bodies: Body[] = [];
  let typeBefore = '';
  while (bodies.length < count) {
    const body = codec.read(reader, typeBefore);
    bodies.push(body);
    typeBefore = body.type;
  }
  return bodies;
}

const HAS_TYPE = 1;
const HAS_ID = 2;
const IS_RESENT = 4;
const HAS_EXPIRY = 8;
const IS_VOID = 16;
const HAS_ANSWER = 32;
const HAS_EXTENSIONS = 64;

/** Messages of the outbox. */
export const OUTGOING: PackCodec<OutgoingBody> = {
  write(writer, body, typeBefore) {
    const { type, id, isResent, expiresAtWallMs, queuedAtWallMs, voidReason, answer, payload } =
      body;
    writer.byte(
      (type === typeBefore ? 0 : HAS_TYPE) |
        (id === undefined ? 0 : HAS_ID) |
        (isResent ? IS_RESENT : 0) |
        (expiresAtWallMs === undefined ? 0 : HAS_EXPIRY) |
        (voidReason === undefined ? 0 : IS_VOID) |
        (answer === undefined ? 0 : HAS_ANSWER),
    );
    if (type !== typeBefore) writer.text(type);
    if (id !== undefined) writer.text(id);
    writeTime(writer, queuedAtWallMs);
    if (expiresAtWallMs !== undefined) writeTime(writer, expiresAtWallMs);
    if (voidReason !== undefined) writer.byte(VOID_REASONS.indexOf(voidReason));
    if (answer !== undefined) writeAnswer(writer, answer);
    writer.blob(payload);
  },

  read(reader, typeBefore) {
    const flags = reader.byte();
    return {
      type: (flags & HAS_TYPE) === 0 ? typeBefore : reader.text(),
      id: (flags & HAS_ID) === 0 ? undefined : reader.text(),
      isResent: (flags & IS_RESENT) !== 0,
      queuedAtWallMs: readTime(reader) ?? 0,
      expiresAtWallMs: (flags & HAS_EXPIRY) === 0 ? undefined : readTime(reader),
      voidReason: (flags & IS_VOID) === 0 ? undefined : VOID_REASONS[reader.byte()],
      answer: (flags & HAS_ANSWER) === 0 ? undefined : readAnswer(reader),
      payload: reader.blob(),
    };
  },
};

/** Messages of the inbox. */
export const INCOMING: PackCodec<IncomingBody> = {
  write(writer, body, typeBefore) {
    const { type, id, isResent, expiresAtWallMs, attempts, notBeforeWallMs, ...more } = body;
    const { acceptedAtWallMs, cost, extensions, payload } = more;
    writer.byte(
      (type === typeBefore ? 0 : HAS_TYPE) |
        (id === undefined ? 0 : HAS_ID) |
        (isResent ? IS_RESENT : 0) |
        (extensions.length === 0 ? 0 : HAS_EXTENSIONS),
    );
    if (type !== typeBefore) writer.text(type);
    if (id !== undefined) writer.text(id);
    writeTime(writer, expiresAtWallMs);
    writer.varint(attempts);
    writeTime(writer, notBeforeWallMs);
    writeTime(writer, acceptedAtWallMs);
    writer.varint(cost);
    if (extensions.length > 0) writeExtensions(writer, extensions);
    writer.blob(payload);
  },

  read(reader, typeBefore) {
    const flags = reader.byte();
    return {
      type: (flags & HAS_TYPE) === 0 ? typeBefore : reader.text(),
      id: (flags & HAS_ID) === 0 ? undefined : reader.text(),
      isResent: (flags & IS_RESENT) !== 0,
      expiresAtWallMs: readTime(reader),
      attempts: reader.varint(),
      notBeforeWallMs: readTime(reader),
      acceptedAtWallMs: readTime(reader) ?? 0,
      cost: reader.varint(),
      extensions: (flags & HAS_EXTENSIONS) === 0 ? [] : readExtensions(reader),
      payload: reader.blob(),
    };
  },
};

/** Their places are on disk: new ones go to the end. */
const VOID_REASONS: readonly VoidReason[] = ['cancelled', 'expired', 'moved', 'failed'];
const OUTCOMES: readonly AnswerOutcome[] = [
  'reply',
  'replyLost',
  'rejected',
  'expired',
  'cancelled',
];

function writeAnswer(writer: RecordWriter, answer: AnswerRecord): void {
  const { channel, seq, id, outcome, code, reason, hasRun, isRetryable } = answer;
  writer.varint(channel);
  writer.varint(seq);
  writer.byte(OUTCOMES.indexOf(outcome));
  writer.byte((id === undefined ? 0 : 1) | (hasRun ? 2 : 0) | (isRetryable ? 4 : 0));
  if (id !== undefined) writer.text(id);
  writer.text(code);
  writer.text(reason);
}

function readAnswer(reader: RecordReader): AnswerRecord {
  const [channel, seq] = [reader.varint(), reader.varint()];
  const outcome = OUTCOMES[reader.byte()] as AnswerOutcome;
  const flags = reader.byte();
  return {
    channel,
    seq,
    id: (flags & 1) === 0 ? undefined : reader.text(),
    outcome,
    code: reader.text(),
    reason: reader.text(),
    hasRun: (flags & 2) !== 0,
    isRetryable: (flags & 4) !== 0,
  };
}

function writeExtensions(writer: RecordWriter, extensions: readonly Extension[]): void {
  writer.varint(extensions.length);
  for (const { tag, value } of extensions) {
    writer.varint(tag);
    writer.blob(value);
  }
}

function readExtensions(reader: RecordReader): Extension[] {
  const count = reader.varint();
  return Array.from({ length: count }, () => ({ tag: reader.varint(), value: reader.blob() }));
}
