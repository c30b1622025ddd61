import type { ChannelNumber, Position, Progress } from '@wilco/protocol';
import { scan, type LevelDatabase } from './level-database.ts';
import { firstNotIn } from './message-log.ts';
import { RecordReader } from './record-reader.ts';
import { numberAt, parseSessionKey, type SessionKey, type StoreKeys } from './store-keys.ts';

/** Where the packs of a log begin, end, and leave something out. */
export class LogScan {
  first: Position | undefined;
  end: Position = 1;
  /** `[from, to)` between packs, flat. */
  readonly gaps: number[] = [];
  packs = 0;
  hasChanges = false;
  /** One past the last message that changed. */
  changedEnd: Position = 1;
  /** Two packs have the same message: nobody writes that. */
  isTangled = false;

  pack(last: number, count: number): void {
    const first = last - count + 1;
    if (this.first === undefined) this.first = first;
    else if (first < this.end) this.isTangled = true;
    else if (first > this.end) this.gaps.push(this.end, first);
    if (first < 1) this.isTangled = true;
    this.end = Math.max(this.end, last + 1);
    this.packs += 1;
  }

  change(seq: number): void {
    this.hasChanges = true;
    this.changedEnd = Math.max(this.changedEnd, seq + 1);
  }

  /** What is missing of what must be there, as a sentence; `undefined` for nothing. */
  missing(next: Position, dropped: Progress): string | undefined {
    if (this.isTangled) return 'two of its packs hold the same message';
    if (this.end > next || this.changedEnd > next) {
      return `it has messages up to ${String(Math.max(this.end, this.changedEnd))}, and says that there are none from ${String(next)} on`;
    }
    const holes = [1, this.first ?? 1, ...this.gaps, this.end, next];
    for (let index = 0; index < holes.length; index += 2) {
      const seq = firstNotIn(dropped, holes[index] as number, holes[index + 1] as number);
      if (seq !== undefined) return `message ${String(seq)} is missing`;
    }
    return undefined;
  }
}

/** What was found under the key of one session. */
export interface SessionScan {
  readonly number: number;
  isThere: boolean;
  hasDamage: boolean;
  readonly sending: ChannelNumber[];
  readonly receiving: ChannelNumber[];
  /** Logs whose state is there. */
  readonly states: { readonly side: 'o' | 'i'; readonly channel: ChannelNumber }[];
  readonly logs: Map<string, LogScan>;
}

/** All keys of a store, but those of entries, looked at once. */
export interface StoreScan {
  readonly sessions: Map<number, SessionScan>;
  /** Sessions that were dropped. */
  readonly dropped: Set<number>;
  /** Keys that nobody wrote. */
  readonly strange: string[];
}

/** Reads the keys of all sessions, and no value: a million messages are a few seconds. */
export async function scanSessions(database: LevelDatabase, keys: StoreKeys): Promise<StoreScan> {
  const found: StoreScan = { sessions: new Map(), dropped: new Set(), strange: [] };
  const place = keys.prefix.length + 1;
  const strange = (key: string): void => {
    if (found.strange.length < STRANGE_MAX) found.strange.push(key);
  };
  let session: SessionScan | undefined;
  let prefix = '';
  const take = (key: string): undefined => {
    if (session === undefined || !key.startsWith(prefix)) {
      const number = numberAt(key, place, 8);
      if (number === undefined) {
        strange(key);
        return;
      }
      prefix = keys.session(number);
      session = sessionScan(number);
      found.sessions.set(number, session);
    }
    const parsed = parseSessionKey(key.slice(prefix.length));
    if (parsed === undefined) strange(key);
    else note(session, parsed);
  };
  const reading = { hasValues: false, atOnce: 2_000 };
  await scan(database, { gte: `${keys.prefix}s`, lt: `${keys.prefix}t` }, reading, take);
  await scan(database, { gte: `${keys.prefix}x`, lt: `${keys.prefix}y` }, reading, (key) => {
    const number = numberAt(key, place, 8);
    if (number === undefined) strange(key);
    else found.dropped.add(number);
    return undefined;
  });
  const between = BETWEEN.map(([from, to]) => [`${keys.prefix}${from}`, `${keys.prefix}${to}`]);
  for (const [gte = '', lt = ''] of [...between, [`${keys.prefix}y`, keys.end]]) {
    await scan(database, { gte, lt, limit: STRANGE_MAX }, reading, (key) => {
      if (key !== keys.root && key !== keys.told) strange(key);
      return undefined;
    });
  }
  return found;
}

/** What the marks of commits say. */
export interface CommitScan {
  /** The number of the newest commit; 0 for none. */
  readonly newest: number;
  readonly floor: number;
  /** What is wrong with them. */
  readonly damage: string | undefined;
}

/** Whether each of the last commits is there. */
export async function scanCommits(database: LevelDatabase, keys: StoreKeys): Promise<CommitScan> {
  const marks: { readonly number: number; readonly value: Uint8Array }[] = [];
  let damage: string | undefined;
  const range = { gte: `${keys.prefix}c`, lt: `${keys.prefix}d` };
  await scan(database, range, { hasValues: true, atOnce: 1_000 }, (key, value) => {
    const number = numberAt(key, keys.prefix.length + 1, 14);
    if (number === undefined || keys.commit(number) !== key) damage ??= `${key} was never written`;
    else marks.push({ number, value });
    return undefined;
  });
  const last = marks.at(-1);
  if (last === undefined) return { newest: 0, floor: 1, damage };
  let floor = 1;
  try {
    floor = new RecordReader(keys.commit(last.number), last.value).varint();
  } catch (error) {
    damage ??= String(error);
  }
  const there = marks.filter(({ number }) => number >= floor);
  const hole = there.findIndex(({ number }, index) => number !== floor + index);
  if (hole !== -1 || there.length === 0) {
    damage ??= `commit ${String(floor + Math.max(hole, 0))} is missing`;
  }
  return { newest: last.number, floor, damage };
}

/** What nobody writes to, between what somebody does. */
const BETWEEN = [
  ['', 'c'],
  ['d', 'e'],
  ['f', 's'],
  ['t', 'x'],
] as const;
const STRANGE_MAX = 100;

function sessionScan(number: number): SessionScan {
  const nothing = { sending: [], receiving: [], states: [], logs: new Map<string, LogScan>() };
  return { number, isThere: false, hasDamage: false, ...nothing };
}

function note(session: SessionScan, { kind, channel, seq, count }: SessionKey): void {
  switch (kind) {
    case '':
      session.isThere = true;
      return;
    case '!':
      session.hasDamage = true;
      return;
    case 'n':
      session.sending.push(channel);
      return;
    case 'r':
      session.receiving.push(channel);
      return;
    case 'o':
    case 'i':
      session.states.push({ side: kind, channel });
      return;
    case 'om':
    case 'im':
      logOf(session, kind, channel).pack(seq, count);
      return;
    case 'ov':
    case 'iv':
      logOf(session, kind, channel).change(seq);
  }
}

/** What the scan calls a log. */
export function logName(side: string, channel: ChannelNumber): string {
  return `${side}${String(channel)}`;
}

function logOf(session: SessionScan, kind: string, channel: ChannelNumber): LogScan {
  const name = logName(kind.charAt(0), channel);
  let log = session.logs.get(name);
  if (log === undefined) {
    log = new LogScan();
    session.logs.set(name, log);
  }
  return log;
}
