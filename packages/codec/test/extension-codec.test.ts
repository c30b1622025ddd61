import { describe, expect, it } from 'vitest';
import { messagePack, type ExtensionCodec } from '../src/index.ts';

class Money {
  readonly cents: number;
  readonly currency: string;

  constructor(cents: number, currency: string) {
    this.cents = cents;
    this.currency = currency;
  }
}

class Tree {
  readonly value: unknown;
  readonly children: readonly Tree[];

  constructor(value: unknown, children: readonly Tree[] = []) {
    this.value = value;
    this.children = children;
  }
}

const money: ExtensionCodec<Money> = {
  type: 64,
  name: 'Money',
  isType: (value) => value instanceof Money,
  encode: ({ cents, currency }) => new TextEncoder().encode(`${String(cents)} ${currency}`),
  decode(bytes) {
    const [cents, currency] = new TextDecoder().decode(bytes).split(' ');
    if (currency === undefined) throw new RangeError('no currency');
    return new Money(Number(cents), currency);
  },
};

/** Encodes what is inside by the codec of which it is an extension. */
const tree: ExtensionCodec<Tree> = {
  type: 127,
  name: 'Tree',
  isType: (value) => value instanceof Tree,
  encode: ({ value, children }) => codec.encode([value, children]),
  decode(bytes) {
    const [value, children] = codec.decode(bytes) as [unknown, Tree[]];
    return new Tree(value, children);
  },
};

const codec = messagePack({ extensions: [money, tree] });

function roundTrip(body: unknown): unknown {
  return codec.decode(codec.encode(body));
}

describe('an extension', () => {
  it('brings a class of the user unharmed, wherever it is', () => {
    const price = new Money(1_250, 'EUR');
    const body = { price, list: [price, undefined], map: new Map([[price, new Set([price])]]) };
    expect(roundTrip(body)).toStrictEqual(body);
    expect((roundTrip(body) as typeof body).price).toBeInstanceOf(Money);
  });

  it('may encode by the same codec, in itself too', () => {
    const body = {
      trees: [new Tree({ a: undefined }, [new Tree(new Money(1, 'X'), [new Tree(2n ** 70n)])]), 1],
    };
    expect(roundTrip(body)).toStrictEqual(body);
  });

  it('that encodes by the same codec does not disturb the path to what is wrong', () => {
    const body = { order: { tree: new Tree([1]), price: (): number => 1 } };
    expect(() => codec.encode(body)).toThrow('body.order.price is a function');
  });

  it('comes before what is built in', () => {
    const day: ExtensionCodec<Date> = {
      type: 65,
      name: 'Day',
      isType: (value) => value instanceof Date,
      encode: (date) => Uint8Array.of(date.getUTCDay()),
      decode: ([weekday = 0]) => new Date(weekday),
    };
    const days = messagePack({ extensions: [day] });
    expect(days.decode(days.encode(new Date(0)))).toEqual(new Date(4));
  });

  it('is not asked about primitives, plain objects and arrays', () => {
    const asked: unknown[] = [];
    const curious: ExtensionCodec = {
      type: 70,
      name: 'curious',
      isType(value): value is unknown {
        asked.push(value);
        return false;
      },
      encode: () => new Uint8Array(0),
      decode: () => undefined,
    };
    const date = new Date(0);
    messagePack({ extensions: [curious] }).encode({ a: 1, b: [{}, 'x', undefined, null], date });
    expect(asked).toEqual([date]);
  });

  it('that throws makes a body unencodable, with the path and the cause', () => {
    const broken = messagePack({
      extensions: [
        {
          ...money,
          encode: () => {
            throw new RangeError('too poor');
          },
        },
      ],
    });
    expect(() => broken.encode({ order: [new Money(1, 'EUR')] })).toThrow(
      expect.objectContaining({
        message:
          "WILCO_PAYLOAD_UNENCODABLE: body.order[0] could not be encoded by the extension 'Money'",
        cause: new RangeError('too poor'),
      }),
    );
  });

  it('that returns no bytes makes a body unencodable', () => {
    const broken = messagePack({
      extensions: [{ ...money, encode: () => 'text' as unknown as Uint8Array }],
    });
    expect(() => broken.encode(new Money(1, 'EUR'))).toThrow('WILCO_PAYLOAD_UNENCODABLE');
  });

  it('that does not take its bytes makes a payload invalid, with the cause', () => {
    expect(() => codec.decode(Uint8Array.of(0xd4, 64, 0x31))).toThrow(
      expect.objectContaining({
        code: 'WILCO_PAYLOAD_INVALID',
        cause: new RangeError('no currency'),
      }),
    );
  });

  it('that decodes by the same codec is stopped when a payload goes too deep', () => {
    let body: Uint8Array = codec.encode(1);
    for (let i = 0; i < 300; i++) {
      const inner = Uint8Array.of(0x92, ...body, 0x90);
      body = Uint8Array.of(0xc8, inner.length >> 8, inner.length & 255, 127, ...inner);
    }
    expect(() => codec.decode(body)).toThrow('WILCO_PAYLOAD_INVALID');
    expect(roundTrip(new Tree(1))).toStrictEqual(new Tree(1));
  });
});

describe('the codes of extensions', () => {
  it.each([63, 128, -1, 64.5, Number.NaN])('are from 64 to 127: not %d', (type) => {
    expect(() => messagePack({ extensions: [{ ...money, type }] })).toThrow('WILCO_OPTION_INVALID');
  });

  it('are given once', () => {
    expect(() => messagePack({ extensions: [money, { ...tree, type: 64 }] })).toThrow(
      "WILCO_OPTION_INVALID: type 64 is that of two extensions, 'Money' and 'Tree'",
    );
  });
});
