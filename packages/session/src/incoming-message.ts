import type { Extension, MessageId, Seq } from '@wilco/protocol';
import type { Timed } from './deadline-heap.ts';
import type { IdEntry } from './message-ids.ts';
import type { Delivery, HandlerResult } from './sink.ts';

/**
 * How far a message of the peer has come here.
 *
 *     waiting ──start──▶ running ──finish──▶ done
 *        │                  └───finish──▶ answered ──answer acknowledged──▶ done
 *        ├──cancelled, expired──▶ answered
 *        └──same id as another──▶ attached ──its end──▶ done, answered
 */
export type IncomingState = 'waiting' | 'attached' | 'running' | 'answered' | 'done';

/** One message of the peer, from its acceptance until the peer knows how it ended. */
export class IncomingMessage implements Delivery, Timed {
  readonly channel: number;
  readonly channelName: string;
  readonly seq: Seq;
  readonly type: string;
  readonly id: MessageId | undefined;
  readonly isResent: boolean;
  readonly extensions: readonly Extension[];
  readonly expiresAtMs: number;
  readonly acceptedAtMs: number;
  /** What it takes of the window. */
  readonly cost: number;
  readonly isRedelivered: boolean;
  payload: Uint8Array;
  state: IncomingState = 'waiting';
  attempt: number;
  /** How many of its type may run side by side; known once it runs. */
  concurrency = 1;
  /** What its id is remembered by, where this is the message that stands for it. */
  idEntry: IdEntry | undefined = undefined;
  /** The end of another message under its id: it is its own, without a handler. */
  ruling: HandlerResult | undefined = undefined;
  /** The peer wanted it back before a handler took it. */
  isWithdrawn = false;
  /** Its handler ran out of time and was told so. */
  isAborted = false;
  /** Memory of the budget that its assembly took. */
  reservedBytes = 0;
  deadlineMs = Infinity;
  heapIndex = -1;

  constructor(given: {
    readonly channel: number;
    readonly channelName: string;
    readonly seq: Seq;
    readonly type: string;
    readonly id: MessageId | undefined;
    readonly isResent: boolean;
    readonly extensions: readonly Extension[];
    readonly expiresAtMs: number;
    readonly acceptedAtMs: number;
    readonly cost: number;
    readonly attempts: number;
    readonly payload: Uint8Array;
  }) {
    this.channel = given.channel;
    this.channelName = given.channelName;
    this.seq = given.seq;
    this.type = given.type;
    this.id = given.id;
    this.isResent = given.isResent;
    this.extensions = given.extensions;
    this.expiresAtMs = given.expiresAtMs;
    this.acceptedAtMs = given.acceptedAtMs;
    this.cost = given.cost;
    this.attempt = given.attempts;
    this.isRedelivered = given.attempts > 0;
    this.payload = given.payload;
  }
}
