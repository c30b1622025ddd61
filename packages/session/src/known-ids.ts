import {
  messageOriginOf,
  type AnswerRecord,
  type MessageId,
  type SessionId,
} from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { incomingRecord } from './incoming-records.ts';
import type { Attached, IdClaim, IdEnd, IdEntry, MessageIds, Persist } from './message-ids.ts';
import { hasEnded, type PastSession } from './past-session.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { HandlerEnd } from './sink.ts';

/** What a session is told of the ids of its peer. */
export interface IdSetting {
  readonly table: MessageIds;
  /** Names whose ids they are: the same for all sessions of one identity. */
  readonly scope: string;
  /** Tells messages apart by their type and payload. */
  readonly hashOf: (type: string, payload: Uint8Array) => string;
  /** What is known of a session that the other one, named as in the store, follows; `undefined` for any other. */
  readonly pastOf: (session: SessionId, follower: string) => PastSession | undefined;
}

/** Goes on with a message that waited for another one: it has an end now, its `ruling`, or is to be handled. */
interface Resumer {
  resumed(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void;
}

type Decision = (nowMs: number) => void;

/** Where nothing was decided; nothing is ever put into it. */
const NO_DECISIONS: Decision[] = [];

const REUSED: HandlerEnd = {
  outcome: 'rejected',
  code: 'WILCO_ID_REUSED',
  reason: 'another message came under this id',
  hasRun: false,
  isRetryable: false,
  payload: undefined,
};
const HANDLED: HandlerEnd = {
  ...REUSED,
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
};

/** What the ids that came with messages mean for one session. */
export class KnownIds {
  readonly #context: SessionContext;
  readonly #setting: IdSetting;
  readonly #handling: Resumer;
  /** What was decided while another session was at work: done at the next flush. */
  #decided = NO_DECISIONS;
  /** Made by the first id that comes. */
  #keep: Persist | undefined;

  constructor(context: SessionContext, setting: IdSetting, handling: Resumer) {
    this.#context = context;
    this.#setting = setting;
    this.#handling = handling;
  }

  /**
   * A message was accepted. What it is to end with, if it is not to be handled, is its `ruling`
   * from now on. Returns whether it waits for another one.
   */
  accepted(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): boolean {
    const { id } = message;
    if (id === undefined) return false;
    if (this.#wasHandled(message, id)) {
      message.ruling = HANDLED;
      return false;
    }
    const claim = this.#claim(message, id, this.#wallMs(nowMs));
    switch (claim.type) {
      case 'first':
        message.idEntry = claim.entry;
        if (claim.wasLeftOff) this.#markStarted(message);
        return false;
      case 'done':
        message.ruling = claim.end;
        return false;
      case 'reused':
        message.ruling = REUSED;
        return false;
      case 'pending':
        channel.attach(message);
        this.#attach(channel, message, claim.entry);
        return true;
    }
  }

  /** What came out of the store has its part again in what its id stands for. */
  restore(channels: readonly ReceiveChannel[], nowMs: number): void {
    const { table, scope } = this.#setting;
    for (const channel of channels) {
      for (const message of [...channel.waiting]) {
        const entry = message.id === undefined ? undefined : table.find(scope, message.id);
        const isFirst = entry?.state === 'pending' && this.#isAt(entry, message);
        if (isFirst) message.idEntry = entry;
        else this.accepted(channel, message, nowMs);
      }
    }
  }

  /** Whether the message is the one that its id stands for: whoever comes under it gets its end. */
  isFirst(message: IncomingMessage): boolean {
    const entry = message.idEntry;
    return entry?.state === 'pending' && this.#isAt(entry, message);
  }

  /** A message has ended; where it stood for an id, so have the others under it. */
  concluded(message: IncomingMessage, end: IdEnd, nowMs: number): void {
    const entry = message.idEntry;
    if (entry === undefined) return;
    message.idEntry = undefined;
    this.#setting.table.conclude(entry, end, this.#wallMs(nowMs), this.persist);
  }

  /** Of a session that is over: how a message ended whose sender may not know it. */
  learned(
    id: MessageId,
    { channel, seq }: Pick<AnswerRecord, 'channel' | 'seq'>,
    end: IdEnd,
    nowMs: number,
  ): void {
    const { table, scope } = this.#setting;
    const place = { session: this.#context.setting.storeKey, channel, seq };
    const record = { scope, id, hash: undefined, state: 'done', end, place } as const;
    table.learn(record, this.#wallMs(nowMs), this.persist);
  }

  /** Of a session that is over: a message whose handler runs, or is still to run. */
  left(message: IncomingMessage, id: MessageId, nowMs: number): void {
    const { table, scope } = this.#setting;
    if (message.id === undefined) {
      const place = this.#placeOf(message);
      const record = {
        scope,
        id,
        hash: undefined,
        state: 'pending',
        end: undefined,
        place,
      } as const;
      message.idEntry = table.learn(record, this.#wallMs(nowMs), this.persist);
    }
    const isRunning = message.state === 'running';
    if (isRunning && message.idEntry !== undefined)
      message.idEntry.leftAtWallMs = this.#wallMs(nowMs);
  }

  /** No handler is started on these any more, in this run or the next. */
  released(messages: readonly IncomingMessage[], nowMs: number): void {
    for (const message of messages) {
      const entry = message.idEntry;
      message.idEntry = undefined;
      if (entry === undefined) continue;
      if (message.attempt === 0) {
        this.#setting.table.release(entry, this.#wallMs(nowMs), this.persist);
      } else this.#setting.table.leaveOff(entry, this.#wallMs(nowMs), this.persist);
    }
  }

  /** Whoever waits for a handler of a session that is over waits no longer than for any other. */
  giveUpLeft({ id }: IncomingMessage, nowMs: number): void {
    const { table, scope } = this.#setting;
    const entry = id === undefined ? undefined : table.find(scope, id);
    if (entry !== undefined) this.#giveUp(entry, this.#wallMs(nowMs));
  }

  /** Does what was decided since. */
  flush(nowMs: number): void {
    if (this.#decided.length === 0) return;
    const decided = this.#decided;
    this.#decided = NO_DECISIONS;
    for (const decide of decided) decide(nowMs);
  }

  /** Keeps what belongs to the end of an id, also where the session is over. */
  get persist(): Persist {
    return (this.#keep ??= (operation) => {
      const { journal, sink } = this.#context;
      if (!journal.isOver) journal.persist(operation);
      else if (!journal.isVolatile) {
        // The records of the session are gone; what it still finds out is kept by itself.
        sink.persist(operation);
        sink.commit(0);
      }
    });
  }

  /** In a session that this one follows, whose sender was not set back: its ids are true. */
  #wasHandled({ isResent }: IncomingMessage, id: MessageId): boolean {
    const { table, scope, pastOf } = this.#setting;
    if (!isResent || table.find(scope, id) !== undefined) return false;
    const origin = this.#originOf(id);
    const past = origin && pastOf(origin.session, this.#context.setting.storeKey);
    return past !== undefined && hasEnded(past, origin?.channelName ?? '', origin?.seq ?? 0);
  }

  #claim(message: IncomingMessage, id: MessageId, nowWallMs: number): IdClaim {
    const { table, scope, hashOf } = this.#setting;
    const hash = hashOf(message.type, message.payload);
    const place = this.#placeOf(message);
    const known = table.find(scope, id);
    if (known !== undefined && !message.isResent && this.#originOf(id) !== undefined) {
      // Its sender made the id from a place, and knows that no copy was handled.
      table.begin(known, { place, hash }, nowWallMs, this.persist);
      return { type: 'first', entry: known, wasLeftOff: false };
    }
    if (known !== undefined) this.#giveUp(known, nowWallMs);
    return table.claim({ scope, id, hash, place }, nowWallMs, this.persist);
  }

  #giveUp(entry: IdEntry, nowWallMs: number): void {
    const { handlerTimeoutMs, handlerGraceMs } = this.#context.options;
    if (entry.state !== 'pending') return;
    if (entry.leftAtWallMs + handlerTimeoutMs + handlerGraceMs > nowWallMs) return;
    this.#setting.table.leaveOff(entry, nowWallMs, this.persist);
  }

  /** A handler may have run under its id: the next is told so, also one of a next run. */
  #markStarted(message: IncomingMessage): void {
    const { journal, setting } = this.#context;
    message.attempt = Math.max(1, message.attempt);
    if (journal.isVolatile) return;
    journal.persist({ type: 'putIncoming', record: incomingRecord(setting, message) });
  }

  #attach(channel: ReceiveChannel, message: IncomingMessage, entry: IdEntry): void {
    const { sink } = this.#context;
    // Another session may be at work: what follows is done at this one's next flush.
    const decide = (): void => {
      if (this.#decided === NO_DECISIONS) this.#decided = [];
      this.#decided.push((nowMs) => this.#handling.resumed(channel, message, nowMs));
      sink.requestFlush();
    };
    const attached: Attached = {
      place: this.#placeOf(message),
      ended: (end) => {
        message.ruling = end;
        decide();
      },
      succeeds: (inherited) => {
        message.idEntry = inherited;
        decide();
      },
    };
    entry.waiting.push(attached);
  }

  #originOf(id: MessageId): ReturnType<typeof messageOriginOf> {
    const origin = messageOriginOf(id);
    return origin?.direction === this.#context.setting.role ? undefined : origin;
  }

  #placeOf({ channel, seq }: IncomingMessage): IdEntry['place'] {
    return { session: this.#context.setting.storeKey, channel, seq };
  }

  #isAt({ place }: IdEntry, { channel, seq }: IncomingMessage): boolean {
    const { storeKey } = this.#context.setting;
    return place.session === storeKey && place.channel === channel && place.seq === seq;
  }

  #wallMs(nowMs: number): number {
    return nowMs + this.#context.setting.wallOffsetMs;
  }
}
