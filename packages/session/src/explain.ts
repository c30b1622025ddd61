import type { MessageId, Window } from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';
import type { SessionParts } from './session-parts.ts';

/** Why a message of this side is still pending, as far as this side knows. */
export interface PendingReason {
  readonly message: OutgoingMessage;
  /** `queued`: not written yet. `written`: not reported yet. `received`: the peer holds it. */
  readonly stage: 'queued' | 'written' | 'received';
  /** One sentence. */
  readonly why: string;
}

/** Which messages to look at. */
export interface PendingWanted {
  /** `undefined`: the oldest of each channel. */
  readonly id: MessageId | undefined;
  readonly limit: number;
}

/** Says of this side's unsettled messages what each of them waits for. */
export function explain(
  parts: SessionParts,
  isAttached: boolean,
  { id, limit }: PendingWanted,
): PendingReason[] {
  const found: PendingReason[] = [];
  for (const channel of parts.outbox.channels) {
    if (channel.isAnswers) continue;
    let ahead = 0;
    for (const message of channel.ring.items()) {
      if (found.length >= limit) return found;
      if (message.state === 'settled') continue;
      if (id === undefined || message.id === id) {
        found.push(reasonOf(parts, channel, message, isAttached, ahead));
      }
      if (message.seq >= channel.cursor) ahead += 1;
    }
  }
  return found;
}

function reasonOf(
  parts: SessionParts,
  channel: SendChannel,
  message: OutgoingMessage,
  isAttached: boolean,
  ahead: number,
): PendingReason {
  if (message.seq < channel.received) {
    const asked = message.isCancelRequested ? ', and was asked to give it back' : '';
    const why = `the peer holds it${asked}; how it ended has not come`;
    return { message, stage: 'received', why };
  }
  if (message.seq < channel.written) {
    const why =
      isAttached && message.seq < channel.cursor
        ? 'it was written, and the peer has not reported it yet'
        : 'it was written to a connection that was lost, and goes out again';
    return { message, stage: 'written', why };
  }
  return {
    message,
    stage: 'queued',
    why: whyNotWritten(parts, channel, message, isAttached, ahead),
  };
}

function whyNotWritten(
  { outbox, conversation }: SessionParts,
  channel: SendChannel,
  message: OutgoingMessage,
  isAttached: boolean,
  ahead: number,
): string {
  if (message.voidReason !== undefined) return 'it has ended; the store has not kept that yet';
  if (message.seq >= channel.durable) return 'the store has not kept it yet';
  if (!isAttached) return 'not written: there is no connection';
  if (channel.cursor === message.seq && channel.partOffset > 0) {
    const total = message.payload.byteLength;
    return `written in part: ${String(channel.partOffset)} of ${String(total)} bytes, of which the peer takes ${String(channel.grantedOffset)} by now`;
  }
  const behind = ahead === 0 ? '' : `behind ${String(ahead)} others of its channel; `;
  const full =
    fullness('its channel', channel, {
      messages: channel.windowMessages,
      bytes: channel.windowBytes,
    }) ?? fullness('the session', outbox, conversation.stats().windowAnnounced);
  return `not written: ${behind}${full ?? 'its turn comes'}`;
}

/** Where a window is used up, or nearly: what does not fit waits. */
function fullness(
  of: string,
  { inFlightMessages, inFlightBytes }: { inFlightMessages: number; inFlightBytes: number },
  { messages, bytes }: Window,
): string | undefined {
  if (inFlightMessages === 0) return undefined;
  const used = `${String(inFlightMessages)} of ${String(messages)} messages, ${String(inFlightBytes)} of ${String(bytes)} bytes`;
  return `the window of ${of} holds ${used}, not handled yet`;
}
