import type { Frame, SessionContents, StoreOperation, WilcoError } from '@wilco/protocol';
import {
  resolveSessionOptions,
  Session,
  WindowBudget,
  type Delivery,
  type HandlerResult,
  type OutgoingMessage,
  type SessionEnd,
  type SessionOptions,
  type SessionSetting,
  type SessionSink,
  type Settlement,
} from '../src/index.ts';

/** What a test may do with a frame on its way: let it pass, or lose it. */
type Filter = (frame: Frame) => boolean;

/** One side of a pair: a session, and a driver that writes down what it is ordered. */
export class Side implements SessionSink {
  readonly name: 'client' | 'server';
  readonly session: Session;
  readonly operations: StoreOperation[] = [];
  readonly commits: number[] = [];
  readonly deliveries: Delivery[] = [];
  readonly settlements = new Map<OutgoingMessage, Settlement>();
  readonly wire: Frame[] = [];
  readonly dropped: WilcoError[] = [];
  readonly runId: string;
  end: SessionEnd | undefined;
  written = 0;
  seen = 0;
  isFlushWanted = false;
  isFinished = false;
  /** What handlers answer, at once; `undefined` leaves them running. */
  respond: ((delivery: Delivery) => HandlerResult | undefined) | undefined = () => HANDLED;
  readonly #pair: Pair;

  constructor(pair: Pair, name: 'client' | 'server', options: SessionOptions, given: GivenSide) {
    this.#pair = pair;
    this.name = name;
    this.runId = given.runId ?? (name === 'client' ? 'c1' : 's1');
    const setting: SessionSetting = {
      role: name,
      runId: this.runId,
      storeKey: `${name}-store`,
      worth: given.isVolatile === false ? 'synced' : 'memory',
      isVolatile: given.isVolatile ?? true,
      hasIntegrity: false,
      wallOffsetMs: 0,
      budget: given.budget ?? new WindowBudget(2 ** 28),
      concurrencyOf: given.concurrencyOf ?? (() => 1),
      channelOf: given.channelOf ?? (() => ({ weight: 1, isUrgent: false })),
    };
    const resolved = resolveSessionOptions(options);
    this.session = new Session(resolved, setting, this, pair.nowMs, given.contents);
    this.session.name('00');
  }

  transmit(frame: Frame): void {
    this.written += 1;
    this.wire.push(frame);
    this.#pair.note(this, describeFrame(frame));
  }
  dropConnection(error: WilcoError): void {
    this.dropped.push(error);
    this.#pair.note(this, `drops the connection: ${error.code}`);
    this.#pair.cutLater(this);
  }
  finishConnection(): void {
    this.isFinished = true;
  }
  requestFlush(): void {
    this.isFlushWanted = true;
  }
  persist(operation: StoreOperation): void {
    this.operations.push(operation);
  }
  commit(number: number): void {
    this.commits.push(number);
  }
  queued(message: OutgoingMessage): void {
    this.#pair.note(this, `queued #${String(message.seq)}`);
  }
  received(message: OutgoingMessage): void {
    this.#pair.note(this, `received #${String(message.seq)}`);
  }
  settled(message: OutgoingMessage, settlement: Settlement): void {
    if (this.settlements.has(message)) throw new Error(`#${String(message.seq)} settled twice`);
    this.settlements.set(message, settlement);
    const code = settlement.code === '' ? '' : ` ${settlement.code}`;
    this.#pair.note(this, `settled #${String(message.seq)} ${settlement.status}${code}`);
  }
  start(delivery: Delivery): void {
    this.deliveries.push(delivery);
    this.#pair.note(this, `starts #${String(delivery.seq)}`);
    this.#pair.afterwards(() => {
      const result = this.respond?.(delivery);
      if (result !== undefined) this.session.handlerFinished(delivery, result, this.#pair.nowMs);
    });
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
    // Nothing here needs it.
  }
  ended(end: SessionEnd): void {
    this.end = end;
    this.#pair.note(this, `ended ${end.code}`);
  }
}

/** What a side of a pair may be given. */
export interface GivenSide {
  readonly runId?: string;
  readonly isVolatile?: boolean;
  readonly budget?: WindowBudget;
  readonly contents?: SessionContents;
  readonly concurrencyOf?: (type: string) => number;
  readonly channelOf?: SessionSetting['channelOf'];
}

export const HANDLED: HandlerResult = {
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  payload: undefined,
};

/** A reply with these bytes. */
export function reply(...bytes: number[]): HandlerResult {
  return { ...HANDLED, outcome: 'reply', payload: Uint8Array.from(bytes) };
}

/** A rejection by a handler that ran. */
export function rejected(code: string): HandlerResult {
  return { ...HANDLED, outcome: 'rejected', code, reason: 'because' };
}

/** Two sessions and the link between them, on a clock that moves when told to. */
export class Pair {
  nowMs = 0;
  readonly client: Side;
  readonly server: Side;
  readonly trace: string[] = [];
  latencyMs = 1;
  isReliable = true;
  isConnected = false;
  /** Frames for which it says `false` are lost. */
  filter: Filter = () => true;
  #queue: { atMs: number; order: number; run: () => void }[] = [];
  #order = 0;
  #after: (() => void)[] = [];
  #epoch = 0;

  constructor(
    options: { client?: SessionOptions; server?: SessionOptions } = {},
    given: { client?: GivenSide; server?: GivenSide } = {},
  ) {
    this.client = new Side(this, 'client', options.client ?? {}, given.client ?? {});
    this.server = new Side(this, 'server', options.server ?? {}, given.server ?? {});
  }

  note(side: Side, what: string): void {
    this.trace.push(`${String(this.nowMs)} ${side.name} ${what}`);
  }

  afterwards(run: () => void): void {
    this.#after.push(run);
  }

  /** Opens a connection: the openings' facts pass at once. */
  connect(): void {
    const { client, server } = this;
    this.#epoch += 1;
    const [fromClient, fromServer] = [
      client.session.fullAck(this.nowMs),
      server.session.fullAck(this.nowMs),
    ];
    const announced = [client.session.announcement(), server.session.announcement()] as const;
    for (const side of [client, server]) side.written = side.seen = 0;
    this.isConnected = true;
    const link = (
      side: Side,
      other: Side,
      announcement: (typeof announced)[number],
      ack: typeof fromClient,
    ): void => {
      side.session.attach(
        {
          peerRunId: other.runId,
          announcement,
          ack,
          isReliable: this.isReliable,
          framesSeen: () => side.seen,
          framesWritten: () => side.written,
        },
        this.nowMs,
      );
    };
    link(client, server, announced[1], fromServer);
    link(server, client, announced[0], fromClient);
    this.settle();
  }

  /** Cuts the connection: what is on its way is gone. */
  cut(error?: WilcoError): void {
    this.#epoch += 1;
    this.isConnected = false;
    for (const side of [this.client, this.server]) {
      side.wire.length = 0;
      side.session.connectionLost(error, this.nowMs);
    }
    this.settle();
  }

  cutLater(by: Side): void {
    this.#epoch += 1;
    this.isConnected = false;
    const other = by === this.client ? this.server : this.client;
    by.wire.length = 0;
    this.afterwards(() => {
      other.wire.length = 0;
      other.session.connectionLost(undefined, this.nowMs);
    });
  }

  send(
    side: Side,
    options: Partial<{
      channel: string;
      type: string;
      ttlMs: number;
      bytes: Uint8Array;
      id: string;
    }> = {},
  ): OutgoingMessage {
    const message = side.session.submit(
      {
        type: options.type ?? 't',
        payload: options.bytes ?? Uint8Array.of(1),
        channel: options.channel ?? 'default',
        ttlMs: options.ttlMs,
        id: options.id,
        receipt: undefined,
      },
      this.nowMs,
    );
    return message;
  }

  /** Ends the turn: what was asked for after it, then the flushes. */
  settle(): void {
    for (;;) {
      const after = this.#after.shift();
      if (after !== undefined) {
        after();
        continue;
      }
      const side = [this.client, this.server].find(({ isFlushWanted }) => isFlushWanted);
      if (side === undefined) return;
      side.isFlushWanted = false;
      side.session.flush(this.nowMs, true);
      this.#carry(side);
    }
  }

  /** Lets time pass, stopping at whatever happens on the way. */
  advance(untilMs: number): void {
    for (let steps = 0; ; steps++) {
      if (steps > 100_000) throw new Error('no end in sight');
      this.settle();
      const next = this.#queue[0];
      const dueMs = Math.min(
        this.client.session.nextDeadlineMs,
        this.server.session.nextDeadlineMs,
      );
      const atMs = Math.min(next?.atMs ?? Infinity, dueMs);
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next !== undefined && next.atMs <= this.nowMs) {
        this.#queue.shift();
        next.run();
        continue;
      }
      for (const { session } of [this.client, this.server]) session.deadlineReached(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  #carry(from: Side): void {
    const frames = from.wire.splice(0);
    if (!this.isConnected || frames.length === 0) return;
    const to = from === this.client ? this.server : this.client;
    const epoch = this.#epoch;
    for (const frame of frames) {
      if (!this.filter(frame)) continue;
      this.#at(this.nowMs + this.latencyMs, () => {
        if (epoch !== this.#epoch) return;
        to.session.heard(this.nowMs);
        to.seen += 1;
        to.session.receive(frame, this.nowMs);
        to.isFlushWanted = true;
      });
    }
  }

  #at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, order: this.#order++, run });
    this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  }
}

function describeFrame(frame: Frame): string {
  switch (frame.kind) {
    case 'message':
      return `→ message #${String(frame.seq)}${frame.totalBytes === undefined ? '' : ` of ${String(frame.totalBytes)}`}`;
    case 'answer':
      return `→ answer #${String(frame.seq)} ${frame.outcome} to #${String(frame.answeredSeq)}`;
    case 'fragment':
      return `→ fragment #${String(frame.seq)} at ${String(frame.offset)}`;
    case 'ack':
      return `→ ack ${frame.channels
        .map(
          (entry) =>
            `${String(entry.channel)}:${String(entry.received)}/${String(entry.handled)}${entry.ranges.length > 0 ? `[${entry.ranges.join(',')}]` : ''}`,
        )
        .join(' ')}`;
    case 'void':
      return `→ void ${String(frame.from)}–${String(frame.to)} ${frame.reason}`;
    case 'cancel':
      return `→ cancel #${String(frame.seq)}`;
    default:
      return `→ ${frame.kind}`;
  }
}
