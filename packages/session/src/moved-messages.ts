import type { AckFrame, ChannelAck, Position, SessionId, StartedPosition } from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { Outbox } from './outbox.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { outgoingRecord } from './outgoing-records.ts';
import { HANDLED, inDoubt } from './settlement.ts';

/** What a side had sent in one channel of a session that is over. */
export interface SentChannel {
  readonly channel: number;
  readonly name: string;
  /** What the peer had reported as received. */
  readonly received: Position;
  /** Everything at or above it was never wholly written. */
  readonly written: Position;
  /** Nothing at or above it was ever written: the two sides had not met in this run. `Infinity`: they had. */
  readonly unmet: Position;
}

/** What the next session knows of the one whose messages it took over. */
export interface SentSession {
  readonly session: SessionId;
  readonly channels: readonly SentChannel[];
  /** What may have been handled is in doubt unless the peer knows better: it is not sent again. */
  readonly isDoubted: boolean;
}

/** What became of messages that had moved, marked `resent`. */
export interface Resolved {
  /** The peer had handled them. */
  readonly handled: number;
  /** No handler had taken them: the mark is gone. */
  readonly cleared: number;
  /** Nobody can know, and they are not to be sent again. */
  readonly doubted: number;
}

/** What the peer knows of the session before, when it opens the next. */
export interface PeerWord {
  /** Which session it speaks of; `undefined`: of none. */
  readonly session: SessionId | undefined;
  readonly ack: AckFrame | undefined;
  /** Up to where its handlers had come. */
  readonly started: readonly StartedPosition[];
  /** Whether it never handles again what it knows to have handled. */
  readonly answersAgain: boolean;
}

interface Moved {
  readonly message: OutgoingMessage;
  readonly seq: number;
  /** An older copy may have been handled as well. */
  readonly wasMarked: boolean;
}

/** Where none has moved; nothing is ever put into it. */
const NO_MESSAGES: Moved[] = [];
const LOST = inDoubt('WILCO_STATE_LOST', 'the session was lost, and it may have been handled');

/**
 * Messages that came from a session that is over and may have been handled there, until the
 * peer has said what it knows of that session. Nothing of them is written before.
 */
export class MovedMessages {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  #from: SentSession | undefined;
  #moved = NO_MESSAGES;

  constructor(context: SessionContext, outbox: Outbox) {
    this.#context = context;
    this.#outbox = outbox;
  }

  /** The messages that come from now on are from this session. */
  from(session: SentSession): void {
    this.#from = session;
  }

  /** Whether the peer knows more of the session before than this side ever wrote in it: it was set back. */
  wasSetBack(session: SessionId, ack: AckFrame): boolean {
    return this.#from?.session === session && tellsOfUnmet(this.#from.channels, ack);
  }

  /** A message is about to move here that may have been handled where it was. */
  note(message: OutgoingMessage): void {
    if (this.#from === undefined) return;
    if (this.#moved === NO_MESSAGES) this.#moved = [];
    this.#moved.push({ message, seq: message.seq, wasMarked: message.isResent });
  }

  /**
   * The peer has opened the next session, and said what it knows of the one before.
   */
  resolve({ session, ack, started, answersAgain }: PeerWord): Resolved {
    const counts = { handled: 0, cleared: 0, doubted: 0 };
    const [from, moved] = [this.#from, this.#moved];
    this.#from = undefined;
    this.#moved = NO_MESSAGES;
    if (from === undefined) return counts;
    const known =
      ack !== undefined && session === from.session ? believed(from, ack, started) : undefined;
    for (const one of moved) {
      if (one.message.state === 'settled' || one.message.voidReason !== undefined) continue;
      const fate = known === undefined ? 'unknown' : fateOf(from, known, one);
      if (fate === 'handled') this.#settleHandled(one.message);
      else if (fate === 'neverCame') this.#clear(one);
      else if (from.isDoubted && !(known !== undefined && answersAgain)) this.#doubt(one.message);
      else continue;
      counts[RESULTS[fate]] += 1;
    }
    return counts;
  }

  #settleHandled(message: OutgoingMessage): void {
    // The peer's word is about the very copy, so its mark says nothing any more.
    message.isResent = false;
    this.#outbox.void(message, 'moved', HANDLED);
  }

  /** Nobody but an older copy can have been handled. */
  #clear({ message, wasMarked }: Moved): void {
    if (wasMarked) return;
    message.isResent = false;
    const { journal, setting } = this.#context;
    if (journal.isVolatile) return;
    const channel = this.#outbox.channelOf(message);
    journal.persist({ type: 'putOutgoing', record: outgoingRecord(setting, channel, message) });
  }

  #doubt(message: OutgoingMessage): void {
    this.#outbox.void(message, 'failed', LOST);
  }
}

type Known = Pick<ChannelAck, 'handled' | 'ranges'> & StartedPosition;
type Fate = 'handled' | 'neverCame' | 'unknown';

const RESULTS = { handled: 'handled', neverCame: 'cleared', unknown: 'doubted' } as const;

/**
 * What an ACK says by the name of the channel; `undefined` where it can not be true: it denies what
 * the peer once reported, or tells of what was never written. Then one side was set back.
 */
function believed(
  { channels }: SentSession,
  ack: AckFrame,
  started: readonly StartedPosition[],
): ReadonlyMap<string, Known> | undefined {
  const found = new Map<string, Known>();
  for (const { channel, name, received, written } of channels) {
    const entry = ack.channels.find((one) => one.channel === channel);
    const position = entry?.received ?? 1;
    if (position < received || position > written) return undefined;
    const start = started.find((one) => one.channel === channel)?.started ?? position;
    if (entry !== undefined) found.set(name, { ...entry, started: start });
  }
  return found;
}

/** Whether the peer holds what only an earlier life of this side can have sent (S-10). */
export function tellsOfUnmet(channels: readonly SentChannel[], ack: AckFrame): boolean {
  return ack.channels.some(({ channel, received }) => {
    const sent = channels.find((one) => one.channel === channel);
    return received > (sent?.unmet ?? 1);
  });
}

function fateOf(
  { channels }: SentSession,
  known: ReadonlyMap<string, Known>,
  { message, seq }: Moved,
): Fate {
  const name = message.channelName;
  if (!channels.some((one) => one.name === name)) return 'unknown';
  const { started = 1, handled = 1, ranges = [] } = known.get(name) ?? {};
  if (seq >= started) return 'neverCame';
  if (seq < handled) return 'handled';
  for (let i = 0; i < ranges.length; i += 2) {
    if (seq >= (ranges[i] as number) && seq < (ranges[i + 1] as number)) return 'handled';
  }
  return 'unknown';
}
