import { describe, expect, test } from 'vitest';
import type { OrderGroup, OrderOutcome, OrderSend, OrderStart } from '../../src/sim/order-book.ts';
import { OrderBook } from '../../src/sim/order-book.ts';
import {
  wrongEnd,
  wrongStart,
  wrongStatus,
  type OrderRuleSetting,
} from '../../src/sim/order-rules.ts';
import { SERVER } from '../../src/sim/plan.ts';

const SETTING: OrderRuleSetting = {
  atMs: 100,
  remembersSinceMs: 0,
  receiverBeganAtMs: 0,
  handlerMs: 1_000,
  isUsedElsewhere: false,
};

describe('a handler on a message under an id', () => {
  test('may start once, and again where its process had died', () => {
    const { group, start } = run();
    expect(wrongStart(group, start(1), SETTING)).toBeUndefined();
    group.starts.push(start(1, 'done'));
    expect(wrongStart(group, start(1), SETTING)).toBe('the same process had handled it');
    expect(wrongStart(group, start(2), SETTING)).toBeUndefined();
  });

  test('may start again after one that threw, or that took too long', () => {
    const { group, start } = run();
    group.starts.push(start(1, 'threw'), { ...start(1), isOverrun: true });
    expect(wrongStart(group, start(1), SETTING)).toBeUndefined();
  });

  test('must not start once somebody was told how it ended, unless its receiver has forgotten', () => {
    const { group, start, settle } = run();
    group.starts.push(start(1, 'replied'));
    settle(0, { status: 'handled', reply: Uint8Array.of(0, 1), replyLost: false });
    const again = { ...start(2), atMs: 50 };
    expect(wrongStart(group, again, SETTING)).toContain('had been told that start 1 ended it');
    expect(wrongStart(group, again, { ...SETTING, remembersSinceMs: 40 })).toBeUndefined();
  });
});

describe('the receipt of a message under an id', () => {
  test('has the reply of a handler of its own, not that of another message', () => {
    const { group, start, send } = run();
    group.starts.push(start(1, 'replied'));
    const handled = { status: 'handled', reply: Uint8Array.of(0, 1), replyLost: false } as const;
    expect(wrongEnd(group, send(0), handled, SETTING)).toBeUndefined();
    expect(wrongEnd(group, send(1), handled, SETTING)).toContain('no handler of it');
    const other = { ...handled, reply: Uint8Array.of(0, 2) };
    expect(wrongEnd(group, send(0), other, SETTING)).toContain('no handler of it');
    const none = { ...handled, reply: undefined };
    expect(wrongEnd(group, send(0), none, SETTING)).toContain('without a reply');
    expect(wrongEnd(group, send(0), { ...none, replyLost: true }, SETTING)).toContain('lost');
  });

  test('says that the id is used only where another message came under it', () => {
    const { group, send } = run();
    const reused = { status: 'rejected', code: 'WILCO_ID_REUSED', reason: '' } as const;
    const outcome = { ...reused, hasRun: false, isRetryable: false };
    const first = send(0);
    expect(wrongEnd(group, first, outcome, SETTING)).toContain('no other message');
    send(1);
    expect(wrongEnd(group, first, outcome, SETTING)).toBeUndefined();
  });

  test('says that a handler refused it only where one did', () => {
    const { group, start, send } = run();
    const refused = { status: 'rejected', code: 'SIM_REFUSED', reason: '' } as const;
    const outcome = { ...refused, hasRun: true, isRetryable: false };
    expect(wrongEnd(group, send(0), outcome, SETTING)).toContain('no handler was ever started');
    group.starts.push(start(1, 'done'));
    expect(wrongEnd(group, send(0), outcome, SETTING)).toContain('no handler refused it');
  });

  test('says that a handler took too long only where one started, or may have before a restart', () => {
    const { group, send } = run();
    const overrun = { status: 'rejected', code: 'WILCO_HANDLER_TIMEOUT', reason: '' } as const;
    const outcome = { ...overrun, hasRun: true, isRetryable: true };
    const first = send(0);
    const wrong = wrongEnd(group, first, outcome, SETTING);
    expect(wrong).toContain('no handler was ever started');
    const restarted = { ...SETTING, receiverBeganAtMs: 50 };
    expect(wrongEnd(group, first, outcome, restarted)).toBeUndefined();
  });
});

describe('what a peer says of a message under an id', () => {
  test('is not handled, unless a handler has finished it', () => {
    const { group, start } = run();
    expect(wrongStatus(group, 'handled', 0, SETTING)).toContain('no handler has finished it');
    group.starts.push(start(1, 'done'));
    expect(wrongStatus(group, 'handled', 0, SETTING)).toBeUndefined();
  });

  test.each(['neverSeen', 'forgotten'] as const)(
    'is not %s of what it had started on, unless it has lost its memory since',
    (status) => {
      const { group, start } = run();
      group.starts.push(start(1));
      expect(wrongStatus(group, status, 50, SETTING)).toContain('its handler was started');
      // At the very moment of its last start as well.
      const forgetful = { ...SETTING, remembersSinceMs: start(1).atMs };
      expect(wrongStatus(group, status, 50, forgetful)).toBeUndefined();
    },
  );

  test('is handled once its sender was told so', () => {
    const { group, start, settle } = run();
    group.starts.push(start(1, 'done'));
    settle(0, { status: 'handled', reply: undefined, replyLost: false });
    expect(wrongStatus(group, 'pending', 50, SETTING)).toContain('was told that it is handled');
    expect(wrongStatus(group, 'rejected', 50, SETTING)).toContain('was told that it is handled');
  });
});

test('a receipt is waited for until it is there, or its process has ended', () => {
  const book = new OrderBook();
  const order = orderOf(0);
  const send = book.sent(order, 1, 0);
  book.sent(order, 1, 0);
  expect(book.openCount).toBe(2);
  book.close(send);
  send.outcome = { status: 'handled', reply: undefined, replyLost: false };
  expect([book.openCount, book.unsettled().length]).toEqual([1, 1]);
  book.orphan('client 1');
  expect([book.openCount, book.unsettled().length]).toEqual([0, 0]);
});

function orderOf(variant: number): OrderSend['order'] {
  return {
    index: 0,
    atMs: 0,
    from: 'client 1',
    to: SERVER,
    id: 0,
    variant,
    kind: 'reply',
    takesMs: 0,
    isKept: false,
    releaseAfterMs: undefined,
    askedAtMs: [],
  };
}

function run(): {
  readonly group: OrderGroup;
  start(run: number, ended?: OrderStart['ended']): OrderStart;
  send(variant: number): OrderSend;
  settle(variant: number, outcome: OrderOutcome): void;
} {
  const book = new OrderBook();
  const group = book.group('client 1', SERVER, 0);
  const send = (variant: number): OrderSend => book.sent(orderOf(variant), 1, 0);
  return {
    group,
    send,
    start: (process, ended) => ({
      atMs: 10,
      host: SERVER,
      run: process,
      variant: 0,
      number: group.starts.length + 1,
      ended,
      endedAtMs: ended === undefined ? Infinity : 11,
      isOverrun: false,
    }),
    settle: (variant, outcome) => {
      Object.assign(send(variant), { outcome, settledAtMs: 20 });
    },
  };
}
