/** The short way of MessagePack, next to the long one: the same bytes, the same bodies, the same refusals. */
import { Encoder, ExtData } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagePack, type ExtensionCodec } from '../src/index.ts';
import { checkMessagePack } from '../src/payload/message-pack-check.ts';
import { Preparation } from '../src/payload/message-pack-preparation.ts';
import { NOT_PLAIN, PlainReader } from '../src/payload/plain-reader.ts';
import { PlainWriter } from '../src/payload/plain-writer.ts';

const encoder = new Encoder({
  useBigInt64: true,
  extensionCodec: {
    tryToEncode: (value) => (value instanceof ExtData ? value : null),
    decode: () => 0,
  },
});

function theLongWay(body: unknown): Uint8Array {
  const preparation = new Preparation([], (prepared) => encoder.encode(prepared));
  return encoder.encode(preparation.prepare(body));
}

const texts = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
);
/** One key is in no body: the long way throws for it. */
const keys = texts.filter((key) => key !== '__proto__');
const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, -32, -33),
  fc.constantFrom(-128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, NaN, Infinity, 0.5),
);
const leaves = fc.oneof(
  { weight: 3, arbitrary: texts },
  { weight: 3, arbitrary: numbers },
  fc.boolean(),
  fc.constantFrom(null, undefined, 2n ** 70n, 5n),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 20 }),
);
const { body } = fc.letrec((tie) => ({
  body: fc.oneof({ depthSize: 'small' }, leaves, tie('list'), tie('object')),
  list: fc.array(tie('body'), { maxLength: 20 }),
  object: fc.dictionary(keys, tie('body'), { maxKeys: 20 }),
}));

describe('what is written the short way', () => {
  it('has the bytes of the library', () => {
    const writer = new PlainWriter(true);
    let short = 0;
    fc.assert(
      fc.property(body, (value) => {
        const bytes = writer.write(value);
        if (bytes === undefined) return;
        short += 1;
        expect(bytes).toEqual(theLongWay(value));
      }),
      { numRuns: 300 },
    );
    expect(short).toBeGreaterThan(100);
  });

  it('is not written to again', () => {
    const codec = messagePack();
    const bodies = Array.from({ length: 500 }, (_, index) => ({ index, text: 'y'.repeat(index) }));
    const encoded = bodies.map((one) => codec.encode(one));
    expect(encoded.map((bytes) => codec.decode(bytes))).toEqual(bodies);
  });

  it('may be asked for from inside a body', () => {
    const codec = messagePack();
    const tricky = {
      before: 1,
      get inner() {
        return codec.decode(codec.encode({ deep: [1, 'two'] }));
      },
      after: 'z',
    };
    const expected = { before: 1, inner: { deep: [1, 'two'] }, after: 'z' };
    expect(codec.decode(codec.encode(tricky))).toEqual(expected);
  });

  it('leaves dates to an extension that wants them', () => {
    const dates: ExtensionCodec<Date> = {
      ...{ type: 64, name: 'dates', isType: (value): value is Date => value instanceof Date },
      ...{ encode: () => Uint8Array.of(7), decode: () => new Date(7) },
    };
    const codec = messagePack({ extensions: [dates] });
    expect(codec.decode(codec.encode({ at: new Date(5_000) }))).toEqual({ at: new Date(7) });
  });
});

describe('what is read the short way', () => {
  const reader = new PlainReader(40);

  it('is what the long way takes, and the same', () => {
    const limited = messagePack({ maxObjects: 40 });
    fc.assert(
      fc.property(body, (value) => {
        const read = reader.read(theLongWay(value));
        if (read === NOT_PLAIN) return;
        expect(limited.encode(read)).toEqual(theLongWay(value));
        checkMessagePack(theLongWay(value), 40);
      }),
      { numRuns: 300 },
    );
  });

  it('is nothing that the check would refuse, whatever the bytes are', () => {
    const mutated = fc
      .tuple(
        body.map(theLongWay),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
      )
      .map(([bytes, changes]) => {
        const copy = bytes.slice();
        for (const [place, byte] of changes) if (copy.length > 0) copy[place % copy.length] = byte;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        if (reader.read(bytes) !== NOT_PLAIN) checkMessagePack(bytes, 40);
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows keys again, and mistakes none for another', () => {
    const codec = messagePack();
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 3_000; n++) {
        const key = `key${String(n)}`;
        expect(codec.decode(codec.encode({ [key]: n }))).toEqual({ [key]: n });
      }
    }
  });
});
