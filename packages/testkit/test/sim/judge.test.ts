import { describe, expect, test } from 'vitest';
import type { Outcome } from '@wilco/protocol';
import { History, type Entry, type Start } from '../../src/sim/history.ts';
import { Judge } from '../../src/sim/judge.ts';
import { replyTo } from '../../src/sim/parcel.ts';
import type { Conduct, Plan, PlannedMessage } from '../../src/sim/plan.ts';
import { drawPlan } from '../../src/sim/draw-plan.ts';
import { recordOf, SESSION } from './stored-message.ts';

type Body = Uint8Array | undefined;
const HANDLED: Outcome<Body> = { status: 'handled', reply: undefined, replyLost: false };
const CANCELLED: Outcome<Body> = { status: 'cancelled', code: 'WILCO_CANCELLED' };
const EXPIRED: Outcome<Body> = { status: 'expired', code: 'WILCO_EXPIRED' };
const IN_DOUBT: Outcome<Body> = { status: 'inDoubt', code: 'WILCO_STATE_LOST' };

describe('a receipt', () => {
  test('handled is true when a handler finished the message', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, 'done');
    expect(run.settle(entry, HANDLED)).toEqual([]);
  });

  test('handled is untrue when no handler finished it', () => {
    const run = new Run();
    expect(run.settle(run.send(), HANDLED)).toEqual([
      expect.stringContaining('no handler finished it (none started)'),
    ]);
  });

  test('with the reply to another message is untrue', () => {
    const run = new Run();
    const [one, other] = [run.send({ kind: 'reply' }), run.send({ kind: 'reply' })];
    run.handle(one, 'replied');
    run.handle(other, 'replied');
    const reply = replyTo(other.message);
    expect(run.settle(one, { ...HANDLED, reply })[0]).toContain('the reply is not its own');
    expect(run.settle(other, { ...HANDLED, reply })).toHaveLength(1);
  });

  test('without the reply that the handler gave is untrue', () => {
    const run = new Run();
    const entry = run.send({ kind: 'reply' });
    run.handle(entry, 'replied');
    expect(run.settle(entry, HANDLED)[0]).toContain('the reply is not its own');
  });

  test.each([CANCELLED, EXPIRED])(
    '$status is untrue once a handler took the message',
    (outcome) => {
      const run = new Run();
      const entry = run.send({}, { ttlMs: 10 });
      entry.isCancelled = true;
      run.handle(entry, 'done');
      run.atMs = 100;
      expect(run.settle(entry, outcome)[0]).toContain('a handler took it at 0 ms');
    },
  );

  test('expired is untrue before its time', () => {
    const run = new Run();
    const entry = run.send({}, { ttlMs: 1_000 });
    run.atMs = 900;
    expect(run.settle(entry, EXPIRED)[0]).toContain('it is 900 ms old and may become 1000');
  });

  test('cancelled is untrue when nobody withdrew the message', () => {
    const run = new Run();
    expect(run.settle(run.send(), CANCELLED)[0]).toContain('nobody withdrew it');
  });

  test('in doubt is untrue when nothing had happened', () => {
    const run = new Run();
    expect(run.settle(run.send(), IN_DOUBT)[0]).toContain('nothing had happened');
    run.history.doubt('server', 0);
    expect(run.settle(run.send(), IN_DOUBT)).toHaveLength(1);
  });

  test('in doubt is untrue for what befell another host, or these two before they met', () => {
    const run = new Run();
    run.history.doubt('client 2', 20);
    run.history.doubt('server', 5);
    run.history.dials('client 1', 6);
    run.atMs = 10;
    expect(run.settle(run.send(), IN_DOUBT)).toHaveLength(1);
    run.history.doubt('client 1', 8);
    expect(run.settle(run.send(), IN_DOUBT)).toHaveLength(1);
  });

  test('rejected is true with the code of what the handler did', () => {
    const run = new Run();
    const entry = run.send({ kind: 'reject' });
    run.handle(entry, 'rejected');
    const rejected = {
      status: 'rejected',
      code: 'SIM_REFUSED',
      reason: '',
      isRetryable: false,
    } as const;
    expect(run.settle(entry, { ...rejected, hasRun: true })).toEqual([]);
    expect(run.settle(run.send(), { ...rejected, hasRun: true })[0]).toContain(
      'no handler refused it',
    );
  });

  test('rejected without having run is untrue once a handler had started', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, 'done');
    const rejected = {
      status: 'rejected',
      code: 'WILCO_CLOSED',
      reason: '',
      isRetryable: true,
    } as const;
    expect(run.settle(entry, { ...rejected, hasRun: false })[0]).toContain('it says that none ran');
  });
});

describe('a handler', () => {
  test('that the same process starts twice on a message is a duplicate, unless it was sent again', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, 'done');
    run.handle(entry, 'done');
    expect(run.blamed()).toContain('no duplicate: message 0: handled twice by the same process');
    const other = new Run();
    const moved = other.send();
    other.handle(moved, 'done');
    other.handle(moved, 'done', { isResent: true, session: 'next' });
    expect(other.blamed()).toEqual([]);
  });

  test('that another host starts without a mark is a duplicate', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, 'done');
    run.handle(entry, 'done', { host: 'other server', session: 'next' });
    expect(run.blamed()[0]).toContain('after another had, and not marked');
  });

  test('that starts once more after a crash is marked, and counts its attempts', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, undefined);
    run.handle(entry, 'done', { run: 2, isRedelivered: true, attempt: 2 });
    expect(run.blamed()).toEqual([]);
    run.handle(entry, 'done', { run: 3, isRedelivered: true, attempt: 2 });
    expect(run.blamed()).toEqual(['honesty: message 0: attempt 2 after 2']);
    const other = new Run();
    const unmarked = other.send();
    other.handle(unmarked, undefined);
    other.handle(unmarked, 'done', { run: 2 });
    expect(other.blamed()[0]).toContain('after another had, and not marked');
  });

  test('counts one more for each mark that was kept and whose start never was, and for nothing else', () => {
    const again = { run: 2, isRedelivered: true };
    const run = new Run();
    const entry = run.send();
    run.mark(entry, 2);
    run.opens(entry, 2);
    // One for the first crash, one for the mark.
    run.handle(entry, undefined, { ...again, attempt: 3 });
    expect(run.blamed()).toEqual([]);
    run.handle(entry, undefined, { ...again, run: 3, attempt: 5 });
    expect(run.blamed()).toContain('honesty: message 0: attempt 5 after 1 only');
  });

  test.each([
    ['was followed by its start', 2, 2, true],
    ['was not kept', 2, 1, false],
  ])('counts no mark that %s', (_, marked, found, isStarted) => {
    const run = new Run();
    const entry = run.send();
    run.mark(entry, marked);
    if (isStarted) run.handle(entry, undefined, { isRedelivered: true, attempt: 2 });
    run.opens(entry, found);
    const before = isStarted ? 1 : 0;
    const attempt = before + 3;
    run.handle(entry, 'done', { run: 2, isRedelivered: true, attempt });
    expect(run.blamed()).toEqual([`honesty: message 0: attempt ${attempt} after ${before} only`]);
  });

  test('counts nothing for the first crash when its first start is known', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, undefined);
    run.handle(entry, 'done', { run: 2, isRedelivered: true, attempt: 3 });
    expect(run.blamed()).toEqual(['honesty: message 0: attempt 3 after 1 only']);
  });

  test('that was put off, or found twice, is no such mark', () => {
    const run = new Run();
    const entry = run.send();
    run.mark(entry, 2, 100);
    run.opens(entry, 2, 100);
    run.mark(entry, 2);
    run.opens(entry, 2);
    run.opens(entry, 2);
    run.handle(entry, 'done', { run: 2, isRedelivered: true, attempt: 4 });
    expect(run.blamed()).toEqual(['honesty: message 0: attempt 4 after 0 only']);
  });

  test('that said "not now" starts again in the same process, and is counted', () => {
    const run = new Run();
    const entry = run.send();
    run.handle(entry, 'putOff');
    run.handle(entry, 'done', { isRedelivered: true, attempt: 2 });
    expect(run.blamed()).toEqual([]);
  });

  test('that starts out of order breaks it, in the same channel and session only', () => {
    const run = new Run();
    const [first, second, elsewhere] = [run.send(), run.send(), run.send({}, { channel: 'b' })];
    run.handle(elsewhere, 'done');
    run.handle(second, 'done');
    expect(run.blamed()).toEqual([]);
    run.handle(first, 'done');
    expect(run.blamed()).toEqual(['order: message 0: handled after a later one']);
  });

  test('that starts while another runs breaks the order, where one at a time is allowed', () => {
    const run = new Run();
    run.handle(run.send(), undefined);
    run.handle(run.send(), undefined);
    expect(run.blamed()).toEqual(['order: message 1: started while 1 were running']);
  });

  test('that takes a message that was refused without a handler breaks conservation', () => {
    const run = new Run();
    const entry = run.send({ kind: 'unknown' });
    const refused = { status: 'rejected', code: 'WILCO_TYPE_UNKNOWN', reason: '' } as const;
    run.settle(entry, { ...refused, hasRun: false, isRetryable: false });
    run.handle(entry, 'done');
    expect(run.blamed()).toEqual(['conservation: message 0: handled after it was rejected']);
  });

  test('that takes an expired message breaks conservation', () => {
    const run = new Run();
    const entry = run.send({}, { ttlMs: 1 });
    run.atMs = 10;
    run.settle(entry, EXPIRED);
    run.handle(entry, 'done');
    expect(run.blamed()).toEqual(['conservation: message 0: handled after it was expired']);
  });
});

test('what is unsettled at the end has made no progress, unless its sender died', () => {
  const run = new Run();
  run.send();
  run.send();
  run.history.orphan('client 1', 2);
  run.judge.rests(5);
  expect(run.blamed()).toHaveLength(2);
  run.history.orphan('client 1', 1);
  run.judge.violations.length = 0;
  run.judge.rests(5);
  expect(run.blamed()).toEqual([]);
  expect(run.history.openCount).toBe(0);
});

describe('what an earlier process sent', () => {
  test('is waited for again once a later one finds it', () => {
    const run = new Run();
    const entry = run.send();
    run.history.orphan('client 1', 1);
    expect(run.history.adopt('client 1', 2, { id: 'id of 0' })).toBe(entry);
    expect(run.history.found('client 1', 2, 'id of 0')).toBe(entry);
    expect(run.history.openCount).toBe(1);
    run.judge.rests(5);
    expect(run.blamed()).toHaveLength(1);
  });

  test('is not the later message under the same id, whose seq was never kept for it', () => {
    const run = new Run();
    run.send();
    run.history.orphan('client 1', 1);
    run.history.sent(run.send().message, 2, 5, { id: 'id of 0' });
    expect(run.history.adopt('client 1', 2, { id: 'id of 0' })).toBeUndefined();
    expect(run.history.adopt('client 2', 2, { id: 'id of 0' })).toBeUndefined();
  });

  test('is as old as the wall clock of one of its sides says', () => {
    const run = new Run();
    const entry = run.send({}, { ttlMs: 1_000 });
    run.history.jumped('client 2', 50, 5_000);
    run.history.jumped('server', 50, -5_000);
    run.history.jumped('server', 50, 800);
    run.atMs = 199;
    expect(run.settle(entry, EXPIRED)).toEqual([]);
    run.atMs = 150;
    expect(run.settle(entry, EXPIRED)[0]).toContain('it is 950 ms old and may become 1000');
  });
});

/** A run in which nothing happens but what the test says. */
class Run {
  atMs = 0;
  readonly history = new History();
  readonly judge: Judge;

  constructor() {
    const plan: Plan = { ...drawPlan(1), concurrency: 1, clients: ['client 1'], options: {} };
    this.judge = new Judge(plan, this.history);
  }

  send(conduct: Partial<Conduct> = {}, message: Partial<PlannedMessage> = {}): Entry {
    const planned: PlannedMessage = {
      index: this.history.entries.size,
      atMs: 0,
      from: 'client 1',
      to: 'server',
      channel: 'default',
      bytes: 20,
      ttlMs: undefined,
      cancelAfterMs: undefined,
      whenFull: 'fail',
      ...message,
      conduct: { kind: 'handle', takesMs: 0, replyBytes: 16, putOffs: 0, ...conduct },
    };
    return this.history.sent(planned, 1, this.atMs, { id: `id of ${planned.index}` });
  }

  handle(entry: Entry, ended: Start['ended'], marks: Partial<Start> = {}): void {
    const start: Start = {
      atMs: this.atMs,
      host: 'server',
      run: 1,
      session: 'first',
      isResent: false,
      isRedelivered: false,
      attempt: 1,
      hasEffect: false,
      isAborted: false,
      ...marks,
      ended,
      endedAtMs: this.atMs,
    };
    this.judge.starts(entry, start, start.host);
    this.history.started(entry, start);
    if (ended !== undefined) this.judge.ends(entry, start);
  }

  /** A process of the server orders the mark of a start, or keeps when the message may start again. */
  mark(entry: Entry, attempts: number, notBeforeWallMs?: number): void {
    const record = recordOf(entry, attempts, notBeforeWallMs);
    const { marks, entries } = this.history;
    marks.commits('server', [{ type: 'putIncoming', record }], entries.values());
  }

  /** The next process of the server finds the message in its store. */
  opens(entry: Entry, attempts: number, notBeforeWallMs?: number): void {
    const incoming = [recordOf(entry, attempts, notBeforeWallMs)];
    const session = { ...SESSION, session: 'first' };
    const contents = { session, sending: [], receiving: [], outgoing: [], incoming };
    this.history.marks.opened('server', [contents]);
  }

  settle(entry: Entry, outcome: Outcome<Body>): string[] {
    entry.outcome = outcome;
    entry.settledAtMs = this.atMs;
    this.judge.settles(entry);
    return this.blamed();
  }

  blamed(): string[] {
    return this.judge.violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  }
}
