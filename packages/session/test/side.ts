import type { Frame, SessionContents, StoreOperation, WilcoError } from '@wilco/protocol';
import {
  resolveSessionOptions,
  Session,
  SuspectGate,
  WindowBudget,
  type AbandonedMessage,
  type Delivery,
  type HandlerEnd,
  type HandlerResult,
  type OutgoingMessage,
  type PageRange,
  type SessionEnd,
  type SessionOptions,
  type SessionSetting,
  type SessionSink,
  type Settlement,
} from '../src/index.ts';
import { describeFrame } from './describe-frame.ts';
import { ModelStore } from './model-store.ts';
import type { Pair } from './pair.ts';
import { WindowModel } from './window-model.ts';

/** What a side of a pair may be given. */
export interface GivenSide {
  /** The session's id. */
  readonly id?: string;
  readonly runId?: string;
  readonly isVolatile?: boolean;
  readonly budget?: WindowBudget;
  readonly contents?: SessionContents;
  readonly ids?: SessionSetting['ids'];
  readonly concurrencyOf?: (type: string) => number;
  readonly channelOf?: SessionSetting['channelOf'];
  readonly keepsPlace?: (type: string) => boolean;
  readonly suspects?: SuspectGate;
}

/** A start of a handler. */
export interface Taken {
  readonly channelName: string;
  readonly seq: number;
  readonly bytes: string;
  readonly attempt: number;
  readonly isRedelivered: boolean;
}

/** One side of a pair: a session, and a driver that writes down what it is ordered. */
export class Side implements SessionSink {
  readonly name: 'client' | 'server';
  session: Session;
  runId: string;
  /** What is on its disk. */
  readonly store = new ModelStore();
  /** How long a commit takes; `undefined`: until the test completes it. Milliseconds. */
  commitMs: number | undefined = 0;
  /** How long a read takes. Milliseconds. */
  readMs = 0;
  /** Whether it brings what there was when it began, not when it ends. */
  readsEarly = false;
  /** What was asked for. */
  readonly reads: PageRange[] = [];
  /** The objects of messages that are on disk only, as a driver keeps them for who has a receipt. */
  readonly shelved = new Map<string, OutgoingMessage>();
  readonly commits: { readonly number: number; readonly operations: readonly StoreOperation[] }[] =
    [];
  readonly deliveries: Delivery[] = [];
  /** What handlers were given, as it was then. */
  readonly taken: Taken[] = [];
  /** What was submitted here. */
  readonly sent: { readonly message: OutgoingMessage; readonly bytes: string }[] = [];
  readonly queuedMessages = new Set<OutgoingMessage>();
  readonly settlements = new Map<OutgoingMessage, Settlement>();
  readonly wire: Frame[] = [];
  /** Every frame that it ever wrote. */
  readonly frames: Frame[] = [];
  readonly dropped: WilcoError[] = [];
  readonly windows = new WindowModel();
  end: SessionEnd | undefined;
  written = 0;
  seen = 0;
  /** Whether the last read emptied the socket. */
  isInputDry = true;
  isFlushWanted = false;
  isFinished = false;
  /** What handlers answer, at once; `undefined` leaves them running. */
  respond: ((delivery: Delivery) => HandlerResult | undefined) | undefined = () => HANDLED;
  #operations: StoreOperation[] = [];
  /** The numbers that it gave its channels. */
  readonly #channels = new Map([['default', 1]]);
  readonly #pair: Pair;
  readonly #options: SessionOptions;
  readonly #given: GivenSide;

  constructor(pair: Pair, name: 'client' | 'server', options: SessionOptions, given: GivenSide) {
    this.#pair = pair;
    this.name = name;
    this.#options = options;
    this.#given = given;
    this.runId = given.runId ?? (name === 'client' ? 'c1' : 's1');
    this.session = this.#open(given.contents);
  }

  /** The process dies and comes back with what was on the disk. */
  restart(): void {
    this.commits.length = 0;
    this.#operations = [];
    this.shelved.clear();
    this.runId += "'";
    const peerRunId = this.#pair.other(this).runId;
    this.#pair.note(this, 'restarts');
    this.session = this.#open(this.store.contents(this.name, peerRunId, this.#given.id));
    this.isFlushWanted = true;
  }

  /** The oldest commit that is under way reaches the disk; the process learns of it, or not. */
  completeCommit(isTold = true): boolean {
    const commit = this.commits.shift();
    if (commit === undefined) return false;
    this.store.apply(commit.operations);
    if (isTold) this.session.committed(commit.number, this.#pair.nowMs);
    return true;
  }

  /** What handlers got of a channel, in order. */
  handledSeqs(channel = 1): number[] {
    return this.deliveries.filter((one) => one.channel === channel).map(({ seq }) => seq);
  }

  transmit(frame: Frame): void {
    this.written += 1;
    this.wire.push(frame);
    this.frames.push(frame);
    if (frame.kind === 'types') {
      for (const { number, name } of frame.channels) this.#channels.set(name, number);
    }
    this.windows.wrote(frame);
    this.#pair.note(this, `→ ${describeFrame(frame)}`);
  }
  dropConnection(error: WilcoError): void {
    this.dropped.push(error);
    this.#pair.note(this, `drops the connection: ${error.code}`);
    this.#pair.dropped(this);
  }
  finishConnection(): void {
    this.isFinished = true;
  }
  requestFlush(): void {
    this.isFlushWanted = true;
  }
  persist(operation: StoreOperation): void {
    this.#operations.push(operation);
  }
  commit(number: number): void {
    this.commits.push({ number, operations: this.#operations });
    this.#operations = [];
    const { runId } = this;
    if (this.commitMs === undefined) return;
    this.#pair.at(this.#pair.nowMs + this.commitMs, () => {
      if (this.runId === runId) this.completeCommit();
    });
  }
  commitLater(): void {
    this.commit(0);
  }
  readOutgoing(range: PageRange): void {
    const { runId } = this;
    this.reads.push(range);
    const answer = (): void => {
      if (this.runId !== runId) return;
      // What is dropped while it reads, it may have read before.
      const records = before.length > 0 && this.readsEarly ? before : this.store.read(range);
      this.session.onDisk.read(range.channel, records, this.#pair.nowMs);
    };
    const before = this.store.read(range);
    this.#pair.at(this.#pair.nowMs + this.readMs, answer);
  }
  queued(message: OutgoingMessage): void {
    this.queuedMessages.add(message);
    this.#pair.note(this, `queued #${String(message.seq)}`);
  }
  received(message: OutgoingMessage): void {
    this.#pair.note(this, `received #${String(message.seq)}`);
  }
  settled(message: OutgoingMessage, settlement: Settlement): void {
    if (this.settlements.has(message)) throw new Error(`#${String(message.seq)} settled twice`);
    this.settlements.set(message, settlement);
    const channel = this.#channels.get(message.channelName);
    if (channel !== undefined) this.windows.settled(channel, message.seq);
    const code = settlement.code === '' ? '' : ` ${settlement.code}`;
    this.#pair.note(this, `settled #${String(message.seq)} ${settlement.status}${code}`);
  }
  start(delivery: Delivery): void {
    this.deliveries.push(delivery);
    const { channelName, seq, payload, attempt, isRedelivered } = delivery;
    this.taken.push({ channelName, seq, bytes: fingerprint(payload), attempt, isRedelivered });
    const again = delivery.isRedelivered ? ' redelivered' : '';
    this.#pair.note(this, `starts #${String(delivery.seq)}${again}`);
    const { runId } = this;
    this.#pair.afterwards(() => {
      if (this.runId !== runId) return;
      const result = this.respond?.(delivery);
      if (result !== undefined) this.session.handlerFinished(delivery, result, this.#pair.nowMs);
    });
  }
  deadLetter({ delivery, code }: AbandonedMessage): void {
    this.#pair.note(this, `gives up #${String(delivery.seq)} ${code}`);
  }
  abort(delivery: Delivery, code: string): void {
    this.#pair.note(this, `aborts #${String(delivery.seq)} ${code}`);
  }
  drained(): void {
    // Asked for by `unsettledCount` in these tests.
  }
  noticed(): void {
    // Nothing here needs it.
  }
  credentials(): void {
    this.#pair.note(this, 'gets credentials');
  }
  ended(end: SessionEnd): void {
    this.end = end;
    this.#pair.note(this, `ended ${end.code}`);
  }

  #open(contents: SessionContents | undefined): Session {
    const given = this.#given;
    const setting: SessionSetting = {
      role: this.name,
      runId: this.runId,
      storeKey: `${this.name}-store`,
      shelf: {
        put: (channel, message) => this.shelved.set(`${channel}/${message.seq}`, message),
        take: (channel, seq) => {
          const message = this.shelved.get(`${channel}/${seq}`);
          this.shelved.delete(`${channel}/${seq}`);
          return message;
        },
        messages: () => this.shelved.values(),
      },
      worth: given.isVolatile === false ? 'synced' : 'memory',
      isVolatile: given.isVolatile ?? true,
      hasIntegrity: false,
      wallOffsetMs: 0,
      ids: given.ids,
      budget: given.budget ?? new WindowBudget(2 ** 28),
      concurrencyOf: given.concurrencyOf ?? (() => 1),
      keepsPlace: given.keepsPlace ?? (() => true),
      suspects: given.suspects ?? new SuspectGate(),
      channelOf: given.channelOf ?? (() => ({ weight: 1, isUrgent: false })),
    };
    const resolved = resolveSessionOptions(this.#options);
    const session = new Session(resolved, setting, this, this.#pair.nowMs, contents);
    session.name(given.id ?? '00');
    return session;
  }
}

/** Tells payloads apart in a short text. */
export function fingerprint(bytes: Uint8Array): string {
  let hash = 5381;
  for (const byte of bytes) hash = (hash * 33 + byte) | 0;
  return `${String(bytes.byteLength)}:${String(hash)}`;
}

/** A handler that returned nothing. */
export const HANDLED: HandlerEnd = {
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  payload: undefined,
};

/** A reply with these bytes. */
export function reply(...bytes: number[]): HandlerEnd {
  return { ...HANDLED, outcome: 'reply', payload: Uint8Array.from(bytes) };
}

/** A rejection by a handler that ran. */
export function rejected(code: string): HandlerEnd {
  return { ...HANDLED, outcome: 'rejected', code, reason: 'because' };
}
