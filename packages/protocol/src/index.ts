export { ByteSlab } from './byte-slab.ts';
export { checkName, inRange, utf8Length, wholeInRange } from './checks.ts';
export { checkOptionNames, describeValue, type OptionNames } from './option-names.ts';
export { ERRORS, isErrorCode } from './errors.ts';
export type { Fault } from './error-entry.ts';
export type { ErrorCode } from './errors.ts';
export type {
  AckFrame,
  Announcement,
  AnswerFrame,
  AnswerOutcome,
  CancelFrame,
  ChannelAck,
  ChannelOffer,
  CloseAckFrame,
  CloseFrame,
  CredentialsFrame,
  Extension,
  FragmentFrame,
  Frame,
  FrameKind,
  HelloFrame,
  MessageFrame,
  MessageStatus,
  NewReason,
  NoticeFrame,
  NumberedName,
  PartialAck,
  PingFrame,
  ProbeAckFrame,
  ProbeFrame,
  ReadyFrame,
  RefuseFrame,
  StartedPosition,
  StatusAckFrame,
  StatusFrame,
  TypesFrame,
  VoidFrame,
  VoidReason,
  WelcomeFrame,
  Window,
  Worth,
} from './frames.ts';
export {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  compareAttempts,
  DEFAULT_CHANNEL,
  DEFAULT_CHANNEL_NAME,
  derivedMessageId,
  messageOriginOf,
} from './ids.ts';
export type {
  Attempt,
  ChannelNumber,
  MessageId,
  MessageOrigin,
  RunId,
  ServerId,
  SessionId,
} from './ids.ts';
export { FEATURES, LIMITS, PROTOCOL_VERSION } from './limits.ts';
export { checkMessageType, defineMessage } from './message-type.ts';
export type { MessageType, MessageTypeOptions, PayloadCodec } from './message-type.ts';
export { Rejection, RetryLater } from './outcome.ts';
export type {
  CancelledOutcome,
  ExpiredOutcome,
  HandledOutcome,
  InDoubtOutcome,
  LeftOutcome,
  Outcome,
  RejectedOutcome,
} from './outcome.ts';
export { FIRST_SEQ, isSeq, MAX_SEQ, Progress } from './position.ts';
export type { Position, Seq } from './position.ts';
export { ENTRY_TABLES } from './records.ts';
export type {
  AnswerRecord,
  EntryTable,
  IncomingRecord,
  OutgoingRange,
  OutgoingRecord,
  ReceivingRecord,
  SendingRecord,
  SessionContents,
  SessionRecord,
  StoreEntry,
  StoreOperation,
} from './records.ts';
export type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.ts';
export { WilcoError } from './wilco-error.ts';
export type { WilcoErrorOptions } from './wilco-error.ts';
