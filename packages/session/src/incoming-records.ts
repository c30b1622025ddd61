import type { IncomingRecord, ReceivingRecord } from '@wilco/protocol';
import { IncomingMessage } from './incoming-message.ts';
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
    startedBelow: channel.plannedBelow,
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
    notBeforeWallMs: message.isDeferred ? message.notBeforeMs + setting.wallOffsetMs : undefined,
    acceptedAtWallMs: message.acceptedAtMs + setting.wallOffsetMs,
    cost: message.cost,
    extensions: message.extensions,
    payload: message.payload,
  };
}

/** A message as the store kept it. */
export function restoredMessage(
  { wallOffsetMs }: SessionSetting,
  channel: ReceiveChannel,
  record: IncomingRecord,
): IncomingMessage {
  const { seq, expiresAtWallMs, notBeforeWallMs, payload, cost } = record;
  // Nobody wrote down that its handler was started, but it may have been.
  const isPerhapsStarted = record.attempts === 0 && seq < channel.startedBelow;
  const message = new IncomingMessage({
    channel: channel.number,
    channelName: channel.name,
    seq,
    type: record.type,
    id: record.id,
    isResent: record.isResent,
    extensions: record.extensions,
    expiresAtMs: expiresAtWallMs === undefined ? Infinity : expiresAtWallMs - wallOffsetMs,
    acceptedAtMs: record.acceptedAtWallMs - wallOffsetMs,
    cost,
    attempts: isPerhapsStarted ? 1 : record.attempts,
    payload,
  });
  // Of a large one the window counts the first part alone; it was put together beside it.
  if (payload.byteLength > cost) message.reservedBytes = payload.byteLength;
  // 0: its handler was interrupted by an end in peace.
  if (notBeforeWallMs === undefined) message.isSuspect = message.attempt >= SUSPECT_ATTEMPTS;
  else if (notBeforeWallMs > 0) message.notBeforeMs = notBeforeWallMs - wallOffsetMs;
  return message;
}

/** What was started so often, and the process went down each time, is started alone. */
const SUSPECT_ATTEMPTS = 2;
