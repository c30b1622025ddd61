import type { IncomingRecord, ReceivingRecord } from '@wilco/protocol';
import type { IncomingMessage } from './incoming-message.ts';
import type { SessionSetting } from './options.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/** A channel as the store keeps it. */
export function receivingRecord(session: string, channel: ReceiveChannel): ReceivingRecord {
  return {
    session,
    channel: channel.number,
    name: channel.name,
    received: channel.accepted,
    handled: channel.done.position,
    ranges: [...channel.done.ranges],
    startedBelow: channel.toStart,
  };
}

/** A message whose handler has not finished, as the store keeps it. */
export function incomingRecord(setting: SessionSetting, message: IncomingMessage): IncomingRecord {
  return {
    session: setting.storeKey,
    channel: message.channel,
    seq: message.seq,
    type: message.type,
    id: message.id,
    isResent: message.isResent,
    expiresAtWallMs:
      message.expiresAtMs === Infinity ? undefined : message.expiresAtMs + setting.wallOffsetMs,
    attempts: message.attempt,
    notBeforeWallMs: undefined,
    acceptedAtWallMs: message.acceptedAtMs + setting.wallOffsetMs,
    cost: message.cost,
    extensions: message.extensions,
    payload: message.payload,
  };
}
