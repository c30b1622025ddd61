import {
  messageOriginOf,
  WilcoError,
  type MessageId,
  type MessageStatus,
  type StatusAckFrame,
  type StatusFrame,
} from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { Handling } from './handling.ts';
import type { Inbox } from './inbox.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { IdEnd, IdEntry } from './message-ids.ts';
import type { Outbox } from './outbox.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import { waitingReason } from './waiting-reason.ts';

/** Of a desk that nobody ever asked; nothing is ever put into them. */
const NO_ASKED = new Map<number, StatusQuestion>();
const NO_WAITING = new Set<StatusQuestion>();
/** How many questions may be under way in one direction of a connection. */
const UNDER_WAY_MAX = 64;

/** What the peer says of a message. */
export interface StatusAnswer {
  readonly status: MessageStatus;
  /** One sentence: why it is pending, or how it ended. May be empty. */
  readonly reason: string;
}

/** A question about one message. */
export interface StatusQuestion {
  readonly id: MessageId;
  /** How long ago it was sent, where that is known. Milliseconds. */
  readonly ageMs: number | undefined;
  /** Called once, from inside the engine, unless the question is taken back. */
  readonly told: (answer: StatusAnswer) => void;
}

/**
 * Asks the peer what became of messages, and answers when the peer asks. A question is asked
 * again on the next connection, until it is answered or taken back.
 */
export class StatusDesk {
  readonly #context: SessionContext;
  readonly #inbox: Inbox;
  readonly #handling: Handling;
  readonly #outbox: Outbox;
  #nextQuery = 1;
  #isReliable = true;
  /** Those under way, by their numbers on this connection. */
  #asked = NO_ASKED;
  /** Those that wait for a connection, or for others to be answered. */
  #waiting = NO_WAITING;
  /** Answered since the last flush: an honest peer never has more under way. */
  #answers = 0;

  constructor(context: SessionContext, inbox: Inbox, handling: Handling, outbox: Outbox) {
    this.#context = context;
    this.#inbox = inbox;
    this.#handling = handling;
    this.#outbox = outbox;
  }

  /** A connection is open: what an earlier one did not answer is asked again. */
  attached(isReliable: boolean): void {
    this.#isReliable = isReliable;
    this.#answers = 0;
    const lost = [...this.#asked.values(), ...this.#waiting];
    this.#asked = NO_ASKED;
    this.#waiting = NO_WAITING;
    for (const question of lost) this.ask(question, true);
  }

  /** @param isAttached - Whether there is a connection to ask on. */
  ask(question: StatusQuestion, isAttached: boolean): void {
    if (!isAttached || this.#asked.size >= UNDER_WAY_MAX) {
      if (this.#waiting === NO_WAITING) this.#waiting = new Set();
      this.#waiting.add(question);
      return;
    }
    const query = this.#nextQuery++;
    if (this.#asked === NO_ASKED) this.#asked = new Map();
    this.#asked.set(query, question);
    const { id, ageMs } = question;
    this.#context.sink.transmit({ kind: 'status', query, id, ageMs });
    this.#context.sink.requestFlush();
  }

  /** Nobody waits for the answer any more. One that is under way keeps its place until it comes. */
  takeBack(question: StatusQuestion): void {
    this.#waiting.delete(question);
    for (const [query, one] of this.#asked) {
      if (one === question) this.#asked.set(query, { ...one, told: () => undefined });
    }
  }

  /** The peer answers. */
  answered({ query, status, reason }: StatusAckFrame): void {
    const question = this.#asked.get(query);
    if (question === undefined) return;
    this.#asked.delete(query);
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.ask(next, true);
      break;
    }
    question.told({ status, reason });
  }

  /** The peer asks. Returns what is wrong with that, if anything is. */
  questioned({ query, id, ageMs }: StatusFrame, nowMs: number): WilcoError | undefined {
    this.#answers += 1;
    if (this.#answers > UNDER_WAY_MAX) {
      // Where frames come twice, so do questions.
      if (!this.#isReliable) return undefined;
      const detail = `more than ${String(UNDER_WAY_MAX)} questions about messages at once`;
      return new WilcoError('WILCO_FRAME_UNEXPECTED', detail);
    }
    const { sink } = this.#context;
    sink.transmit({ kind: 'statusAck', query, ...this.#statusOf(id, ageMs, nowMs) });
    sink.requestFlush();
    return undefined;
  }

  /** What was answered is on its way. */
  flushed(): void {
    this.#answers = 0;
  }

  #statusOf(id: MessageId, ageMs: number | undefined, nowMs: number): StatusAnswer {
    const { setting } = this.#context;
    const entry = setting.ids?.table.find(setting.ids.scope, id);
    if (entry !== undefined) return this.#ofEntry(entry, nowMs);
    const origin = messageOriginOf(id);
    if (origin !== undefined && origin.direction !== setting.role) {
      if (origin.session === this.#context.id) {
        return this.#ofPlace(origin.channelName, origin.seq, nowMs);
      }
      const past = setting.ids?.pastOf(origin.session, setting.storeKey);
      const received = past?.channels.find(({ name }) => name === origin.channelName)?.received;
      if (past !== undefined && origin.seq >= (received ?? 1)) return NEVER_SEEN;
      // Of a session that is none of this side's nothing can be known.
      return FORGOTTEN;
    }
    return this.#ofUnknown(ageMs, nowMs);
  }

  /** A name that was never seen, or is remembered no more. */
  #ofUnknown(ageMs: number | undefined, nowMs: number): StatusAnswer {
    const { setting } = this.#context;
    if (setting.ids === undefined) return UNSUPPORTED;
    const { sinceWallMs, forgottenWallMs } = setting.ids.table.reach;
    if (ageMs === undefined) return forgottenWallMs === -Infinity ? NEVER_SEEN : FORGOTTEN;
    const sentWallMs = nowMs + setting.wallOffsetMs - ageMs;
    const rememberedWallMs = Math.max(sinceWallMs, forgottenWallMs);
    return sentWallMs > rememberedWallMs ? NEVER_SEEN : FORGOTTEN;
  }

  #ofEntry(entry: IdEntry, nowMs: number): StatusAnswer {
    if (entry.state !== 'pending') return entry.end === undefined ? FORGOTTEN : ofEnd(entry.end);
    const { place } = entry;
    const isHere = place.session === this.#context.setting.storeKey;
    const message = isHere ? this.#inbox.channel(place.channel)?.held(place.seq) : undefined;
    if (message === undefined) return pending('it is in another session of its sender');
    return this.#ofHeld(this.#inbox.channel(place.channel), message, nowMs);
  }

  /** A message without a name of its own, by its place in this session. */
  #ofPlace(name: string, seq: number, nowMs: number): StatusAnswer {
    const channel = this.#inbox.channels.find((one) => one.name === name && !one.isAnswers);
    if (channel === undefined) return NEVER_SEEN;
    if (seq === channel.assembly?.seq) {
      const { offset, totalBytes } = channel.assembly;
      return pending(`${String(offset)} of its ${String(totalBytes)} bytes have come`);
    }
    if (seq >= channel.accepted) return NEVER_SEEN;
    const message = channel.held(seq);
    if (message !== undefined) return this.#ofHeld(channel, message, nowMs);
    for (const { answer } of this.#outbox.answers.ring.items()) {
      if (answer?.channel === channel.number && answer.seq === seq) return ofEnd(answer);
    }
    return FORGOTTEN;
  }

  #ofHeld(
    channel: ReceiveChannel | undefined,
    message: IncomingMessage,
    nowMs: number,
  ): StatusAnswer {
    switch (message.state) {
      case 'running': {
        const { handlerTimeoutMs } = this.#context.options;
        const ranMs = Math.max(0, Math.round(nowMs - message.deadlineMs + handlerTimeoutMs));
        const attempt = message.attempt > 1 ? `, attempt ${String(message.attempt)}` : '';
        const since = message.isAborted ? 'is told to stop' : `runs since ${String(ranMs)} ms`;
        return pending(`its handler ${since}${attempt}`);
      }
      case 'attached':
        return pending('it waits for the end of another message with its id');
      default:
        if (channel === undefined) return pending('');
        return pending(waitingReason(this.#handling, channel, message, nowMs));
    }
  }
}

const NEVER_SEEN: StatusAnswer = { status: 'neverSeen', reason: '' };
const UNSUPPORTED: StatusAnswer = { status: 'unsupported', reason: '' };
const FORGOTTEN: StatusAnswer = {
  status: 'forgotten',
  reason: 'it has ended, or is older than what is remembered',
};

function pending(reason: string): StatusAnswer {
  return { status: 'pending', reason };
}

function ofEnd({
  outcome,
  code,
  reason,
}: Pick<IdEnd, 'outcome' | 'code' | 'reason'>): StatusAnswer {
  const said = [code, reason].filter((part) => part !== '').join(': ');
  switch (outcome) {
    case 'handled':
    case 'reply':
      return { status: 'handled', reason: '' };
    case 'replyLost':
      return { status: 'handled', reason: 'its reply is lost' };
    default:
      return { status: outcome, reason: said };
  }
}
