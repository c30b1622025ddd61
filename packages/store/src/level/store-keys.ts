import type { ChannelNumber, EntryTable, Seq } from '@wilco/protocol';

/**
 * The keys of a store within its database: plain text, so that they sort alike in every
 * database, and so that somebody who looks at them at night can read them.
 *
 *     !wilco!a                              the root: format, name of the store, boot count
 *     !wilco!b                              damage that was told already
 *     !wilco!c00000000001f2e                a commit: one for each of the last ones
 *     !wilco!eids!order-17                  an entry: its table, its key
 *     !wilco!s00000007                      a session (7) …
 *     !wilco!s00000007!                     … its damage, if any was found
 *     !wilco!s00000007n01, …r01             … its channel 1, sending and receiving
 *     !wilco!s00000007o01, …i01             … what of the messages there is: outgoing, incoming
 *     !wilco!s00000007o01m0000000000001f.3  … a pack of 3 messages, the last of which is 31
 *     !wilco!s00000007o01v00000000000011    … message 17, in place of what its pack says
 *     !wilco!x00000007                      a session that was dropped and is being cleared away
 */
export class StoreKeys {
  readonly prefix: string;
  readonly root: string;
  readonly told: string;
  readonly end: string;

  constructor(name: string) {
    this.prefix = `!${name}!`;
    this.root = `${this.prefix}a`;
    this.told = `${this.prefix}b`;
    this.end = `!${name}"`;
  }

  commit(number: number): string {
    return `${this.prefix}c${wide(number)}`;
  }

  /** What all keys of a table begin with. */
  table(table: EntryTable): string {
    return `${this.prefix}e${table}!`;
  }

  entry(table: EntryTable, key: string): string {
    return `${this.table(table)}${key}`;
  }

  session(number: number): string {
    return `${this.prefix}s${number.toString(16).padStart(8, '0')}`;
  }

  dropped(number: number): string {
    return `${this.prefix}x${number.toString(16).padStart(8, '0')}`;
  }
}

/** The part of a key that says what it is about, below its session. */
export type SessionKind = '' | '!' | 'n' | 'r' | 'o' | 'i' | 'om' | 'im' | 'ov' | 'iv';

/** What a key below a session says. */
export interface SessionKey {
  readonly kind: SessionKind;
  readonly channel: ChannelNumber;
  /** Of a pack: its last seq. Of a message: its seq. Else 0. */
  readonly seq: Seq;
  /** Of a pack: how many messages it has. Else 0. */
  readonly count: number;
}

/** A seq or a number as text of one width, so that it sorts. */
export function wide(seq: number): string {
  return seq.toString(16).padStart(14, '0');
}

/** A channel as text of one width. */
export function channelText(channel: ChannelNumber): string {
  return channel.toString(16).padStart(2, '0');
}

const LETTER_M = 0x6d;
const LETTER_O = 0x6f;
/** Where the last seq of a pack ends in its key. */
const PACK_LAST = 18;

const SESSION_KEY =
  /^(?:!|[nr]([0-9a-f]{2})|([oi])([0-9a-f]{2})(?:m([0-9a-f]{14})\.([0-9a-f]+)|v([0-9a-f]{14}))?)?$/;

/** What a key says, without the part that names its session; `undefined` for none of ours. */
export function parseSessionKey(rest: string): SessionKey | undefined {
  // There may be a million packs, and little else.
  if (rest.charCodeAt(3) === LETTER_M && rest.length > PACK_LAST) {
    const [last, count] = [hex(rest.slice(4, PACK_LAST)), hex(rest.slice(PACK_LAST + 1))];
    const kind = rest.charCodeAt(0) === LETTER_O ? 'om' : 'im';
    if (last > 0 && count > 0) return { kind, channel: hex(rest.slice(1, 3)), seq: last, count };
  }
  if (!SESSION_KEY.test(rest)) return undefined;
  const [, plain, side, channel, last, count, single] = SESSION_KEY.exec(rest) ?? [];
  if (plain !== undefined) {
    return { kind: rest.charAt(0) as SessionKind, channel: hex(plain), seq: 0, count: 0 };
  }
  if (side === undefined) return { kind: rest as SessionKind, channel: 0, seq: 0, count: 0 };
  const which = last !== undefined ? 'm' : single !== undefined ? 'v' : '';
  return {
    kind: `${side}${which}` as SessionKind,
    channel: hex(channel),
    seq: hex(last ?? single),
    count: hex(count),
  };
}

/** The number in the eight places behind a prefix; `undefined` where there is none. */
export function numberAt(key: string, place: number, width: number): number | undefined {
  const text = key.slice(place, place + width);
  return text.length === width && /^[0-9a-f]+$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

function hex(text = '0'): number {
  return Number.parseInt(text, 16);
}
