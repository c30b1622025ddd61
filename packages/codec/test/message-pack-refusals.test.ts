import { WilcoError } from '@wilco/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagePack } from '../src/index.ts';
import { hex } from './byte-stream.ts';

const codec = messagePack();

/** The message of the error that encoding throws. */
function refusal(body: unknown): string {
  try {
    codec.encode(body);
  } catch (error) {
    expect(WilcoError.is(error, 'WILCO_PAYLOAD_UNENCODABLE')).toBe(true);
    return (error as Error).message.replace('WILCO_PAYLOAD_UNENCODABLE: ', '');
  }
  return 'none';
}

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let body: unknown = 1;
  for (let i = 0; i < levels; i++) body = wrap(body);
  return body;
}

describe('a body that can not be encoded', () => {
  const items = [1, 2, 3, { price: (): number => 5 }];

  it.each([
    [(): number => 1, 'body is a function'],
    [Symbol('x'), 'body is a symbol'],
    [{ items }, 'body.items[3].price is a function'],
    [{ 'no name': [Symbol('x')] }, 'body["no name"][0] is a symbol'],
    [new URL('http://a/'), 'body is an instance of URL, for which no extension is registered'],
    [{ at: /x/ }, 'body.at is an instance of RegExp, for which no extension is registered'],
    [
      [
        new (class Order {
          readonly id = 1;
        })(),
      ],
      'body[0] is an instance of Order, for which no extension is registered',
    ],
    [
      [new (class extends Map {})()],
      'body[0] is an object of a class, for which no extension is registered',
    ],
    [
      [new (class List extends Array {})()],
      'body[0] is an instance of List, for which no extension is registered',
    ],
    [
      { wait: Promise.resolve() },
      'body.wait is an instance of Promise, for which no extension is registered',
    ],
    [
      { boxed: Object('x') as object },
      'body.boxed is an instance of String, for which no extension is registered',
    ],
    [new Map([['a', [Symbol('x')]]]), 'body.values[0][0] is a symbol'],
    [{ m: new Map([[Symbol('x'), 1]]) }, 'body.m.keys[0] is a symbol'],
    [new Set([1, { f: (): number => 1 }]), 'body.values[1].f is a function'],
    [new Error('x', { cause: { f: (): number => 1 } }), 'body.cause.f is a function'],
    [JSON.parse('{"a":{"__proto__":1}}'), 'body.a has a key "__proto__", which is not allowed'],
    [{ a: { '\ud800': 1 } }, 'body.a has a key "\\ud800", which is not allowed'],
    [{ a: { [Symbol('tag')]: 1 } }, 'body.a has a key Symbol(tag), which is a symbol'],
    [{ found: /b/.exec('abc') }, 'body.found has a property "groups" beside its items'],
    [Object.assign([], { note: 1 }), 'body has a property "note" beside its items'],
    [Object.assign([1, 2, 3], { '1.5': 1 }), 'body has a property "1.5" beside its items'],
    [Object.assign([1], { '-1': 1 }), 'body has a property "-1" beside its items'],
    [Object.assign([1], { [Symbol('s')]: 1 }), 'body has a key Symbol(s), which is a symbol'],
    [
      new SharedArrayBuffer(8),
      'body is an instance of SharedArrayBuffer, for which no extension is registered',
    ],
  ])('names the path: %#', (body, message) => {
    expect(refusal(body)).toBe(message);
  });

  it('may contain itself', () => {
    const body: Record<string, unknown> = { id: 1 };
    body['self'] = body;
    expect(refusal(body)).toMatch(
      /^body\.self\.self.*… is nested deeper than 64 levels, or within itself$/,
    );
    const map = new Map<string, unknown>();
    map.set('self', map);
    expect(refusal(map)).toContain('within itself');
    const error = new Error('x');
    error.cause = error;
    expect(refusal(error)).toContain('within itself');
  });

  it('may throw from a getter', () => {
    const body = {
      get price(): number {
        throw new RangeError('not yet');
      },
    };
    expect(refusal(body)).toBe("the body can't be read: RangeError: not yet");
  });

  it('does not spoil the codec for the next body', () => {
    refusal({ items });
    expect(codec.decode(codec.encode({ a: [1, undefined] }))).toStrictEqual({ a: [1, undefined] });
    expect(refusal({ b: items })).toBe('body.b[3].price is a function');
  });
});

describe('nesting', () => {
  it.each([
    ['arrays', (inner: unknown): unknown => [inner]],
    ['objects', (inner: unknown): unknown => ({ inner })],
    ['maps', (inner: unknown): unknown => new Map([[1, inner]])],
    ['sets', (inner: unknown): unknown => new Set([inner])],
    ['causes', (inner: unknown): unknown => new Error('x', { cause: inner })],
  ])('is taken to 64 levels, on both sides: %s', (_, wrap) => {
    const deepest = nested(64, wrap);
    expect(codec.decode(codec.encode(deepest))).toEqual(deepest);
    expect(refusal(nested(65, wrap))).toContain('deeper than 64 levels');
  });

  it('is refused beyond by the reader, without a stack that overflows', () => {
    for (const [open, levels] of [
      [[0x91], 65],
      [[0x91], 1_000_000],
      [[0x81, 0xa1, 0x61], 300_000],
      [[0xdc, 0x00, 0x01], 200_000],
    ] as const) {
      const bytes = new Uint8Array(levels * open.length + 1);
      for (let i = 0; i < levels; i++) bytes.set(open, i * open.length);
      expect(() => codec.decode(bytes)).toThrow('nested deeper than 64 levels');
    }
  });

  it('is counted through our containers', () => {
    const inner = nested(40, (value) => [value]);
    expect(refusal(nested(24, (value) => new Map([[1, value]])))).toBe('none');
    expect(refusal(new Map([[1, [inner]]]))).toBe('none');
    expect(refusal(nested(25, (value) => (value === 1 ? inner : new Set([value]))))).toBe('none');
    expect(refusal(nested(26, (value) => (value === 1 ? inner : new Set([value]))))).toContain(
      'deeper',
    );
  });
});

const INVALID: readonly (readonly [what: string, bytes: string, why: string])[] = [
  ['nothing', '', 'it is cut off'],
  ['more than one value', '01 02', 'bytes are left over'],
  ['the byte that is never used', 'c1', '0xc1 begins no value'],
  ['half a number', 'cd 01', 'it is cut off'],
  ['half a string', 'a3 61', 'it is cut off'],
  ['half a binary', 'c4 05 00', 'it is cut off'],
  ['an array of 4 billion', 'dd ff ff ff ff 00', "values can't be in it"],
  ['an object of 4 billion', 'df ff ff ff ff a1 61 00', "values can't be in it"],
  ['a string of 4 billion', 'db ff ff ff ff 00', 'it is cut off'],
  ['arrays that announce the same bytes again', 'dc 00 07 dc 00 04 dc 00 01 00', 'it is cut off'],
  ['a key that is a number', '81 01 02', 'a key is no string'],
  ['a key that is an array', '81 90 02', 'a key is no string'],
  [
    'a key __proto__',
    `81 a9 ${Buffer.from('__proto__').toString('hex')} 80`,
    "a key is '__proto__'",
  ],
  [
    'the same, written longer',
    `81 d9 09 ${Buffer.from('__proto__').toString('hex')} 80`,
    "a key is '__proto__'",
  ],
  [
    'the same in a map of ours',
    `c7 0d 02 92 01 81 a9 ${Buffer.from('__proto__').toString('hex')} c0`,
    "a key is '__proto__'",
  ],
  ['an overlong form', 'a2 c0 80', 'a string is not UTF-8'],
  ['a surrogate in UTF-8', 'a3 ed a0 80', 'a string is not UTF-8'],
  ['a lone continuation', 'a1 80', 'a string is not UTF-8'],
  ['a sequence that is cut off', 'a2 e2 82', 'a string is not UTF-8'],
  ['a character beyond Unicode', 'a4 f4 90 80 80', 'a string is not UTF-8'],
  ['an extension that is not ours', 'd4 3f 00', 'extension 63 is not registered'],
  ['an extension of a user that is not registered', 'd4 40 00', 'extension 64 is not registered'],
  ['a negative extension', 'd4 80 00', 'extension -128 is not registered'],
  ['an undefined with content', 'd4 00 00', 'has some'],
  ['a big integer without digits', 'd4 01 00', 'not a big integer'],
  ['a big integer with two signs', 'd5 01 02 00', 'not a big integer'],
  ['a map of odd length', 'd5 02 91 01', 'a key without a value'],
  ['a map that is an object', 'd4 02 80', 'holds no array'],
  ['a map with more behind it', 'd5 02 90 90', 'left over in a container'],
  ['a set that is a number', 'd4 03 05', 'holds no array'],
  ['an error that is an array', 'd4 04 90', 'not an error'],
  ['an error without a name', 'd4 04 80', 'not an error'],
  ['a typed array of no class', 'd4 05 0b', 'not a typed array'],
  ['half an element', 'd5 05 03 00', 'not a typed array'],
  ['a typed array without a class', 'c7 00 05', 'not a typed array'],
  ['half a unit', 'd4 09 41', 'not a string'],
  ['a timestamp of five bytes', 'c7 05 ff 00 00 00 00 00', 'timestamp'],
  [
    'a timestamp beyond all dates',
    'c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff',
    'a date is out of range',
  ],
];

describe('a payload that is not taken', () => {
  for (const [what, bytes, why] of INVALID) {
    it(`is told why: ${what}`, () => {
      expect(() => codec.decode(Uint8Array.from(hex(bytes)))).toThrow(
        expect.objectContaining({
          code: 'WILCO_PAYLOAD_INVALID',
          message: expect.stringContaining(why) as string,
        }),
      );
    });
  }

  it('never throws anything else: any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expectTakenOrInvalid(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never throws anything else: a payload with some bytes changed', () => {
    const body = {
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n, 2n ** 70n])]]),
      error: new TypeError('x', { cause: [undefined, -0] }),
      views: [Float64Array.of(1), new Date(-1), 'text', '\ud800'],
    };
    const sent = codec.encode(body);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = Uint8Array.from(sent);
        for (const [at, byte] of list) bytes[at % bytes.length] = byte;
        expectTakenOrInvalid(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never throws anything else: a payload that is cut off', () => {
    const sent = codec.encode({ list: [new Map([[1, { a: 'text' }]]), 2n ** 70n, new Error('x')] });
    for (let end = 0; end < sent.length; end++) {
      expect(() => codec.decode(sent.slice(0, end))).toThrow('WILCO_PAYLOAD_INVALID');
    }
  });
});

function expectTakenOrInvalid(bytes: Uint8Array): void {
  try {
    codec.decode(bytes);
  } catch (error) {
    expect(WilcoError.is(error, 'WILCO_PAYLOAD_INVALID')).toBe(true);
  }
}

describe('keys that are dangerous elsewhere', () => {
  it('are plain properties of the object, and change no prototype', () => {
    const nasty = [
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      '__defineGetter__',
      'then',
      '',
      '0',
      '-1',
    ];
    const body = Object.fromEntries(nasty.map((key) => [key, { polluted: true }]));
    const decoded = codec.decode(codec.encode(body)) as object;
    expect(Object.keys(decoded).sort()).toEqual([...nasty].sort());
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('are taken where they only end like the one that is refused', () => {
    const body = { x__proto__: 1, __proto_: 2, proto__: 3 };
    expect(codec.decode(codec.encode(body))).toEqual(body);
  });
});
