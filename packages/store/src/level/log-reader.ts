import type { Position, Seq } from '@wilco/protocol';
import { ENCODINGS, scan, type LevelDatabase } from './level-database.ts';
import type { MessageLog } from './message-log.ts';
import { readPack } from './message-packs.ts';
import { damaged } from './record-reader.ts';
import { parseSessionKey, wide } from './store-keys.ts';

/** Which messages of a log to read, and how many at most. */
export interface PageRange {
  readonly from: Seq;
  readonly to: Position;
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** A message that was read, and its place. */
export interface ReadMessage<Body> {
  readonly seq: Seq;
  readonly body: Body;
}

interface Page<Body> {
  readonly messages: ReadMessage<Body>[];
  bytes: number;
  isFull: boolean;
  /** Everything below was looked at. */
  seen: Position;
}

interface Packed {
  readonly type: string;
  readonly payload: Uint8Array;
}

/**
 * Reads messages of a channel: from the packs, without what was dropped, and with what
 * changed in its place.
 *
 * @throws {@link WilcoError} `WILCO_STORE_DAMAGED` when one that must be there is missing or wrong.
 */
export async function readMessages<Body extends Packed>(
  database: LevelDatabase,
  log: MessageLog<Body>,
  range: PageRange,
): Promise<ReadMessage<Body>[]> {
  const to = Math.min(range.to, log.next);
  const { keptBelow } = log;
  const page: Page<Body> = { messages: [], bytes: 0, isFull: false, seen: range.from };
  if (range.from < to) {
    const packs = { gte: `${log.key}m${wide(range.from)}`, lt: `${log.key}n` };
    await scan(database, packs, { hasValues: true, atOnce: 1_024 }, (key, value) => {
      const { seq: last = 0, count = 0 } = parseSessionKey(key.slice(log.key.length - 3)) ?? {};
      const first = last - count + 1;
      if (count === 0 || first < 1) throw damaged(key, 'has a key that nobody wrote');
      if (first >= to) return false;
      assertNoneMissing(log, page.seen, first, keptBelow);
      takePack(page, log, range, readPack(log.codec, key, value, count), first);
      return !page.isFull;
    });
    if (!page.isFull) assertNoneMissing(log, page.seen, to, keptBelow);
  }
  if (log.hasChanges && page.messages.length > 0) await readChanges(database, log, page);
  return page.messages;
}

function takePack<Body extends Packed>(
  page: Page<Body>,
  log: MessageLog<Body>,
  range: PageRange,
  bodies: readonly Body[],
  first: Seq,
): void {
  for (const [index, body] of bodies.entries()) {
    const seq = first + index;
    if (seq < range.from || seq >= range.to || log.dropped.has(seq)) continue;
    const bytes = page.bytes + body.payload.byteLength;
    const { length } = page.messages;
    if (length > 0 && (length >= range.maxMessages || bytes > range.maxBytes)) {
      page.isFull = true;
      return;
    }
    page.bytes = bytes;
    page.messages.push({ seq, body });
  }
  page.seen = first + bodies.length;
}

/** What was put, not dropped, and completed, must have been in a pack. */
function assertNoneMissing(
  log: Pick<MessageLog, 'firstThere' | 'key'>,
  from: Seq,
  to: Position,
  keptBelow: Position,
): void {
  const missing = log.firstThere(from, Math.min(to, keptBelow));
  if (missing !== undefined) throw damaged(`${log.key}m${wide(missing)}`, 'is missing');
}

/** What changed since it was packed has a record of its own, and that one counts. */
async function readChanges<Body extends Packed>(
  database: LevelDatabase,
  log: MessageLog<Body>,
  page: Page<Body>,
): Promise<void> {
  const [first, last] = [page.messages[0], page.messages.at(-1)];
  if (first === undefined || last === undefined) return;
  const places = new Map(page.messages.map(({ seq }, index) => [seq, index]));
  const changes = {
    gte: `${log.key}v${wide(first.seq)}`,
    lt: `${log.key}v${wide(last.seq + 1)}`,
  };
  await scan(database, changes, { hasValues: true, atOnce: 64 }, (key, value) => {
    const seq = Number.parseInt(key.slice(log.key.length + 1), 16);
    const place = places.get(seq);
    const [body] = readPack(log.codec, key, value, 1);
    if (place !== undefined && body !== undefined) page.messages[place] = { seq, body };
    return undefined;
  });
}

/** The values of keys, in their order. */
export async function readValues(
  database: LevelDatabase,
  keys: readonly string[],
): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let from = 0; from < keys.length; from += VALUES_AT_ONCE) {
    values.push(...(await database.getMany(keys.slice(from, from + VALUES_AT_ONCE), ENCODINGS)));
  }
  return values;
}

const VALUES_AT_ONCE = 512;
