import { defineMessage } from '@wilco/protocol';
import { expect, test } from 'vitest';
import { virtualPair } from './virtual-pair.ts';

const Wait = defineMessage<number>('wait');

test('a thousand messages under way need no timer of their own', async () => {
  const pair = await virtualPair();
  pair.server.handle(Wait, () => {});
  await pair.until(() => pair.client.isOnline);
  const idle = pair.clock.pending;
  const receipts = Array.from({ length: 1_000 }, (_, i) =>
    pair.client.send(Wait, i, { ttlMs: 60_000 + i }),
  );
  expect(pair.clock.pending).toBeLessThan(idle + 5);
  await pair.run(100);
  expect(receipts.map(({ outcome }) => outcome?.status)).toEqual(receipts.map(() => 'handled'));
  expect(pair.clock.pending).toBeLessThan(idle + 5);
  await pair.stop();
});
