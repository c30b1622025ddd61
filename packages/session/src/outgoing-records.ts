import type { OutgoingRecord, SendingRecord } from '@wilco/protocol';
import type { SessionSetting } from './options.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';

/** A channel as the store keeps it. */
export function sendingRecord(session: string, channel: SendChannel): SendingRecord {
  return {
    session,
    channel: channel.number,
    name: channel.name,
    next: channel.next,
    reported: channel.received,
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
