import type { Extension, MessageId, Seq } from '@wilco/protocol';
import type { Timed } from './deadline-heap.ts';
import type { IdEntry } from './message-ids.ts';
import type { Delivery, HandlerEnd } from './sink.ts';

/**
 * How far a message of the peer has come here.
 *
 *     waiting ──start──▶ running ──finish──▶ done
 *        │ ◀──────not now──────┤
 *        │                     └───finish──▶ answered ──answer acknowledged──▶ done
 *        ├──lets others go first──▶ aside ──its time──▶ waiting
 *        ├──cancelled, expired──▶ answered
 *        └──same id as another──▶ attached ──its end──▶ done, answered
 */
export type IncomingState = 'waiting' | 'aside' | 'attached' | 'running' | 'answered' | 'done';

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
  payload: Uint8Array;
  state: IncomingState = 'waiting';
  /** How often a handler was started on it, or may have been. */
  attempt: number;
  /** Its last handler said "not now": no other starts before this time. */
  notBeforeMs = -Infinity;
  /** How far the mark of its next start is, where a store keeps one for it alone. */
  mark: 'none' | 'ordered' | 'kept' = 'none';
  /** The process went down at least twice while its handler may have run. */
  isSuspect = false;
  startedAtMs = 0;
  /** How many of its type may run side by side; known once it runs. */
  concurrency = 1;
  /** What its id is remembered by, where this is the message that stands for it. */
  idEntry: IdEntry | undefined = undefined;
  /** The end of another message under its id: it is its own, without a handler. */
  ruling: HandlerEnd | undefined = undefined;
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
    this.payload = given.payload;
  }

  /** To whoever runs its handler: another one was started before, or may have been. */
  get isRedelivered(): boolean {
    return this.attempt > 1;
  }

  /** Its last handler said "not now". */
  get isDeferred(): boolean {
    return this.notBeforeMs !== -Infinity;
  }
}
