import type { StoreOperation } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import type { IdClaim, IdEnd, IdEntry, MessageIds } from '../src/message-ids.ts';
import { HANDLED, rejected, reply } from './pair.ts';
import { idMemory } from './id-memory.ts';

const EXPIRED: IdEnd = { ...HANDLED, outcome: 'expired', code: 'WILCO_EXPIRED', hasRun: false };
const UNRUN: IdEnd = { ...rejected('WILCO_TYPE_UNKNOWN'), hasRun: false };
const RETRYABLE: IdEnd = { ...rejected('BUSY'), isRetryable: true };

/** A table, what it had its store do, and messages that come to it. */
class Desk {
  readonly table: MessageIds;
  readonly operations: StoreOperation[] = [];
  nowMs = 0;
  #seq = 0;

  constructor(limits: Parameters<typeof idMemory>[0] = {}) {
    this.table = idMemory(limits).table;
  }

  readonly persist = (operation: StoreOperation): void => void this.operations.push(operation);

  comes(id: string, hash = 'h', scope = 'anna'): IdClaim {
    this.#seq += 1;
    const place = { session: '00', channel: 1, seq: this.#seq };
    return this.table.claim({ scope, id, hash, place }, this.nowMs, this.persist);
  }

  first(id: string, hash = 'h', scope = 'anna'): IdEntry {
    const claim = this.comes(id, hash, scope);
    if (claim.type !== 'first') throw new Error(`it is ${claim.type}`);
    return claim.entry;
  }

  ends(entry: IdEntry, end: IdEnd = HANDLED): void {
    this.table.conclude(entry, end, this.nowMs, this.persist);
  }
}

describe('what is remembered of an id', () => {
  test('is the outcome of the first message: the same again gets it, with its reply', () => {
    const desk = new Desk();
    desk.ends(desk.first('order 1'), reply(7));
    expect(desk.comes('order 1')).toEqual({ type: 'done', end: reply(7) });
  });

  test('is the payload and the type: another message under the id is refused', () => {
    const desk = new Desk();
    const entry = desk.first('order 1');
    expect(desk.comes('order 1', 'another')).toEqual({ type: 'reused' });
    desk.ends(entry);
    expect(desk.comes('order 1', 'another')).toEqual({ type: 'reused' });
  });

  test('is of one sender: the same id of another is another', () => {
    const desk = new Desk();
    desk.ends(desk.first('order 1'));
    expect(desk.comes('order 1', 'h', 'berta').type).toBe('first');
  });

  test('keeps those apart whose names run into each other', () => {
    const desk = new Desk();
    desk.ends(desk.first('b', 'h', 'anna1:'));
    expect(desk.comes('1:b', 'h', 'anna').type).toBe('first');
  });

  test.each([
    ['did not run', UNRUN],
    ['says that repeating can help', RETRYABLE],
    ['was too late', EXPIRED],
  ])('does not block the id after a message that %s', (_why, end) => {
    const desk = new Desk();
    desk.ends(desk.first('order 1'), end);
    expect(desk.comes('order 1').type).toBe('first');
  });

  test('lets a corrected message come under an id whose message never ran', () => {
    const desk = new Desk();
    desk.ends(desk.first('order 1', 'wrong'), UNRUN);
    expect(desk.comes('order 1', 'corrected').type).toBe('first');
  });

  test('holds an id to the payload that has run, also where repeating can help', () => {
    const desk = new Desk();
    desk.ends(desk.first('order 1', 'wrong'), RETRYABLE);
    expect(desk.comes('order 1', 'corrected').type).toBe('reused');
    expect(desk.comes('order 1', 'wrong').type).toBe('first');
  });

  test('is a rejection, too, where the handler ran and repeating can not help', () => {
    const desk = new Desk();
    desk.ends(desk.first('order 1'), rejected('NO'));
    expect(desk.comes('order 1')).toEqual({ type: 'done', end: rejected('NO') });
  });
});

describe('what waits for another message under its id', () => {
  function waiting(entry: IdEntry): string[] {
    const told: string[] = [];
    entry.waiting.push({
      place: { session: '01', channel: 2, seq: 9 },
      ended: ({ outcome }) => told.push(outcome),
      succeeds: () => told.push('succeeds'),
    });
    return told;
  }

  test('is told its end', () => {
    const desk = new Desk();
    const entry = desk.first('order 1');
    const told = waiting(entry);
    desk.ends(entry, reply(7));
    expect(told).toEqual(['reply']);
  });

  test('is told a rejection, also one after which the id is free', () => {
    const desk = new Desk();
    const entry = desk.first('order 1');
    const told = waiting(entry);
    desk.ends(entry, UNRUN);
    expect(told).toEqual(['rejected']);
  });

  test.each([
    ['expires', (desk: Desk, entry: IdEntry) => desk.ends(entry, EXPIRED)],
    [
      'will never be started',
      (desk: Desk, entry: IdEntry) => desk.table.release(entry, desk.nowMs, desk.persist),
    ],
  ])('takes its place where it %s', (_what, end) => {
    const desk = new Desk();
    const entry = desk.first('order 1');
    const told = [waiting(entry), waiting(entry)];
    end(desk, entry);
    expect(told).toEqual([['succeeds'], []]);
    expect(entry).toMatchObject({ state: 'pending', place: { session: '01', channel: 2, seq: 9 } });
    desk.ends(entry);
    expect(told).toEqual([['succeeds'], ['handled']]);
  });
});

describe('an id whose handler was left behind', () => {
  const place = { session: '00', channel: 1, seq: 1 };
  const pending = { scope: 'anna', id: 'order 1', hash: 'h', state: 'pending', place } as const;

  function restored(isPlaced: boolean): Desk {
    const desk = new Desk();
    const record = { ...pending, end: undefined, ageWallMs: -1_000_000 };
    desk.table.restore([record], undefined, () => isPlaced, desk.persist);
    return desk;
  }

  test('by a session that a store holds no more is handled again as redelivered, once', () => {
    const desk = restored(false);
    expect(desk.operations.at(-1)).toMatchObject({ type: 'putEntry', table: 'ids' });
    const claim = desk.comes('order 1');
    expect(claim).toMatchObject({ type: 'first', wasLeftOff: true });
    if (claim.type === 'first') desk.ends(claim.entry, RETRYABLE);
    expect(desk.comes('order 1')).toMatchObject({ type: 'first', wasLeftOff: false });
  });

  test('is held to what it stood for', () => {
    expect(restored(false).comes('order 1', 'another').type).toBe('reused');
  });

  test('is remembered as long as others from the start of the run that found it', () => {
    const desk = restored(false);
    desk.nowMs = 999_999;
    desk.table.prune(desk.nowMs, desk.persist);
    expect(desk.table.size).toBe(1);
    desk.nowMs = 1_000_000;
    desk.table.prune(desk.nowMs, desk.persist);
    expect(desk.table.size).toBe(0);
  });

  test('is pending still where a store holds its message', () => {
    expect(restored(true).comes('order 1').type).toBe('pending');
  });
});

describe('what is forgotten', () => {
  test('are the oldest ids, where there are too many', () => {
    const desk = new Desk({ maxIds: 3 });
    for (const id of ['a', 'b', 'c', 'd']) desk.ends(desk.first(id));
    expect(desk.table.size).toBe(3);
    expect(desk.comes('b').type).toBe('done');
    expect(desk.comes('a').type).toBe('first');
    expect(desk.table.reach.forgottenWallMs).toBe(0);
  });

  test('are the oldest ids of whoever has most: nobody makes this side forget the ids of others', () => {
    const desk = new Desk({ maxIds: 5 });
    for (const id of ['a', 'b']) desk.ends(desk.first(id, 'h', 'bert'));
    for (let i = 0; i < 20; i++) desk.ends(desk.first(`a${String(i)}`));
    expect(desk.table.size).toBe(5);
    expect(['a', 'b'].map((id) => desk.comes(id, 'h', 'bert').type)).toEqual(['done', 'done']);
    expect(['a19', 'a18', 'a17', 'a16'].map((id) => desk.comes(id).type)).toEqual([
      'done',
      'done',
      'done',
      'first',
    ]);
  });

  test('are none of whoever has less than a fair share, however many others there are', () => {
    const desk = new Desk({ maxIds: 8 });
    for (let i = 0; i < 8; i++) desk.ends(desk.first(`a${String(i)}`));
    for (const scope of ['bert', 'cora', 'dora', 'emil']) desk.ends(desk.first('b', 'h', scope));
    for (const scope of ['bert', 'cora', 'dora', 'emil']) {
      expect(desk.comes('b', 'h', scope).type).toBe('done');
    }
    expect(desk.comes('a3').type).toBe('first');
    expect(desk.comes('a7').type).toBe('done');
  });

  test('are ids that ended too long ago', () => {
    const desk = new Desk({ idAgeMs: 1_000 });
    desk.ends(desk.first('a'));
    desk.nowMs = 999;
    expect(desk.comes('a').type).toBe('done');
    desk.nowMs = 1_000;
    expect(desk.comes('a').type).toBe('first');
  });

  test('is never an id whose message has not ended, however many follow', () => {
    const desk = new Desk({ maxIds: 3, idAgeMs: 1_000 });
    const entry = desk.first('a');
    for (let i = 0; i < 10; i++) desk.ends(desk.first(`b${String(i)}`));
    desk.nowMs = 5_000;
    expect(desk.comes('a')).toMatchObject({ type: 'pending', entry });
    expect(desk.table.size).toBeLessThanOrEqual(3);
  });

  test('is never an id whose message has not ended, though one before it had', () => {
    const desk = new Desk({ maxIds: 3 });
    desk.ends(desk.first('a'), UNRUN);
    const entry = desk.first('a');
    for (let i = 0; i < 10; i++) desk.ends(desk.first(`b${String(i)}`));
    expect(desk.comes('a')).toMatchObject({ type: 'pending', entry });
  });

  test('are the oldest replies, where their bytes are too many: the effect is still known', () => {
    const desk = new Desk({ idReplyBytes: 10 });
    desk.ends(desk.first('a'), reply(1, 2, 3, 4, 5, 6));
    desk.ends(desk.first('b'), reply(1, 2, 3, 4, 5, 6));
    expect(desk.comes('a')).toMatchObject({ type: 'done', end: { outcome: 'replyLost' } });
    expect(desk.comes('b')).toMatchObject({ type: 'done', end: { outcome: 'reply' } });
    expect(desk.table.replyBytes).toBe(6);
  });

  test('leaves the store with it', () => {
    const desk = new Desk({ maxIds: 1 });
    desk.ends(desk.first('a'));
    desk.ends(desk.first('b'));
    const dropped = desk.operations.filter(({ type }) => type === 'dropEntry');
    expect(dropped).toEqual([{ type: 'dropEntry', table: 'ids', key: '4:annaa' }]);
  });
});
