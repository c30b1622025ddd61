import type { Handling } from './handling.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/** Why no handler runs on a message that has come: one sentence, for whoever waits for it. */
export function waitingReason(
  handling: Handling,
  channel: ReceiveChannel,
  message: IncomingMessage,
  nowMs: number,
): string {
  if (message.seq >= channel.received) return 'it has come, and the store has not kept it yet';
  if (handling.isStopped) return 'no handler is started here any more';
  if (handling.heldUntilMs > nowMs) {
    const leftMs = Math.ceil(handling.heldUntilMs - nowMs);
    return `it was found in the store, and waits for a comparison with its peer, for ${String(leftMs)} ms at the most`;
  }
  if (!handling.hasRoomForAnswers) return 'too many answers were not acknowledged yet';
  return ownReason(handling, message, nowMs) ?? orderReason(channel, message);
}

/** What the message itself waits for. */
function ownReason(
  handling: Handling,
  message: IncomingMessage,
  nowMs: number,
): string | undefined {
  if (message.notBeforeMs > nowMs) {
    const inMs = Math.ceil(message.notBeforeMs - nowMs);
    return `its handler said "not now", ${String(message.attempt)} times; another starts in ${String(inMs)} ms`;
  }
  if (handling.marks.isWaitingForOthers(message)) {
    return 'it may have brought the process down, and waits for others of that kind';
  }
  if (message.mark === 'ordered') return 'the store is to know of its next attempt first';
  return undefined;
}

/** Whom it waits for in its channel. */
function orderReason({ running, waiting }: ReceiveChannel, { seq }: IncomingMessage): string {
  let ahead = running.length;
  let first = running[0]?.seq;
  for (const one of waiting) {
    if (one.seq >= seq) break;
    ahead += 1;
    first ??= one.seq;
  }
  if (first === undefined) return 'it waits for its handler, and is the next';
  return `it waits for its handler, behind ${String(ahead)} others, first of all #${String(first)}`;
}
