import { expect, test } from 'vitest';
import { defineMessage } from '@wilco/client';
import { virtualPair } from './virtual-pair.ts';

const Work = defineMessage<string, number | undefined>('work');

test('a handler is told what is left of its message’s time to live, and none where it has none', async () => {
  const pair = await virtualPair();
  const left: (number | undefined)[] = [];
  pair.server.handle(Work, async (what, context) => {
    left.push(context.ttlLeftMs);
    if (what === 'slow') {
      await new Promise<void>((resolve) => {
        pair.clock.schedule(pair.clock.nowMs() + 2_000, resolve);
      });
    }
    return context.ttlLeftMs;
  });
  await pair.until(() => pair.client.isOnline);
  const slow = pair.client.send(Work, 'slow', { ttlMs: 1_000 });
  const next = pair.client.send(Work, 'next', { ttlMs: 5_000 });
  const last = pair.client.send(Work, 'last');
  await pair.run(3_000);
  // The second waited two seconds for the first; the way is not counted, since clocks are not compared.
  expect(left).toEqual([1_000, 3_000, undefined]);
  expect(slow.outcome).toMatchObject({ status: 'handled', reply: 0 });
  expect(next.outcome).toMatchObject({ status: 'handled', reply: 3_000 });
  expect(last.outcome).toMatchObject({ status: 'handled', reply: undefined });
  await pair.stop();
});
