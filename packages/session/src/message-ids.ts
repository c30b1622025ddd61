import type { AnswerOutcome, MessageId, StoreOperation } from '@wilco/protocol';
import { AgeList, type Aged } from './age-list.ts';
import { Shares } from './shares.ts';
import type { HandlerEnd } from './sink.ts';
import { LEFT_OFF } from './verdict.ts';

/** How much is remembered. */
export interface MessageIdLimits {
  /** Ids, of all who send to this side. */
  readonly maxIds: number;
  /** How long after its end, in milliseconds. */
  readonly idAgeMs: number;
  /** Bytes of replies kept for whoever sends a message again. */
  readonly idReplyBytes: number;
}

/** How the message under an id ended. */
export type IdEnd = Omit<HandlerEnd, 'outcome'> & {
  readonly outcome: AnswerOutcome | 'handled';
};

/** Where the message is that an id stands for, in this side's store. */
export interface IdPlace {
  /** The key of its session's records. */
  readonly session: string;
  readonly channel: number;
  readonly seq: number;
}

/** A message that waits for the end of another one under its id. */
export interface Attached {
  readonly place: IdPlace;
  /** The first one ended so. */
  ended(end: HandlerEnd): void;
  /** The first one ended without a handler, for a reason of its own: this one takes its place. */
  succeeds(entry: IdEntry): void;
}

/**
 * How far the message under an id has come.
 *
 *     pending ──▶ done      it was handled, or rejected for good: all others get the same outcome
 *        ▲  ├───▶ open      it was not, or repeating can help: the next one is handled
 *        ├──│──────┘
 *        │  └───▶ leftOff   a handler may have run, and its end is not known: the next one is
 *        └─────────┘        handled as one that is redelivered
 */
export type IdState = 'pending' | 'done' | 'open' | 'leftOff';

/** What is remembered of an id. */
export interface IdEntry extends Aged<IdEntry> {
  /** Whose id it is: ids of different senders do not meet. */
  readonly scope: string;
  readonly id: MessageId;
  /** Of type and payload; `undefined`: any may come under it. */
  hash: string | undefined;
  state: IdState;
  end: IdEnd | undefined;
  place: IdPlace;
  waiting: Attached[];
  /** When the session was over that had its handler run; `Infinity` for one that lives. */
  leftAtWallMs: number;
}

/** What a message with an id is to this side. */
export type IdClaim =
  | {
      readonly type: 'first';
      readonly entry: IdEntry;
      /** A handler may have been started on an earlier one, and its end is not known. */
      readonly wasLeftOff: boolean;
    }
  | { readonly type: 'pending'; readonly entry: IdEntry }
  | { readonly type: 'done'; readonly end: HandlerEnd }
  | { readonly type: 'reused' };

/** A message that comes with an id. */
export interface IdRequest {
  readonly scope: string;
  readonly id: MessageId;
  readonly hash: string;
  readonly place: IdPlace;
}

/** What is kept of an id in a store. */
export type IdRecord = Pick<
  IdEntry,
  'scope' | 'id' | 'hash' | 'state' | 'end' | 'place' | 'ageWallMs'
>;

/** How far back a table of ids remembers. */
export interface IdReach {
  /** When it began: what was sent before is not known to it. */
  readonly sinceWallMs: number;
  /** Nothing that ended later was forgotten; `-Infinity`: nothing at all. */
  readonly forgottenWallMs: number;
}

/** How a table of ids becomes bytes. */
export interface IdEncoding {
  encode(record: IdRecord): Uint8Array;
  encodeReach(reach: IdReach): Uint8Array;
}

/** Takes what a store is to keep, as part of the next commit. */
export type Persist = (operation: StoreOperation) => void;

/**
 * What this side remembers of the messages that came under ids of their senders: a second one
 * with the same id gets the outcome of the first, and no handler runs for it.
 *
 * A pure table: told the time, asked for nothing. Finding, adding and forgetting cost the same
 * however much it holds. What it forgets is handled again when it comes again.
 */
export class MessageIds {
  readonly #limits: MessageIdLimits;
  readonly #encoding: IdEncoding;
  readonly #entries = new Map<string, IdEntry>();
  readonly #ages = new AgeList<IdEntry>();
  /** Those whose messages have ended. */
  readonly #ended = new Shares<IdEntry>();
  /** Those with a reply, the oldest first. */
  #replies: IdEntry[] = [];
  #replyBytes = 0;
  #reach: IdReach;
  /** When this run began. */
  readonly #beganWallMs: number;

  /** @param sinceWallMs - When it began: what was sent before is not known to it. */
  constructor(limits: MessageIdLimits, encoding: IdEncoding, sinceWallMs: number) {
    this.#limits = limits;
    this.#encoding = encoding;
    this.#reach = { sinceWallMs, forgottenWallMs: -Infinity };
    this.#beganWallMs = sinceWallMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the replies that it keeps. */
  get replyBytes(): number {
    return this.#replyBytes;
  }

  /** How far back it remembers. */
  get reach(): IdReach {
    return this.#reach;
  }

  find(scope: string, id: MessageId): IdEntry | undefined {
    return this.#entries.get(keyOf(scope, id));
  }

  /** A message with an id was accepted: says what it is, and remembers it where it is the first. */
  claim(request: IdRequest, nowWallMs: number, persist: Persist): IdClaim {
    this.prune(nowWallMs, persist);
    const entry = this.find(request.scope, request.id);
    if (entry === undefined) {
      const added = this.#add(request, nowWallMs, persist);
      return { type: 'first', entry: added, wasLeftOff: false };
    }
    if (entry.hash !== undefined && entry.hash !== request.hash) return { type: 'reused' };
    if (entry.state === 'pending') return { type: 'pending', entry };
    const { end } = entry;
    if (entry.state === 'done' && end !== undefined && isResult(end)) return { type: 'done', end };
    const wasLeftOff = entry.state === 'leftOff';
    this.begin(entry, request, nowWallMs, persist);
    return { type: 'first', entry, wasLeftOff };
  }

  /** The message at this place is what the id stands for from now on. */
  begin(
    entry: IdEntry,
    { place, hash }: Pick<IdRecord, 'place' | 'hash'>,
    nowWallMs: number,
    persist: Persist,
  ): void {
    this.#ended.remove(entry);
    entry.state = 'pending';
    entry.place = place;
    entry.hash = hash;
    entry.leftAtWallMs = Infinity;
    this.#dropReply(entry);
    entry.end = undefined;
    this.#keep(entry, nowWallMs, persist);
  }

  /** An id of which only the end is known; a message that has it already keeps it. */
  learn(record: Omit<IdRecord, 'ageWallMs'>, nowWallMs: number, persist: Persist): IdEntry {
    const known = this.find(record.scope, record.id);
    if (known !== undefined) return known;
    const entry = this.#insert({ ...record, ageWallMs: nowWallMs });
    this.#keep(entry, nowWallMs, persist);
    return entry;
  }

  /** The message that an id stands for has ended: so have those that wait for it. */
  conclude(entry: IdEntry, end: IdEnd, nowWallMs: number, persist: Persist): void {
    const isOfThisCopy = end.outcome === 'expired' || end.outcome === 'cancelled';
    const heir = isOfThisCopy ? entry.waiting.shift() : undefined;
    if (heir !== undefined) {
      this.begin(entry, { place: heir.place, hash: entry.hash }, nowWallMs, persist);
      heir.succeeds(entry);
      return;
    }
    this.#end(entry, end, isFinal(end) ? 'done' : 'open', nowWallMs, persist);
  }

  /** A handler was started, or may have been, and nobody will learn how it ended. */
  leaveOff(entry: IdEntry, nowWallMs: number, persist: Persist): void {
    this.#end(entry, LEFT_OFF, 'leftOff', nowWallMs, persist);
  }

  #end(
    entry: IdEntry,
    end: IdEnd,
    state: Exclude<IdState, 'pending'>,
    nowWallMs: number,
    persist: Persist,
  ): void {
    entry.state = state;
    // What has run under an id is held to its payload.
    if (!isFinal(end) && !end.hasRun) entry.hash = undefined;
    entry.end = end;
    this.#ended.add(entry);
    this.#keepReply(entry, persist);
    this.#keep(entry, nowWallMs, persist);
    this.prune(nowWallMs, persist);
    const waiting = entry.waiting.splice(0);
    if (isResult(end)) for (const one of waiting) one.ended(end);
  }

  /** No handler took the message, and none will: as if it had never come. */
  release(entry: IdEntry, nowWallMs: number, persist: Persist): void {
    const heir = entry.waiting.shift();
    if (heir === undefined) {
      this.#drop(entry, persist);
      return;
    }
    this.begin(entry, { place: heir.place, hash: entry.hash }, nowWallMs, persist);
    heir.succeeds(entry);
  }

  /** Somebody waits no more: his message is gone. */
  detach(entry: IdEntry, attached: Attached): void {
    entry.waiting = entry.waiting.filter((one) => one !== attached);
  }

  /**
   * Puts back what a store held, the oldest first. What was pending and is no one's by now was
   * left behind by a session that is over: its handler may have run, and its end was not kept.
   *
   * @param reach - `undefined` where the store has never held any.
   */
  restore(
    records: readonly IdRecord[],
    reach: IdReach | undefined,
    isPlaced: (place: IdPlace) => boolean,
    persist: Persist,
  ): void {
    if (reach === undefined) persist(this.#reachOperation());
    else this.#reach = reach;
    const left: IdEntry[] = [];
    for (const record of [...records].sort((a, b) => a.ageWallMs - b.ageWallMs)) {
      const entry = this.#insert(record);
      if (record.state === 'pending' && !isPlaced(record.place)) left.push(entry);
      else this.#keepReply(entry, persist);
    }
    for (const entry of left) this.leaveOff(entry, this.#beganWallMs, persist);
  }

  /**
   * Forgets what is too old, and what is too much: of whoever has most, so that nobody makes this
   * side forget the ids of others.
   */
  prune(nowWallMs: number, persist: Persist): void {
    this.#pruneOld(nowWallMs, persist);
    while (this.#entries.size > this.#limits.maxIds) {
      const { next } = this.#ended;
      if (next === undefined) return;
      this.#forget(next, persist);
    }
  }

  #pruneOld(nowWallMs: number, persist: Persist): void {
    for (let looked = this.#entries.size; looked > 0; looked--) {
      const { oldest } = this.#ages;
      if (oldest === undefined || oldest.ageWallMs + this.#limits.idAgeMs > nowWallMs) return;
      if (oldest.state === 'pending') this.#ages.touch(oldest, nowWallMs);
      else this.#forget(oldest, persist);
    }
  }

  #add({ scope, id, hash, place }: IdRequest, nowWallMs: number, persist: Persist): IdEntry {
    const record = { scope, id, hash, place, state: 'pending', end: undefined } as const;
    const entry = this.#insert({ ...record, ageWallMs: nowWallMs });
    this.#keep(entry, nowWallMs, persist);
    this.prune(nowWallMs, persist);
    return entry;
  }

  #insert(record: IdRecord): IdEntry {
    const entry: IdEntry = {
      ...record,
      waiting: [],
      leftAtWallMs: Infinity,
      older: undefined,
      newer: undefined,
    };
    this.#entries.set(keyOf(entry.scope, entry.id), entry);
    this.#ages.add(entry);
    if (entry.state !== 'pending') this.#ended.add(entry);
    return entry;
  }

  #keep(entry: IdEntry, nowWallMs: number, persist: Persist): void {
    this.#ages.touch(entry, nowWallMs);
    this.#write(entry, persist);
  }

  #write(entry: IdEntry, persist: Persist): void {
    const { scope, id, hash, state, end, place, ageWallMs } = entry;
    const value = this.#encoding.encode({ scope, id, hash, state, end, place, ageWallMs });
    persist({ type: 'putEntry', table: 'ids', key: keyOf(scope, id), value });
  }

  #forget(entry: IdEntry, persist: Persist): void {
    const forgottenWallMs = Math.max(this.#reach.forgottenWallMs, entry.ageWallMs);
    this.#reach = { ...this.#reach, forgottenWallMs };
    this.#drop(entry, persist);
    persist(this.#reachOperation());
  }

  #reachOperation(): StoreOperation {
    const value = this.#encoding.encodeReach(this.#reach);
    return { type: 'putEntry', table: 'meta', key: 'ids', value };
  }

  #drop(entry: IdEntry, persist: Persist): void {
    const key = keyOf(entry.scope, entry.id);
    this.#entries.delete(key);
    this.#ages.remove(entry);
    this.#ended.remove(entry);
    this.#dropReply(entry);
    persist({ type: 'dropEntry', table: 'ids', key });
  }

  /** Keeps a reply; where there are too many bytes the oldest go, and count as lost. */
  #keepReply(entry: IdEntry, persist: Persist): void {
    const bytes = replyBytesOf(entry);
    if (bytes === 0) return;
    this.#replies.push(entry);
    this.#replyBytes += bytes;
    while (this.#replyBytes > this.#limits.idReplyBytes) {
      const [oldest] = this.#replies;
      if (oldest === undefined) break;
      this.#dropReply(oldest);
      if (oldest !== entry) this.#write(oldest, persist);
    }
  }

  /** The effect is done, and its reply is not known any more. */
  #dropReply(entry: IdEntry): void {
    const bytes = replyBytesOf(entry);
    if (bytes === 0 || entry.end === undefined) return;
    this.#replyBytes -= bytes;
    entry.end = { ...entry.end, outcome: 'replyLost', payload: undefined };
    if (this.#replies[0] === entry) this.#replies.shift();
    else this.#replies = this.#replies.filter((one) => one !== entry);
  }
}

/** Whether the message under an id is done with: what comes again gets this outcome. */
export function isFinal({ outcome, hasRun, isRetryable }: IdEnd): boolean {
  if (outcome === 'rejected') return hasRun && !isRetryable;
  return outcome !== 'expired' && outcome !== 'cancelled';
}

function isResult(end: IdEnd): end is HandlerEnd {
  return end.outcome !== 'expired' && end.outcome !== 'cancelled';
}

function replyBytesOf({ end }: IdEntry): number {
  return end?.payload?.byteLength ?? 0;
}

function keyOf(scope: string, id: MessageId): string {
  return `${String(scope.length)}:${scope}${id}`;
}
