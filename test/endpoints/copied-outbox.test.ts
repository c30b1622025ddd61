import { defineMessage } from '@wilco/client';
import { FaultyStore, SeededRandom } from '@wilco/testkit';
import { expect, test } from 'vitest';
import { virtualPair } from './virtual-pair.ts';

const Order = defineMessage<number, number>('order');
const COUNT = 2_500;

test('a long outbox of which a copy was used moves with a mark as a whole, also what had not moved when that was told', async () => {
  let isCutOff = false;
  const pair = await virtualPair({
    faultsFor: ({ from }) => ({ dial: isCutOff && from === 'original' ? 'refused' : 'accepted' }),
  });
  await pair.until(() => pair.client.isOnline);
  const marks: boolean[] = [];
  pair.server.handle(Order, (value, { isResent }) => {
    marks.push(isResent);
    return value;
  });
  const random = new SeededRandom(3);
  const head = { maxMessages: 2 };
  const given = { clock: pair.clock, random, storeId: 'disk', worth: 'synced', head } as const;
  const store = new FaultyStore(given);
  const options = { outboxHeadMessages: 4, resumeWindowMs: 500 };
  const original = pair.dial('original', { store, ...options });
  await pair.until(() => original.isOnline);
  const lost: [string, number][] = [];
  original.on('stateLost', ({ reason, moved }) => lost.push([reason, moved]));
  await pair.run(10);
  isCutOff = true;
  pair.link().cut();
  await pair.until(() => !original.isOnline);
  for (let value = 0; value < COUNT; value++) original.send(Order, value);
  await pair.run(1);
  const copy = pair.dial('copy', { store: store.clone(), ...options });
  await pair.until(() => marks.length === COUNT && copy.stats()?.unsettled === 0);
  expect(marks).not.toContain(true);
  // The window of the original is over, and the first pieces move.
  await pair.until(() => store.contents().sessions.length === 2);
  store.faults = { commitMs: 20_000 };
  isCutOff = false;
  await pair.until(() => original.isOnline && original.stats()?.unsettled === 0);
  expect(marks).toHaveLength(2 * COUNT);
  expect(marks.slice(COUNT)).not.toContain(false);
  expect(lost).toContainEqual(['clientStateLost', 0]);
  expect(lost.map(([, moved]) => moved)).toEqual(lost.map(() => 0));
  await pair.stop();
});
