import { defineMessage } from '@wilco/protocol';
import { expect, test } from 'vitest';
import { virtualPair } from './virtual-pair.ts';

const Note = defineMessage<number>('note');

test('a dial that is never answered is given up in its time, also where that is shorter than the pause before the next', async () => {
  let dials = 0;
  const pair = await virtualPair({
    client: { connectTimeoutMs: 50, reconnect: { minMs: 1_000, maxMs: 60_000 } },
    faultsFor: () => ({ dial: ++dials <= 3 ? 'unanswered' : 'accepted' }),
  });
  pair.server.handle(Note, () => {});
  const receipt = pair.client.send(Note, 1);
  await pair.until(() => receipt.outcome !== undefined);
  expect(receipt.outcome?.status).toBe('handled');
  expect(dials).toBe(4);
  await pair.stop();
});

test('strangers that come and go, again and again, take no place from those that follow', async () => {
  const pair = await virtualPair({ server: { maxUnauthenticated: 2 } });
  await pair.until(() => pair.client.isOnline);
  for (let stranger = 0; stranger < 10; stranger++) {
    const connection = pair.network
      .host('stranger')
      .transport()
      .connect({ host: 'server', port: 7411 });
    const events = { opened() {}, received() {}, ended() {}, failed() {}, closed() {} };
    connection.attach(events);
    await pair.run(10);
    connection.destroy();
    await pair.run(10);
  }
  const another = pair.dial('another');
  await pair.until(() => another.isOnline, 1_000);
  await pair.stop();
});

test('a client that is refused is told why, and its connection ends though it goes on holding it', async () => {
  const pair = await virtualPair({ server: { maxConnections: 1 } });
  await pair.until(() => pair.client.isOnline);
  const told: string[] = [];
  const connection = pair.network
    .host('another')
    .transport()
    .connect({ host: 'server', port: 7411 });
  connection.attach({
    opened() {},
    received: (bytes) => told.push(Buffer.from(bytes).toString('latin1')),
    ended: () => told.push('ended'),
    failed() {},
    closed() {},
  });
  await pair.run(1_000);
  expect(told[0]).toContain('WILCO_OVERLOADED');
  expect(told.at(-1)).toBe('ended');
  await pair.stop();
});
