import {
  ANSWER_CHANNEL,
  DEFAULT_CHANNEL,
  FIRST_SEQ,
  LIMITS,
  type AckFrame,
  type ChannelAck,
  type PartialAck,
  type Window,
} from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/** In channel 0 only bytes are limited; this is how many messages its window says. */
const ANSWER_WINDOW_MESSAGES = 65_536;
const NO_RANGES: readonly number[] = [];

/**
 * Decides when the peer's messages are acknowledged, and says what is held and handled.
 *
 * One ACK a flush at most: at the end of a turn in which input ran dry, ahead of data,
 * or when enough has come in or waited long enough.
 */
export class AckWriter {
  readonly #context: SessionContext;
  #number = 0;
  #isPending = false;
  #isUrgent = false;
  #pendingSinceMs = Infinity;
  #messages = 0;
  #bytes = 0;
  #newestArrivalMs = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** The next ACK is the first of a connection. */
  begin(): void {
    this.#number = 0;
    this.#clear();
  }

  /** So many were written on this connection; they have told of the channels as they are. */
  goOn(channels: Iterable<ReceiveChannel>, number: number): void {
    this.#number = number;
    for (const channel of channels) channel.isDirty = false;
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  /** When a pending ACK must leave even though input keeps coming; `Infinity` for none. */
  get dueMs(): number {
    return this.#pendingSinceMs + this.#context.options.ackDelayMs;
  }

  /** Something that came in at `arrivedMs` may be reported: at once, or later where it is kept first. */
  came(bytes: number, isUrgent: boolean, arrivedMs: number, nowMs = arrivedMs): void {
    this.#messages += 1;
    this.#bytes += bytes;
    this.#isUrgent ||= isUrgent;
    this.#newestArrivalMs = arrivedMs;
    this.changed(nowMs);
  }

  /** There is something to say. */
  changed(nowMs: number): void {
    if (this.#isPending) return;
    this.#isPending = true;
    this.#pendingSinceMs = nowMs;
  }

  /** Whether the ACK leaves now. */
  isDue(nowMs: number, isInputDry: boolean): boolean {
    if (!this.#isPending) return false;
    const { ackMessages, ackBytes } = this.#context.options;
    return (
      isInputDry ||
      this.#isUrgent ||
      this.#messages >= ackMessages ||
      this.#bytes >= ackBytes ||
      nowMs >= this.dueMs
    );
  }

  /** The next ACK: of what changed, or of everything. */
  write(
    channels: Iterable<ReceiveChannel>,
    window: Window,
    isFull: boolean,
    nowMs: number,
  ): AckFrame {
    const entries: ChannelAck[] = [];
    for (const channel of channels) {
      if (!isFull && !channel.isDirty) continue;
      channel.isDirty = false;
      entries.push(entryOf(channel, window));
    }
    const delayUs = this.#messages === 0 ? 0 : Math.max(0, nowMs - this.#newestArrivalMs) * 1_000;
    this.#clear();
    return {
      kind: 'ack',
      number: ++this.#number,
      delayUs: Math.round(delayUs),
      window: { messages: window.messages, bytes: window.bytes },
      channels: entries,
    };
  }

  #clear(): void {
    this.#isPending = false;
    this.#isUrgent = false;
    this.#pendingSinceMs = Infinity;
    this.#messages = 0;
    this.#bytes = 0;
  }
}

/** What {@link AckWriter} says of everything, where nothing has passed through the session. */
export function firstAck(
  options: ResolvedSessionOptions,
  window: Window,
  number: number,
): AckFrame {
  const { windowMessages: messages, windowBytes } = options;
  const nothing = {
    received: FIRST_SEQ,
    handled: FIRST_SEQ,
    ranges: NO_RANGES,
    partial: undefined,
  };
  const answers = { messages: ANSWER_WINDOW_MESSAGES, bytes: window.bytes };
  const ordinary = { messages, bytes: Math.min(windowBytes, window.bytes) };
  return {
    kind: 'ack',
    number,
    delayUs: 0,
    window: { messages: window.messages, bytes: window.bytes },
    channels: [
      { ...nothing, channel: ANSWER_CHANNEL, window: answers },
      { ...nothing, channel: DEFAULT_CHANNEL, window: ordinary },
    ],
  };
}

function entryOf(channel: ReceiveChannel, session: Window): ChannelAck {
  const { handled, window } = channel;
  return {
    channel: channel.number,
    received: channel.received,
    handled: handled.position,
    ranges: handled.ranges.length > 0 ? handled.ranges.slice(0, 2 * LIMITS.ackRanges) : NO_RANGES,
    window: channel.isAnswers
      ? { messages: ANSWER_WINDOW_MESSAGES, bytes: session.bytes }
      : { messages: window.messages, bytes: Math.min(window.bytes, session.bytes) },
    partial: partialOf(channel),
  };
}

function partialOf({ assembly }: ReceiveChannel): PartialAck | undefined {
  if (assembly === undefined) return undefined;
  return { seq: assembly.seq, offset: assembly.offset, granted: assembly.grantedBytes };
}
