import { describe, expect, test } from 'vitest';
import { messagePack } from '@wilco/codec';
import {
  defineMessage,
  Rejection,
  RetryLater,
  WilcoError,
  type StandardSchema,
} from '@wilco/protocol';
import type { Delivery, HandlerResult } from '@wilco/session';
import { HandlerRuns } from '../src/handler-runs.ts';
import { Handlers, type HandlerContext } from '../src/handlers.ts';
import type { SessionHandle } from '../src/session-handle.ts';

const CODEC = messagePack();
const Order = defineMessage<number, unknown>('order');

describe('a handler', () => {
  test('that returns something replies with it', () => {
    const { handlers, run, results } = make();
    handlers.add(Order, (number) => ({ double: number * 2 }));
    run(4);
    expect(results[0]?.outcome).toBe('reply');
    expect(replied(results[0])).toEqual({ double: 8 });
  });

  test('that returns nothing has handled the message, at once', () => {
    const { handlers, run, results } = make();
    handlers.add(Order, () => undefined);
    run(1);
    expect(results).toMatchObject([{ outcome: 'handled', payload: undefined }]);
  });

  test('whose reply can not be said has handled the message; the reply is lost, and that is told on this side', () => {
    const { handlers, run, results, failures } = make();
    handlers.add(Order, () => () => {});
    run(1);
    expect(results).toMatchObject([{ outcome: 'replyLost' }]);
    expect(failures).toEqual(['WilcoError: WILCO_PAYLOAD_UNENCODABLE: body is a function']);
  });

  test('that throws, or rejects, rejects the message; that is told on this side too', async () => {
    const { handlers, run, results, failures } = make();
    const undo = handlers.add(Order, () => {
      throw new TypeError('oops');
    });
    run(1);
    undo();
    handlers.add(Order, () => Promise.reject(new Error('later')));
    run(2);
    await turn();
    const rejected = { outcome: 'rejected', code: 'WILCO_HANDLER_FAILED', hasRun: true };
    expect(results).toMatchObject([
      { ...rejected, reason: 'oops' },
      { ...rejected, reason: 'later' },
    ]);
    expect(failures).toEqual(['TypeError: oops', 'Error: later']);
  });

  test.each([
    [new Rejection('SOLD_OUT', 'none left', { isRetryable: true }), 'SOLD_OUT', true],
    [new Rejection('WILCO_OURS', 'not yours'), 'WILCO_HANDLER_FAILED', false],
    [new WilcoError('WILCO_CLOSED', 'something else'), 'WILCO_HANDLER_FAILED', false],
    [undefined, 'WILCO_HANDLER_FAILED', false],
  ])('says by a Rejection why, and whether repeating helps: %#', (thrown, code, isRetryable) => {
    const { handlers, run, results, failures } = make();
    handlers.add(Order, () => {
      throw thrown as Error;
    });
    run(1);
    expect(results).toMatchObject([{ outcome: 'rejected', code, isRetryable, hasRun: true }]);
    expect(failures).toHaveLength(code === 'SOLD_OUT' ? 0 : 1);
  });

  test('never runs for a payload that can not be decoded, or that the schema refuses', async () => {
    const { handlers, runs, run, results } = make();
    const issues = [{ message: 'too small', path: ['lines', { key: 0 }] }];
    const Checked = defineMessage<number>('checked', { schema: schemaOf(() => ({ issues })) });
    let ran = 0;
    handlers.add(Checked, () => void (ran += 1));
    runs.start(delivery('checked', Uint8Array.of(0xc1)));
    run(1, 'checked');
    const refused = { outcome: 'rejected', code: 'WILCO_PAYLOAD_INVALID', hasRun: false };
    expect(results).toMatchObject([refused, { ...refused, reason: 'lines.0: too small' }]);
    expect(ran).toBe(0);
  });

  test('gets what the schema makes of the body, also when that takes time; the order is kept', async () => {
    const { handlers, run } = make();
    const waits: (() => void)[] = [];
    const schema = schemaOf<string>((value) => {
      if (value === 2) return { value: 'quick' };
      return new Promise((resolve) =>
        waits.push(() => resolve({ value: `slow ${String(value)}` })),
      );
    });
    const Checked = defineMessage<number, undefined, string>('checked', { schema });
    const seen: string[] = [];
    handlers.add(
      Checked,
      (text) => {
        seen.push(text);
        return undefined;
      },
      { concurrency: 8 },
    );
    for (const number of [1, 2, 3]) run(number, 'checked');
    waits[1]?.();
    await turn();
    expect(seen).toEqual([]);
    waits[0]?.();
    await turn();
    expect(seen).toEqual(['slow 1', 'quick', 'slow 3']);
  });

  test.each([
    ['throws RetryLater', new RetryLater(50)],
    ['throws that of another copy of the package', named('RetryLater', { delayMs: 50 })],
  ])('that %s is to be started again later; nothing is told of it', (_what, error) => {
    const { handlers, run, results, failures } = make();
    handlers.add(Order, () => {
      throw error;
    });
    run(1);
    expect(results).toEqual([{ outcome: 'notNow', delayMs: 50 }]);
    expect(failures).toEqual([]);
  });

  test.each([-1, Number.NaN, 2 ** 31])('can not be started again after %s ms', (delayMs) => {
    expect(() => new RetryLater(delayMs)).toThrow('WILCO_OPTION_INVALID');
    const { handlers, run, results } = make();
    handlers.add(Order, () => {
      throw named('RetryLater', { delayMs });
    });
    run(1);
    expect(results).toMatchObject([{ outcome: 'rejected', code: 'WILCO_HANDLER_FAILED' }]);
  });

  test('that commits writes has them go with its end, however often it adds some, and whatever its reply', async () => {
    const { handlers, run, results } = make();
    handlers.add(Order, async (number, context) => {
      context.commit([`first ${String(number)}`]);
      await turn();
      context.commit(['second']);
      return number === 1 ? undefined : () => {};
    });
    run(1);
    run(2);
    await turn();
    await turn();
    const effects = (number: number): string[][] => [[`first ${String(number)}`], ['second']];
    expect(results).toMatchObject([
      { outcome: 'handled', effects: effects(1) },
      { outcome: 'replyLost', effects: effects(2) },
    ]);
  });

  test.each([
    ['throws', new Error('oops')],
    ['rejects', new Rejection('NO', 'no')],
    ['says "not now"', new RetryLater(1)],
  ])('that commits writes and then %s has written nothing', (_what, error) => {
    const { handlers, run, results } = make();
    handlers.add(Order, (_number, context) => {
      context.commit(['lost']);
      throw error;
    });
    run(1);
    expect(results).toHaveLength(1);
    expect(results[0]).not.toHaveProperty('effects');
  });

  test('can not commit writes once it has returned, or where no store keeps them', () => {
    const { handlers, run, results, settings } = make();
    const contexts: HandlerContext[] = [];
    handlers.add(Order, (_number, context) => void contexts.push(context));
    run(1);
    expect(() => contexts[0]?.commit([])).toThrow('WILCO_HANDLER_OVER');
    settings.isVolatile = true;
    handlers.addFallback((_payload, context) => context.commit([]));
    run(1, 'other');
    expect(results[1]).toMatchObject({ outcome: 'rejected', code: 'WILCO_HANDLER_FAILED' });
  });

  test('that is late is told so, and whether writes of it are lost', () => {
    const { handlers, run, late, settings } = make();
    settings.isLate = true;
    handlers.add(Order, (number, context) => {
      if (number === 1) context.commit(['lost']);
    });
    run(1);
    run(2);
    expect(late).toMatchObject([{ hadWrites: true }, { hadWrites: false }]);
  });

  test('for a type that nobody handles rejects, unless there is one for all others', () => {
    const { handlers, run, results } = make();
    run(1, 'strange');
    handlers.addFallback((payload, { type }) => [type, CODEC.decode(payload)]);
    run(2, 'strange');
    expect(results).toMatchObject([
      { code: 'WILCO_TYPE_UNKNOWN', hasRun: false },
      { outcome: 'reply' },
    ]);
    expect(replied(results[1])).toEqual(['strange', 2]);
  });

  test('knows its message, and by its signal that it is not wanted any more', () => {
    const { handlers, runs, results } = make();
    const contexts: HandlerContext[] = [];
    handlers.add(Order, (_number, context) => {
      contexts.push(context);
      return new Promise(() => {});
    });
    const one = delivery('order', CODEC.encode(1));
    const two = { ...delivery('order', CODEC.encode(2)), id: 'mine', seq: 7, isResent: true };
    runs.start(one);
    runs.start(two);
    const [first, second] = contexts;
    const { signal } = first as HandlerContext;
    runs.abort(one, 'WILCO_HANDLER_TIMEOUT');
    runs.abort(two, 'WILCO_CANCELLED');
    expect(signal.reason).toMatchObject({ code: 'WILCO_HANDLER_TIMEOUT' });
    expect(second?.signal.reason).toMatchObject({ code: 'WILCO_CANCELLED' });
    expect([first?.id, second?.id, second?.isResent]).toEqual(['5e55.c.default.1', 'mine', true]);
    expect([first?.seq, second?.seq]).toEqual([1, 7]);
    expect(results).toEqual([]);
  });

  test('whose result comes too late is told on this side', () => {
    const { handlers, run, late, settings } = make();
    settings.isLate = true;
    handlers.add(Order, () => 1);
    run(1);
    expect(late).toMatchObject([{ type: 'order', isHandled: true }]);
  });

  test('is one for each type; its undo makes room for another', () => {
    const { handlers } = make();
    const undo = handlers.add(Order, () => 1, { concurrency: 3 });
    expect(() => handlers.add(Order, () => 2)).toThrow('WILCO_HANDLER_EXISTS');
    expect(handlers.concurrencyOf('order')).toBe(3);
    undo();
    handlers.add(Order, () => 2);
    undo();
    expect(handlers.find('order')).toBeDefined();
    expect(() => handlers.add(defineMessage('other'), () => {}, { concurrency: 0 })).toThrow(
      'WILCO_OPTION_INVALID',
    );
  });
});

function make() {
  const handlers = new Handlers();
  const results: HandlerResult[] = [];
  const failures: string[] = [];
  const late: unknown[] = [];
  const settings = { isLate: false, isVolatile: false };
  const runs = new HandlerRuns(handlers, {
    peerRole: 'client',
    sessionId: '5e55',
    handle: { id: '5e55' } as SessionHandle,
    nowMs: () => 0,
    checkEffect: () => {
      if (settings.isVolatile) throw new WilcoError('WILCO_WRITES_UNSUPPORTED', 'no store');
    },
    handlerFinished: (_delivery, result) => {
      results.push(result);
      return !settings.isLate;
    },
    handlerFailed: ({ error }) => failures.push(String(error)),
    lateResult: (result) => late.push(result),
  });
  const run = (body: unknown, type = 'order'): void =>
    runs.start(delivery(type, CODEC.encode(body)));
  return { handlers, runs, run, results, failures, late, settings };
}

function delivery(type: string, payload: Uint8Array): Delivery {
  return {
    channel: 1,
    channelName: 'default',
    seq: 1,
    type,
    id: undefined,
    isResent: false,
    isRedelivered: false,
    attempt: 1,
    expiresAtMs: Infinity,
    extensions: [],
    payload,
  };
}

function schemaOf<Output>(
  validate: (value: unknown) => ReturnType<StandardSchema<number, Output>['~standard']['validate']>,
): StandardSchema<number, Output> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function replied(result: HandlerResult | undefined): unknown {
  const payload = result !== undefined && 'payload' in result ? result.payload : undefined;
  return CODEC.decode(payload ?? new Uint8Array());
}

function named(name: string, fields: object): Error {
  return Object.assign(new Error('not now'), { name, ...fields });
}
