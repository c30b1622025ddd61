import {
  derivedMessageId,
  LIMITS,
  type AckFrame,
  type AnswerRecord,
  type StartedPosition,
} from '@wilco/protocol';
import type { IdEnd } from './message-ids.ts';
import { isFinal } from './message-ids.ts';
import type { PastChannel, PastSession } from './past-session.ts';
import type { SessionParts } from './session-parts.ts';
import type { SentChannel } from './moved-messages.ts';

/**
 * What this side knows of the peer's messages when a session is over. What their ends are, where
 * the peer has not acknowledged them, is remembered under their ids, and so are those that are
 * still to be handled: whoever sends them again gets the end of the first copy.
 */
export function remainsOf(parts: SessionParts, nowMs: number): PastSession {
  const { context, inbox, outbox, handling } = parts;
  const session = context.id ?? context.setting.storeKey;
  const names = new Map(inbox.channels.map(({ number, name }) => [number, name]));
  for (const { answer, payload } of outbox.answers.ring.items()) {
    if (answer === undefined) continue;
    const end = endOf(answer, payload);
    const name = names.get(answer.channel);
    if (name === undefined || answer.id !== undefined || !isFinal(end)) continue;
    handling.ids?.learned(idIn(parts, session, name, answer.seq), answer, end, nowMs);
  }
  for (const channel of inbox.channels) {
    const unended = handling.isStopped ? channel.running : [...channel.running, ...channel.waiting];
    for (const message of unended) {
      handling.ids?.left(message, idIn(parts, session, channel.name, message.seq), nowMs);
    }
  }
  const channels = inbox.channels.filter(({ isAnswers }) => !isAnswers);
  return { session, channels: channels.map((one) => channelOf(one, handling)) };
}

/** What this side had sent, for the comparison with what the peer knows of it. */
export function sentIn({ context, outbox }: SessionParts): SentChannel[] {
  return outbox.channels
    .filter(({ isAnswers }) => !isAnswers)
    .map(({ number, name, received, written, hasMet, firstOfRun }) => ({
      ...{ channel: number, name, received, written },
      unmet: hasMet || context.journal.isVolatile ? Infinity : firstOfRun,
    }));
}

/** The last word about a session, as WELCOME carries it: no window is granted by it. */
export function lastAck({ channels }: PastSession): AckFrame {
  const window = { messages: 0, bytes: 0 };
  return {
    kind: 'ack',
    number: 1,
    delayUs: 0,
    window,
    channels: channels.map(({ channel, received, handled, ranges }) => ({
      ...{ channel, received, handled, window, partial: undefined },
      ranges: ranges.slice(0, 2 * LIMITS.ackRanges),
    })),
  };
}

/** Up to where handlers had come, for each channel. */
export function lastStarted({ channels }: PastSession): StartedPosition[] {
  return channels.map(({ channel, started }) => ({ channel, started }));
}

function channelOf(
  channel: SessionParts['inbox']['channels'][number],
  { isStopped, isHeld }: SessionParts['handling'],
): PastChannel {
  const { number, name, received, done } = channel;
  const handled = Math.min(done.position, received);
  // What is handled and not kept yet is kept with this.
  const ranges = done.ranges.filter((_, i) => (done.ranges[i | 1] as number) <= received);
  // A store that was set back has forgotten starts, and nobody has compared it.
  const started = isStopped && !isHeld ? Math.min(channel.toStart, received) : received;
  return { channel: number, name, received, started, handled, ranges };
}

function idIn({ context }: SessionParts, session: string, name: string, seq: number): string {
  const peer = context.setting.role === 'client' ? 'server' : 'client';
  return derivedMessageId(session, peer, name, seq);
}

function endOf(answer: AnswerRecord, payload: Uint8Array): IdEnd {
  const { outcome, code, reason, hasRun, isRetryable } = answer;
  const hasEffect = outcome === 'reply' || outcome === 'replyLost';
  return {
    ...{ outcome, code, reason, isRetryable, hasRun: hasRun || hasEffect },
    payload: outcome === 'reply' ? payload : undefined,
  };
}
