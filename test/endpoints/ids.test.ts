import { memoryStore } from '@wilco/store';
import { defineMessage, Rejection } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { virtualPair, type VirtualPair, type VirtualPairOptions } from './virtual-pair.ts';

const Order = defineMessage<string, string>('order');
const Other = defineMessage<string, string>('other');
const encoder = new TextDecoder();

/** Clients of a server that tells each identity by the credentials it shows. */
const NAMED = {
  client: { credentials: 'anna' },
  server: {
    authenticate: ({ credentials }: { credentials: Uint8Array | undefined }) => ({
      identity: encoder.decode(credentials),
    }),
  },
};

/** A pair whose server writes down what it handles, and answers with how many it has handled. */
async function counting(
  given: VirtualPairOptions = {},
): Promise<VirtualPair & { taken: string[] }> {
  const pair = await virtualPair(given);
  const taken: string[] = [];
  pair.server.handle(Order, (body) => {
    taken.push(body);
    return `${body} as number ${taken.length}`;
  });
  pair.server.handle(Other, (body) => body);
  return { ...pair, taken };
}

describe('a message that is sent a second time with its id', () => {
  test('gets the reply of the first, which alone is handled', async () => {
    const pair = await counting();
    const first = pair.client.send(Order, 'tea', { id: 'order 1' });
    await pair.until(() => first.outcome !== undefined);
    const second = pair.client.send(Order, 'tea', { id: 'order 1' });
    await pair.until(() => second.outcome !== undefined);
    expect(pair.taken).toEqual(['tea']);
    expect(second.outcome).toEqual(first.outcome);
    expect(second.outcome).toMatchObject({ status: 'handled', reply: 'tea as number 1' });
    await pair.stop();
  });

  test.each([
    ['another body', Order, 'coffee'],
    ['another type', Other, 'tea'],
  ])('and with %s is rejected: its id is of another message', async (_what, type, body) => {
    const pair = await counting();
    pair.client.send(Order, 'tea', { id: 'order 1' });
    const second = pair.client.send(type, body, { id: 'order 1' });
    await pair.until(() => second.outcome !== undefined);
    expect(second.outcome).toMatchObject({
      status: 'rejected',
      code: 'WILCO_ID_REUSED',
      hasRun: false,
    });
    await pair.stop();
  });

  test('is handled once for one identity, whichever of its clients sends it', async () => {
    const pair = await counting(NAMED);
    const another = pair.dial('another', { credentials: 'anna' });
    const stranger = pair.dial('stranger', { credentials: 'berta' });
    for (const client of [pair.client, another, stranger]) {
      const receipt = client.send(Order, 'tea', { id: 'order 1' });
      await pair.until(() => receipt.outcome !== undefined);
    }
    expect(pair.taken).toEqual(['tea', 'tea']);
    await pair.stop();
  });

  test('waits for the first in another session, and gets its reply from there', async () => {
    const pair = await virtualPair(NAMED);
    let finish = (): void => {};
    let count = 0;
    pair.server.handle(Order, async () => {
      count += 1;
      await new Promise<void>((resolve) => (finish = resolve));
      return 'done';
    });
    const another = pair.dial('another', { credentials: 'anna' });
    const first = pair.client.send(Order, 'tea', { id: 'order 1' });
    await pair.run(100);
    const second = another.send(Order, 'tea', { id: 'order 1' });
    await pair.run(1_000);
    expect([first.outcome, second.outcome, count]).toEqual([undefined, undefined, 1]);
    finish();
    await pair.run(100);
    for (const { outcome } of [first, second]) expect(outcome).toMatchObject({ reply: 'done' });
    expect(count).toBe(1);
    await pair.stop();
  });

  test('is handled again after a rejection that can be repeated', async () => {
    const pair = await virtualPair();
    let isBusy = true;
    pair.server.handle(Order, () => {
      if (isBusy) throw new Rejection('BUSY', 'later', { isRetryable: true });
      return 'done';
    });
    const first = pair.client.send(Order, 'tea', { id: 'order 1' });
    await pair.until(() => first.outcome !== undefined);
    isBusy = false;
    const second = pair.client.send(Order, 'tea', { id: 'order 1' });
    await pair.until(() => second.outcome !== undefined);
    expect(first.outcome).toMatchObject({ status: 'rejected', code: 'BUSY' });
    expect(second.outcome).toMatchObject({ status: 'handled', reply: 'done' });
    await pair.stop();
  });

  test('is handled once at a client as well', async () => {
    const pair = await virtualPair();
    let count = 0;
    pair.client.handle(Order, () => String(++count));
    await pair.until(() => pair.client.isOnline);
    await pair.run(10);
    for (let i = 0; i < 2; i++) {
      const receipt = pair.session().send(Order, 'tea', { id: 'order 1' });
      await pair.until(() => receipt.outcome !== undefined);
      expect(receipt.outcome).toMatchObject({ reply: '1' });
    }
    await pair.stop();
  });
});

describe('what a side remembers of ids', () => {
  test('is as much as maxIds says: older ones are handled again', async () => {
    const pair = await counting({ server: { maxIds: 2 } });
    for (const id of ['a', 'b', 'c', 'a', 'c']) {
      const receipt = pair.client.send(Order, id, { id });
      await pair.until(() => receipt.outcome !== undefined);
    }
    expect(pair.taken).toEqual(['a', 'b', 'c', 'a']);
    await pair.stop();
  });

  test('lasts as long as idAgeMs says', async () => {
    const pair = await counting({ server: { idAgeMs: 60_000 } });
    for (const waitMs of [0, 50_000, 70_000]) {
      await pair.run(waitMs);
      const receipt = pair.client.send(Order, 'tea', { id: 'order 1' });
      await pair.until(() => receipt.outcome !== undefined);
    }
    expect(pair.taken).toEqual(['tea', 'tea']);
    await pair.stop();
  });

  test('is replies of as many bytes as idReplyBytes says, and of the others that they were handled', async () => {
    const pair = await counting({ server: { idReplyBytes: 8 } });
    const receipts = [1, 2].map(() => pair.client.send(Order, 'tea', { id: 'order 1' }));
    await pair.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    const late = pair.client.send(Order, 'tea', { id: 'order 1' });
    await pair.until(() => late.outcome !== undefined);
    expect(pair.taken).toEqual(['tea']);
    expect(late.outcome).toMatchObject({ status: 'handled', replyLost: true });
    await pair.stop();
  });

  test('outlives the server, where it has a store', async () => {
    const store = memoryStore({ keep: true });
    const taken: string[] = [];
    for (let run = 0; run < 2; run++) {
      const pair = await counting({ ...NAMED, server: { ...NAMED.server, store } });
      const receipt = pair.client.send(Order, 'tea', { id: 'order 1' });
      await pair.until(() => receipt.outcome !== undefined);
      expect(receipt.outcome).toMatchObject({ reply: 'tea as number 1' });
      taken.push(...pair.taken);
      await pair.stop();
    }
    expect(taken).toEqual(['tea']);
  });
});

describe('an id that is made for a message', () => {
  test('before its session has a name stays what it was, and is what its handler sees', async () => {
    const pair = await virtualPair();
    const seen: string[] = [];
    pair.server.handle(Order, (body, { id }) => {
      seen.push(id);
      return body;
    });
    const client = pair.dial('early');
    const receipts = ['tea', 'coffee'].map((body) => client.send(Order, body));
    const ids = receipts.map(({ id }) => id);
    expect(client.id).toBeUndefined();
    await pair.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    expect(receipts.map(({ id }) => id)).toEqual(ids);
    expect(seen).toEqual(ids);
    expect(new Set(ids).size).toBe(2);
    await pair.stop();
  });
});
