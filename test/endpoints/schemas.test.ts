import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineMessage, type MessageType } from '@wilco/client';
import { virtualPair, type VirtualPair } from './virtual-pair.ts';

/** What the sender gives. */
interface Given {
  readonly at: string;
  readonly lines: { readonly sku: string; readonly count: number }[];
}

/** What the handler gets. */
interface Taken {
  readonly at: Date;
  readonly lines: { readonly sku: string; readonly count: number }[];
}

const ZodOrder = z.object({
  at: z.iso.datetime().transform((text) => new Date(text)),
  lines: z.array(z.object({ sku: z.string(), count: z.number().min(1, 'at least one') })),
});
const ValibotOrder = v.object({
  at: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.transform((text) => new Date(text)),
  ),
  lines: v.array(
    v.object({ sku: v.string(), count: v.pipe(v.number(), v.minValue(1, 'at least one')) }),
  ),
});

/** Answers after as long as the number says, and refuses 13. */
const slowNumbers = (pair: () => VirtualPair) => ({
  zod: z.number().refine(async (number) => {
    await wait(pair(), number);
    return number !== 13;
  }, 'not thirteen'),
  valibot: v.pipeAsync(
    v.number(),
    v.checkAsync(async (number) => {
      await wait(pair(), number);
      return number !== 13;
    }, 'not thirteen'),
  ),
});

describe.each<[string, MessageType<Given, string, Taken>]>([
  ['zod', defineMessage<Given, string, Taken>('order', { schema: ZodOrder })],
  ['valibot', defineMessage<Given, string, Taken>('order', { schema: ValibotOrder })],
])('a schema of %s', (library, Order) => {
  test('gives its handler what it makes of the body', async () => {
    const pair = await virtualPair();
    const taken: Taken[] = [];
    pair.server.handle(Order, (order) => {
      taken.push(order);
      return order.at.toISOString();
    });
    const receipt = pair.client.send(Order, {
      at: '2026-01-02T03:04:05.000Z',
      lines: [{ sku: 'a', count: 2 }],
    });
    await pair.run(100);
    expect(receipt.outcome).toMatchObject({ status: 'handled', reply: '2026-01-02T03:04:05.000Z' });
    expect(taken).toEqual([
      { at: new Date('2026-01-02T03:04:05.000Z'), lines: [{ sku: 'a', count: 2 }] },
    ]);
    await pair.stop();
  });

  test('rejects what it refuses before a handler runs: code, path and message are told', async () => {
    const pair = await virtualPair();
    let ran = 0;
    pair.server.handle(Order, () => String((ran += 1)));
    const lines = [
      { sku: 'a', count: 1 },
      { sku: 'b', count: 0 },
    ];
    const receipt = pair.client.send(Order, { at: '2026-01-02T03:04:05.000Z', lines });
    await pair.run(100);
    expect(receipt.outcome).toEqual({
      status: 'rejected',
      code: 'WILCO_PAYLOAD_INVALID',
      reason: 'lines.1.count: at least one',
      hasRun: false,
      isRetryable: false,
    });
    expect(ran).toBe(0);
    await pair.stop();
  });

  test('that takes its time keeps the order of the messages', async () => {
    const made = await virtualPair();
    const pair = (): VirtualPair => made;
    const schema = slowNumbers(pair)[library as 'zod' | 'valibot'];
    const Slow = defineMessage<number, undefined, number>('slow', { schema });
    const started: number[] = [];
    pair().server.handle(
      Slow,
      (number) => {
        started.push(number);
        return undefined;
      },
      { concurrency: 8 },
    );
    const receipts = [50, 13, 5, 20, 1].map((number) => pair().client.send(Slow, number));
    await pair().run(1_000);
    expect(started).toEqual([50, 5, 20, 1]);
    expect(receipts.map(({ outcome }) => outcome?.status)).toEqual([
      'handled',
      'rejected',
      'handled',
      'handled',
      'handled',
    ]);
    expect(receipts[1]?.outcome).toMatchObject({ reason: 'not thirteen', hasRun: false });
    await pair().stop();
  });
});

test('the types of a message come out of its schema: input for the sender, output for the handler', () => {
  const OfZod = defineMessage('order', { schema: ZodOrder });
  const OfValibot = defineMessage('order', { schema: ValibotOrder });
  expectTypeOf(OfZod).toEqualTypeOf<
    MessageType<z.input<typeof ZodOrder>, void, z.output<typeof ZodOrder>>
  >();
  expectTypeOf(OfValibot).toEqualTypeOf<
    MessageType<v.InferInput<typeof ValibotOrder>, void, v.InferOutput<typeof ValibotOrder>>
  >();
  expectTypeOf<z.output<typeof ZodOrder>['at']>().toEqualTypeOf<Date>();
});

/** Waits on the virtual clock. */
function wait({ clock }: VirtualPair, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(clock.nowMs() + forMs, resolve);
  });
}
