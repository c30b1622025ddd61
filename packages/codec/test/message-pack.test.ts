import { Decoder, Encoder } from '@msgpack/msgpack';
import { defineMessage } from '@wilco/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagePack } from '../src/index.ts';
import { isSame } from './same-value.ts';

const codec = messagePack();

function roundTrip(body: unknown): unknown {
  return codec.decode(codec.encode(body));
}

/** Arrays and views of all classes, of any bytes. */
const views = fc
  .tuple(
    fc.uint8Array({ minLength: 0, maxLength: 6 }),
    fc.constantFrom(
      Int8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
      DataView,
    ),
  )
  .map(([bytes, make]) => {
    const elementBytes = 'BYTES_PER_ELEMENT' in make ? make.BYTES_PER_ELEMENT : 1;
    const buffer = new ArrayBuffer(bytes.length * elementBytes);
    new Uint8Array(buffer).forEach((_, i, all) => (all[i] = bytes[i % bytes.length] ?? 0));
    return new (make as new (buffer: ArrayBuffer) => ArrayBufferView)(buffer);
  });

const errors = fc
  .record({
    make: fc.constantFrom(Error, TypeError, RangeError, SyntaxError),
    message: fc.string(),
    code: fc.option(fc.oneof(fc.string(), fc.integer()), { nil: undefined }),
  })
  .map(({ make, message, code }) => {
    const error = new make(message);
    return code === undefined ? error : Object.assign(error, { code });
  });

const scalars = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 300, size: 'max' }),
  // Units of UTF-16 in any order: lone surrogates too.
  fc.array(fc.nat(0xffff), { maxLength: 10 }).map((units) => String.fromCharCode(...units)),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, Number.NaN, Infinity, -Infinity),
  fc.date({ noInvalidDate: false }),
);

const keys = fc
  .oneof(fc.string(), fc.constantFrom('constructor', 'prototype', 'toString', '0', ''))
  .filter((key) => key !== '__proto__');

const { body: bodies } = fc.letrec((tie) => ({
  body: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalars,
    fc.uint8Array(),
    views,
    errors,
    fc.uint8Array().map((bytes) => Uint8Array.from(bytes).buffer),
    fc.array(tie('body'), { maxLength: 5 }),
    fc.dictionary(keys, tie('body'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie('body'), tie('body')), { maxLength: 4 }).map((list) => new Map(list)),
    fc.array(tie('body'), { maxLength: 4 }).map((list) => new Set(list)),
    tie('body').map((cause) => new Error('outer', { cause })),
  ),
}));

describe('MessagePack', () => {
  it('brings every value unharmed, in any combination', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(isSame(roundTrip(body), body)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('writes plain bodies as the library does, which others can read', () => {
    const encoder = new Encoder();
    const plain = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(plain, (body) => {
        // Numbers beyond 32 bits go as floats and -0 as an extension; JSON has few of them.
        const simple = JSON.parse(JSON.stringify(body), (_, value: unknown) =>
          typeof value === 'number' ? Math.trunc(value) % 1_000_000 || 0 : value,
        ) as unknown;
        expect(Buffer.from(codec.encode(simple)).equals(encoder.encode(simple))).toBe(true);
      }),
    );
  });

  it('reads what the library writes', () => {
    const encoder = new Encoder({ useBigInt64: true });
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (body) => {
        if (JSON.stringify(body).includes('__proto__')) return;
        expect(codec.decode(encoder.encode(body))).toEqual(
          new Decoder().decode(encoder.encode(body)),
        );
      }),
    );
  });
});

describe('single values', () => {
  it('keep a bigint a bigint and a number a number, however large', () => {
    const values = [
      0n,
      1n,
      -1n,
      2n ** 63n - 1n,
      2n ** 63n,
      2n ** 64n - 1n,
      2n ** 64n,
      -(2n ** 63n),
      -(2n ** 63n) - 1n,
      2n ** 5_000n,
    ];
    for (const value of values) expect(roundTrip(value)).toBe(value);
    for (const value of [0, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 60, -(2 ** 53), 1e300]) {
      expect(roundTrip(value)).toBe(value);
    }
  });

  it('keep undefined, -0 and NaN at the top, in objects and in arrays', () => {
    expect(roundTrip(undefined)).toBeUndefined();
    expect(roundTrip(-0)).toBe(-0);
    expect(roundTrip(Number.NaN)).toBeNaN();
    const body = { there: undefined, list: [undefined, -0, Number.NaN] };
    expect(roundTrip(body)).toStrictEqual(body);
    expect(Object.hasOwn(roundTrip(body) as object, 'there')).toBe(true);
  });

  it('keep dates to the millisecond, before 1970 and at both ends of time too', () => {
    for (const timeMs of [
      0,
      1,
      -1,
      -999,
      -1_000,
      1_795_371_579_418,
      8.64e15,
      -8.64e15,
      2 ** 34 * 1_000,
    ]) {
      expect((roundTrip(new Date(timeMs)) as Date).getTime()).toBe(timeMs);
    }
    expect((roundTrip(new Date(Number.NaN)) as Date).getTime()).toBeNaN();
  });

  it('keep strings that no UTF-8 can say, and byte order marks', () => {
    for (const text of [
      '\ud800',
      'a\udc00b',
      '\ufeff',
      `\ufeff${'x'.repeat(500)}`,
      '😀'.repeat(300),
    ]) {
      expect(roundTrip(text)).toBe(text);
      expect(roundTrip({ text })).toStrictEqual({ text });
    }
  });

  it('turn a Buffer into a Uint8Array, and a null prototype into a plain one', () => {
    const bytes = roundTrip(Buffer.from('abc')) as Uint8Array;
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes).toEqual(Uint8Array.from(Buffer.from('abc')));
    expect(roundTrip(Object.assign(Object.create(null) as object, { a: 1 }))).toStrictEqual({
      a: 1,
    });
  });

  it('give binary as Uint8Array also when the payload is a Buffer', () => {
    const decoded = codec.decode(Buffer.from(codec.encode(Uint8Array.of(1, 2)))) as Uint8Array;
    expect(decoded.constructor).toBe(Uint8Array);
  });

  it('take only the part of a buffer that a view shows', () => {
    const all = Float64Array.of(1, 2, 3, 4);
    expect(roundTrip(all.subarray(1, 3))).toEqual(Float64Array.of(2, 3));
    expect(roundTrip(new DataView(all.buffer, 8, 8))).toEqual(
      new DataView(all.buffer.slice(8, 16)),
    );
  });

  it('make holes of arrays undefined, and leave out what is not enumerable', () => {
    expect(roundTrip([1, , 3])).toStrictEqual([1, undefined, 3]);
    const hole = [1, 2];
    hole.length = 3;
    expect(roundTrip(hole)).toStrictEqual([1, 2, undefined]);
    const body = Object.defineProperty({ a: 2 }, Symbol('hidden'), { value: 1 });
    expect(roundTrip(body)).toStrictEqual({ a: 2 });
  });
});

describe('errors', () => {
  it('bring their name, message, code, cause and errors, and not their stack', () => {
    class OrderError extends Error {
      override readonly name = 'OrderError';
      readonly code = 'OUT_OF_STOCK';
    }
    const cause = new AggregateError([new TypeError('one'), 'two'], 'both');
    const error = roundTrip(new OrderError('no more', { cause })) as Error & { code: string };
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.code]).toEqual([
      'OrderError',
      'no more',
      'OUT_OF_STOCK',
    ]);
    expect(error.stack).toBe('OrderError: no more');
    expect(error.cause).toBeInstanceOf(AggregateError);
    expect((error.cause as AggregateError).errors).toEqual([new TypeError('one'), 'two']);
    expect((error.cause as AggregateError).errors[0]).toBeInstanceOf(TypeError);
  });

  it('tell a cause that is undefined from none', () => {
    expect('cause' in (roundTrip(new Error('x', { cause: undefined })) as Error)).toBe(true);
    expect('cause' in (roundTrip(new Error('x')) as Error)).toBe(false);
  });
});

describe('the bytes', () => {
  it('of one encoding are not touched by the next', () => {
    const first = codec.encode({ a: 'first' });
    const copy = Uint8Array.from(first);
    codec.encode({ b: 'second, and longer' });
    expect(first).toEqual(copy);
  });

  it('do not change when the body does, nor the body by encoding', () => {
    const inner = Uint8Array.of(1, 2, 3);
    const body = { inner, gone: undefined, map: new Map([[1, { gone: undefined }]]) };
    const bytes = codec.encode(body);
    inner.fill(9);
    expect(codec.decode(bytes)).toEqual({
      inner: Uint8Array.of(1, 2, 3),
      gone: undefined,
      map: new Map([[1, { gone: undefined }]]),
    });
    expect(Object.keys(body)).toEqual(['inner', 'gone', 'map']);
    expect(body.gone).toBeUndefined();
  });
});

describe('the type of a codec', () => {
  it('follows the message type it is for', () => {
    const Order = defineMessage<{ id: string }>('orders.place', { codec: messagePack() });
    expect(Order.codec?.decode(Order.codec.encode({ id: 'x' })).id).toBe('x');
  });
});
