import { LIMITS, type AnswerFrame, type MessageFrame } from '@wilco/protocol';
import { IncomingMessage } from './incoming-message.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/** A message as it came in, before it is taken. */
export interface Arrival {
  /** Its frame; the payload may be a view that is gone with this step. */
  readonly frame: MessageFrame | AnswerFrame;
  /** Name of its type: the numbers of a connection die with it, a large message does not. */
  readonly type: string;
  /** When it, or its first part, came in. */
  readonly atMs: number;
  /** What it takes of the window: the bytes of its only or first part. */
  readonly cost: number;
}

/** What the extensions of a message take of the window, beside its payload: each is an object. */
export function extensionCost({ extensions }: MessageFrame | AnswerFrame): number {
  if (extensions.length === 0) return 0;
  let cost = 0;
  for (const { value } of extensions) cost += value.byteLength + LIMITS.extensionOverheadBytes;
  return cost;
}

/** The message that arrived, with its whole payload. */
export function incoming(
  channel: ReceiveChannel,
  frame: MessageFrame,
  { type, atMs, cost }: Arrival,
  payload: Uint8Array,
): IncomingMessage {
  return new IncomingMessage({
    channel: channel.number,
    channelName: channel.name,
    seq: frame.seq,
    type,
    id: frame.id,
    isResent: frame.isResent,
    extensions: frame.extensions,
    expiresAtMs: frame.ttlMs === undefined ? Infinity : atMs + frame.ttlMs,
    acceptedAtMs: atMs,
    cost,
    attempts: 0,
    payload,
  });
}
