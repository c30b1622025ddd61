import {
  derivedMessageId,
  LIMITS,
  messageOriginOf,
  type AnswerRecord,
  type MessageId,
  type Seq,
  type SessionId,
  type VoidReason,
} from '@wilco/protocol';
import type { Timed } from './deadline-heap.ts';
import type { SessionSetting } from './options.ts';

/** How far a message has come, as its sender knows. */
export type MessageState = 'queued' | 'received' | 'settled';

/** What an application gives with a message. */
export interface SubmitRequest {
  /** Name of the message type. */
  readonly type: string;
  /** Encoded already; not changed from now on. */
  readonly payload: Uint8Array;
  /** Name of the channel. */
  readonly channel: string;
  /** Milliseconds from now; `undefined`: as long as the retention lasts. */
  readonly ttlMs: number | undefined;
  /** The application's own id; `undefined`: one is derived. */
  readonly id: MessageId | undefined;
  /** Whatever the driver wants to find again. */
  readonly receipt: unknown;
  /** Writes of the application that hold together with the message; absent: none. */
  readonly effect?: unknown;
}

/** What the id of a message is made of that was given none, beside its place. */
export interface IdSource {
  /** `undefined` until the session has a name: the key of its records stands for it. */
  readonly id: SessionId | undefined;
  readonly setting: Pick<SessionSetting, 'storeKey' | 'role'>;
}

/**
 * One message, answer or void in the outbox, from its submission until it is settled
 * and the peer has it. Moves to another session as the same object.
 */
export class OutgoingMessage implements Timed {
  readonly type: string;
  readonly channelName: string;
  /** Whatever the driver wants to find again. */
  receipt: unknown;
  #id: MessageId | IdSource | undefined;
  /** Set where the peer can not derive the id from session, channel and seq. */
  isIdExplicit: boolean;
  /** Emptied once the message is settled, and while it is on disk only. */
  payload: Uint8Array;
  /** Bytes of its payload, also when that is empty. */
  readonly size: number;
  /** A store held it when this run began. */
  isOfEarlierRun = false;
  /** Whether its payload is on disk only. */
  isPaged = false;
  /** Given in exactly one function of the outbox. */
  seq: Seq = 0;
  state: MessageState = 'queued';
  isResent: boolean;
  readonly queuedAtMs: number;
  /** When its own time to live ends; `Infinity` for none. */
  readonly expiresAtMs: number;
  /** Set where the message is an answer to the peer. */
  answer: AnswerRecord | undefined;
  /** Set where its seq carries no message any more. */
  voidReason: VoidReason | undefined = undefined;
  /** The application, or its time to live, wants it back, and the peer may hold it. */
  isCancelRequested = false;
  /** Its time to live or retention has passed, and the peer was asked. */
  isExpiring = false;
  /** And the peer's handler was given its time as well. */
  isHandlingAwaited = false;
  /** How often it was put on a connection. */
  attempts = 0;
  /** Bytes that it takes of the window; 0 while it takes none. */
  cost = 0;
  /** Whether it takes a place in the window. */
  isInFlight = false;
  /** Settled in doubt while the peer may hold it: it still takes its place. */
  isLeftBehind = false;
  /** Bytes of it that the peer was said to hold, on this connection, while it was unfinished. */
  heldBytes = 0;
  /** Bytes that its session had put on connections when it was written last. */
  wireMark = 0;
  deadlineMs = Infinity;
  heapIndex = -1;

  constructor(given: {
    readonly type: string;
    readonly channelName: string;
    readonly receipt: unknown;
    readonly id: MessageId | IdSource;
    readonly isIdExplicit: boolean;
    readonly payload: Uint8Array;
    readonly size?: number;
    readonly isResent: boolean;
    readonly queuedAtMs: number;
    readonly expiresAtMs: number;
    readonly answer: AnswerRecord | undefined;
  }) {
    this.type = given.type;
    this.channelName = given.channelName;
    this.receipt = given.receipt;
    this.#id = given.id;
    this.isIdExplicit = given.isIdExplicit;
    this.payload = given.payload;
    this.size = given.size ?? given.payload.byteLength;
    this.isResent = given.isResent;
    this.queuedAtMs = given.queuedAtMs;
    this.expiresAtMs = given.expiresAtMs;
    this.answer = given.answer;
  }

  /** Empty for an answer. Made when it is asked for: of most messages nobody asks. */
  get id(): MessageId {
    if (this.#id === undefined || typeof this.#id === 'string') return this.#id ?? '';
    const { id: session, setting } = this.#id;
    return derivedMessageId(session ?? setting.storeKey, setting.role, this.channelName, this.seq);
  }

  /** What it takes in the windows: of a large one its first part alone. */
  get firstPartBytes(): number {
    return Math.min(this.payload.byteLength, LIMITS.fragmentBytes);
  }

  /** The id stays as it is, whatever seq comes next. */
  keepId(): void {
    this.#id = this.id;
  }

  /** Its place may be that of another message as well: unless an application made its id, the next place makes one. */
  dropId(): void {
    if (messageOriginOf(this.id) !== undefined) this.#id = undefined;
  }

  /** Its id stays with it at another place; one that was dropped is made of that. */
  takeId(source: IdSource): void {
    this.isIdExplicit = this.#id !== undefined || source.id === undefined;
    if (this.#id === undefined) this.#id = source;
    else this.keepId();
  }
}

/** The payload of what has none, or needs it no longer. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A set that nothing is ever put into, until there is something to put into one. */
export const NO_MESSAGES = new Set<OutgoingMessage>();
