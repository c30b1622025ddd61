import type {
  AnswerOutcome,
  CloseFrame,
  FrameKind,
  MessageStatus,
  NewReason,
  NoticeFrame,
  VoidReason,
  Worth,
} from '@wilco/protocol';

/** `WILCO`, CR, LF, framing version 1: the first bytes in each direction. */
export const PREAMBLE: readonly number[] = [0x57, 0x49, 0x4c, 0x43, 0x4f, 0x0d, 0x0a, 0x01];

/** Set in the head of MESSAGE. Its other bits are the flags below; bits 0 and 1 are 0. */
export const HEAD_MESSAGE = 0x80;
export const MESSAGE_HAS_CHANNEL = 0x40;
export const MESSAGE_HAS_TTL = 0x20;
export const MESSAGE_IS_RESENT = 0x10;
export const MESSAGE_ACK_NOW = 0x08;
export const MESSAGE_HAS_FIELDS = 0x04;
export const MESSAGE_RESERVED = 0x03;

/** In the head of any other frame: skip it if its kind is unknown. Clear in all known kinds. */
export const HEAD_SKIP = 0x40;
export const HEAD_KIND = 0x3f;

/** The number of each kind that has one. */
export const KINDS = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  ready: 4,
  types: 5,
  credentials: 6,
  fragment: 8,
  void: 9,
  cancel: 10,
  ack: 11,
  probe: 12,
  probeAck: 13,
  ping: 14,
  status: 15,
  statusAck: 16,
  close: 17,
  closeAck: 18,
  notice: 19,
} as const satisfies Record<Exclude<FrameKind, 'message' | 'answer'>, number>;

const KIND_NAMES = new Map<number, string>(
  Object.entries(KINDS).map(([name, kind]) => [kind, name]),
);

/** What a head stands for, for error messages. */
export function nameOfHead(head: number): string {
  if ((head & HEAD_MESSAGE) !== 0) return 'message';
  return KIND_NAMES.get(head & HEAD_KIND) ?? `kind ${String(head & HEAD_KIND)}`;
}

/** HELLO, WELCOME, REFUSE and READY carry the checksum always. */
export function isOpeningHead(head: number): boolean {
  return head >= KINDS.hello && head <= KINDS.ready;
}

/** Bytes of the checksum at the end of a frame. */
export const CHECKSUM_BYTES = 4;

// In these lists the place of a value is its number on the wire.

export const WORTHS: readonly Worth[] = ['memory', 'lazy', 'synced'];
/** 0 stands for none: resume, or resumed. */
export const NEW_REASONS: readonly (NewReason | undefined)[] = [
  undefined,
  'first',
  'unknown',
  'clientStateLost',
  'serverStateLost',
  'ended',
];
export const OUTCOMES: readonly AnswerOutcome[] = [
  'reply',
  'replyLost',
  'rejected',
  'expired',
  'cancelled',
];
export const OUTCOME_BITS = 0x07;
export const OUTCOME_HAS_RUN = 0x08;
export const OUTCOME_IS_RETRYABLE = 0x10;
export const VOID_REASONS: readonly VoidReason[] = ['cancelled', 'expired', 'moved', 'failed'];
export const STATUSES: readonly MessageStatus[] = [
  'handled',
  'rejected',
  'expired',
  'cancelled',
  'pending',
  'neverSeen',
  'forgotten',
  'unsupported',
];
export const CLOSE_MODES: readonly CloseFrame['mode'][] = ['end', 'detach'];
export const NOTICES: readonly NoticeFrame['notice'][] = [
  'takenOver',
  'goingAway',
  'credentialsAccepted',
  'credentialsUndecided',
];

export const HELLO_HAS_SESSION = 0x01;
export const HELLO_HAS_INTEGRITY = 0x02;
/** Worth in the flags of HELLO begins at this bit; in those of an announcement at bit 0. */
export const HELLO_WORTH_SHIFT = 2;
export const ANNOUNCEMENT_HAS_INTEGRITY = 0x04;
export const WORTH_BITS = 0x03;

export const ACK_HAS_RANGES = 0x01;
export const ACK_HAS_PARTIAL = 0x02;

export const FIELD_EXPECTED_SERVER = 2;
export const FIELD_CREDENTIALS = 4;
export const FIELD_PREDECESSOR = 2;
export const FIELD_PREDECESSOR_ACK = 4;
export const FIELD_PREDECESSOR_STARTED = 8;
export const FIELD_VALID_FOR = 6;
export const FIELD_ELSEWHERE = 2;
export const FIELD_AGE = 2;
export const FIELD_TOTAL_BYTES = 1;
export const FIELD_MESSAGE_ID = 2;
