import type { OutgoingRecord, SendingRecord } from '@wilco/protocol';
import type { SessionSetting } from './options.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';

/** A channel as the store keeps it. */
export function sendingRecord(
  { storeKey, wallOffsetMs }: SessionSetting,
  channel: SendChannel,
): SendingRecord {
  let [unsettled, unsettledBytes] = [0, 0];
  let [firstExpiryMs, oldestQueuedMs] = [Infinity, Infinity];
  for (const message of channel.ring.items()) {
    if (message.state === 'settled' || message.answer !== undefined) continue;
    unsettled += 1;
    unsettledBytes += message.payload.byteLength;
    firstExpiryMs = Math.min(firstExpiryMs, message.expiresAtMs);
    oldestQueuedMs = Math.min(oldestQueuedMs, message.queuedAtMs);
  }
  return {
    session: storeKey,
    channel: channel.number,
    name: channel.name,
    next: channel.next,
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
    id: message.answer === undefined ? message.id : undefined,
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
  record: OutgoingRecord,
  channel: SendChannel,
  wallOffsetMs: number,
  nowMs: number,
): OutgoingMessage {
  const { expiresAtWallMs, id, voidReason } = record;
  const message = new OutgoingMessage({
    type: record.type,
    channelName: channel.name,
    receipt: undefined,
    id: id ?? '',
    isIdExplicit: id !== undefined,
    payload: record.payload,
    isResent: record.isResent,
    queuedAtMs: Math.min(record.queuedAtWallMs - wallOffsetMs, nowMs),
    expiresAtMs: expiresAtWallMs === undefined ? Infinity : expiresAtWallMs - wallOffsetMs,
    answer: record.answer,
  });
  message.voidReason = voidReason;
  if (voidReason !== undefined) message.state = 'settled';
  else if (record.seq < channel.received) message.state = 'received';
  return message;
}
