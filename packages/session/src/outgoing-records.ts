import { type OutgoingRecord, type SendingRecord } from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { SessionSetting } from './options.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';

/** A channel as the store keeps it. */
export function sendingRecord(
  { storeKey, wallOffsetMs }: SessionSetting,
  channel: SendChannel,
): SendingRecord {
  const { unsettled, unsettledBytes, firstExpiryMs, oldestQueuedMs } = channel;
  return {
    session: storeKey,
    channel: channel.number,
    name: channel.name,
    next: channel.next,
    first: channel.hasMet ? channel.next : channel.firstOfRun,
    reported: channel.received,
    base: channel.ring.base,
    unsettled,
    unsettledBytes,
    firstExpiryWallMs: firstExpiryMs === Infinity ? undefined : firstExpiryMs + wallOffsetMs,
    oldestQueuedWallMs: oldestQueuedMs === Infinity ? undefined : oldestQueuedMs + wallOffsetMs,
  };
}

/** A message, an answer or a void as the store keeps it. */
export function outgoingRecord(
  setting: SessionSetting,
  channel: SendChannel,
  message: OutgoingMessage,
): OutgoingRecord {
  const { wallOffsetMs } = setting;
  return {
    session: setting.storeKey,
    channel: channel.number,
    seq: message.seq,
    type: message.type,
    id: message.isIdExplicit ? message.id : undefined,
    isResent: message.isResent,
    expiresAtWallMs:
      message.expiresAtMs === Infinity ? undefined : message.expiresAtMs + wallOffsetMs,
    queuedAtWallMs: message.queuedAtMs + wallOffsetMs,
    voidReason: message.voidReason,
    answer: message.answer,
    payload: message.payload,
  };
}

/** A message, an answer or a void that a store held. */
export function restoredMessage(
  context: SessionContext,
  record: OutgoingRecord,
  channel: SendChannel,
  nowMs: number,
): OutgoingMessage {
  const { wallOffsetMs } = context.setting;
  const { expiresAtWallMs, voidReason, answer, seq } = record;
  const message = new OutgoingMessage({
    type: record.type,
    channelName: channel.name,
    receipt: undefined,
    id: answer === undefined ? (record.id ?? context) : '',
    isIdExplicit: record.id !== undefined,
    payload: record.payload,
    isResent: record.isResent,
    queuedAtMs: Math.min(record.queuedAtWallMs - wallOffsetMs, nowMs),
    expiresAtMs: expiresAtWallMs === undefined ? Infinity : expiresAtWallMs - wallOffsetMs,
    answer,
  });
  message.seq = seq;
  message.isOfEarlierRun = seq < channel.earlierBelow;
  message.voidReason = voidReason;
  if (voidReason !== undefined) message.state = 'settled';
  else if (seq < channel.received) message.state = 'received';
  return message;
}
