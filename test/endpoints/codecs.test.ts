import { describe, expect, test } from 'vitest';
import {
  defineMessage,
  messagePack,
  WilcoError,
  type ExtensionCodec,
  type PayloadCodec,
} from '@wilco/client';
import { virtualPair } from './virtual-pair.ts';

/** Four bytes each, big-endian. */
const numbers: PayloadCodec<readonly number[]> = {
  name: 'numbers',
  encode(body) {
    if (body.length > 100) throw new RangeError('too many');
    const view = new DataView(new ArrayBuffer(4 * body.length));
    for (const [index, number] of body.entries()) view.setUint32(4 * index, number);
    return new Uint8Array(view.buffer);
  },
  decode(bytes) {
    if (bytes.length % 4 !== 0) throw new RangeError('cut off');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index));
  },
};
const raw: PayloadCodec<Uint8Array> = {
  name: 'raw',
  encode: (body) => body,
  decode: (bytes) => bytes,
};

/** A class of the application's own. */
class Money {
  readonly cents: bigint;

  constructor(cents: bigint) {
    this.cents = cents;
  }
}
const money: ExtensionCodec<Money> = {
  type: 64,
  name: 'money',
  isType: (value) => value instanceof Money,
  encode: ({ cents }) => new TextEncoder().encode(String(cents)),
  decode: (bytes) => new Money(BigInt(new TextDecoder().decode(bytes))),
};

describe('a codec of one’s own', () => {
  test('carries bodies and replies in its own bytes', async () => {
    const Sum = defineMessage<readonly number[], readonly number[]>('sum', {
      codec: numbers,
      replyCodec: numbers,
    });
    const pair = await virtualPair();
    pair.server.handle(Sum, (body) => [body.reduce((sum, one) => sum + one, 0)]);
    const receipt = pair.client.send(Sum, [1, 2, 39]);
    await pair.run(100);
    expect(receipt.outcome).toMatchObject({ status: 'handled', reply: [42] });
    await pair.stop();
  });

  test('whose decode throws has the message rejected, and nothing else suffers', async () => {
    const Good = defineMessage<readonly number[]>('numbers', { codec: numbers });
    const Bad = defineMessage<Uint8Array>('numbers', { codec: raw });
    const pair = await virtualPair();
    const taken: (readonly number[])[] = [];
    pair.server.handle(Good, (body) => void taken.push(body));
    const bad = pair.client.send(Bad, Uint8Array.of(1, 2, 3));
    const good = pair.client.send(Good, [7]);
    await pair.run(100);
    expect(bad.outcome).toMatchObject({
      status: 'rejected',
      code: 'WILCO_PAYLOAD_INVALID',
      reason: 'cut off',
      hasRun: false,
    });
    expect(good.outcome?.status).toBe('handled');
    expect(taken).toEqual([[7]]);
    expect(pair.client.stats()?.connectionsLost).toBe(0);
    await pair.stop();
  });

  test('whose encode throws fails the send before a place is taken', async () => {
    const Numbers = defineMessage<readonly number[]>('numbers', { codec: numbers });
    const NoBytes = defineMessage<string>('text', {
      codec: { ...raw, name: 'no bytes', encode: (body: unknown) => body as Uint8Array } as never,
    });
    const pair = await virtualPair();
    pair.server.handle(Numbers, () => undefined);
    const tooMany = Array.from({ length: 101 }, () => 1);
    for (const send of [
      () => pair.client.send(Numbers, tooMany),
      () => pair.client.send(NoBytes, 'text'),
    ]) {
      expect(codeOf(send)).toBe('WILCO_PAYLOAD_UNENCODABLE');
    }
    expect(pair.client.stats()?.sent).toBe(0);
    await pair.until(() => pair.client.isOnline);
    expect(pair.client.send(Numbers, [1]).id).toMatch(/\.1$/);
    await pair.stop();
  });

  test('whose encode throws for a reply has the message handled, with its reply lost', async () => {
    const Ask = defineMessage<number, readonly number[]>('ask', { replyCodec: numbers });
    const pair = await virtualPair();
    pair.server.handle(Ask, (count) => Array.from({ length: count }, () => 1));
    const receipts = [101, 2].map((count) => pair.client.send(Ask, count));
    await pair.run(100);
    expect(receipts.map(({ outcome }) => outcome)).toEqual([
      { status: 'handled', reply: undefined, replyLost: true },
      { status: 'handled', reply: [1, 1], replyLost: false },
    ]);
    await pair.stop();
  });
});

describe('an extension of MessagePack', () => {
  const codec = messagePack<{ readonly price: Money }>({ extensions: [money] });
  const Price = defineMessage<{ readonly price: Money }, { readonly price: Money }>('price', {
    codec,
    replyCodec: codec,
  });

  test('carries a class of one’s own, in both directions', async () => {
    const pair = await virtualPair();
    pair.server.handle(Price, ({ price }) => ({ price: new Money(price.cents * 2n) }));
    const receipt = pair.client.send(Price, { price: new Money(2n ** 70n) });
    await pair.run(100);
    const { outcome } = receipt;
    expect(outcome?.status === 'handled' && outcome.reply.price).toEqual(new Money(2n ** 71n));
    expect(outcome?.status === 'handled' && outcome.reply.price).toBeInstanceOf(Money);
    await pair.stop();
  });

  test('that the receiver does not have is not handed to its handler', async () => {
    const Plain = defineMessage<{ readonly price: Money }>('price');
    const pair = await virtualPair();
    let ran = 0;
    pair.server.handle(Plain, () => void (ran += 1));
    const receipt = pair.client.send(Price, { price: new Money(1n) });
    await pair.run(100);
    expect(receipt.outcome).toMatchObject({ code: 'WILCO_PAYLOAD_INVALID', hasRun: false });
    expect(ran).toBe(0);
    await pair.stop();
  });
});

function codeOf(send: () => unknown): string | undefined {
  try {
    send();
  } catch (error) {
    return WilcoError.is(error) ? error.code : String(error);
  }
  return undefined;
}
