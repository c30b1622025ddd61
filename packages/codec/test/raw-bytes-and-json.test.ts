import { defineMessage, WilcoError } from '@wilco/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { borrowedBytes, json, rawBytes } from '../src/index.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('raw bytes', () => {
  it('arrive as they were, copied when they are encoded', () => {
    const body = Uint8Array.of(1, 2, 3);
    const bytes = rawBytes.encode(body);
    body.fill(9);
    expect(rawBytes.decode(bytes)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('are Uint8Arrays on both sides, also where a Buffer was given', () => {
    expect(rawBytes.encode(Buffer.from('abc')).constructor).toBe(Uint8Array);
    expect(rawBytes.decode(Buffer.from('abc')).constructor).toBe(Uint8Array);
  });

  it('are nothing else', () => {
    for (const body of ['text', undefined, [1, 2], new Uint16Array(1)]) {
      expect(() => rawBytes.encode(body as unknown as Uint8Array)).toThrow(
        'WILCO_PAYLOAD_UNENCODABLE',
      );
    }
  });
});

describe('borrowed bytes', () => {
  it('are the same bytes, uncopied, on their way out and in', () => {
    const body = Buffer.from('abc');
    const bytes = borrowedBytes.encode(body);
    expect([bytes.buffer, bytes.byteOffset]).toEqual([body.buffer, body.byteOffset]);
    expect(bytes.constructor).toBe(Uint8Array);
    expect(borrowedBytes.decode(bytes)).toBe(bytes);
  });

  it('are nothing else', () => {
    expect(() => borrowedBytes.encode('text' as unknown as Uint8Array)).toThrow(
      'WILCO_PAYLOAD_UNENCODABLE',
    );
  });
});

describe('JSON', () => {
  it('brings what JSON can say', () => {
    const bodies = fc.jsonValue().filter((body) => !JSON.stringify(body).includes('__proto__'));
    fc.assert(
      fc.property(bodies, (body) => {
        expect(json.decode(json.encode(body))).toEqual(JSON.parse(JSON.stringify(body)));
      }),
    );
  });

  it('calls toJSON and leaves out properties that are undefined', () => {
    const body = { at: new Date(0), url: new URL('http://a/'), gone: undefined };
    expect(json.decode(json.encode(body))).toStrictEqual({
      at: '1970-01-01T00:00:00.000Z',
      url: 'http://a/',
    });
  });

  it.each([
    [undefined, 'body is undefined'],
    [{ n: Number.NaN }, 'body.n is NaN'],
    [{ [Symbol('tag')]: 1 }, 'body has a key Symbol(tag), which is a symbol'],
    [{ found: /b/.exec('abc') }, 'body.found has a property "groups" beside its items'],
    [[1, Infinity], 'body[1] is Infinity'],
    [[undefined], 'body[0] is undefined'],
    [{ f: (): number => 1 }, 'body.f is a function'],
    [{ n: 1n }, 'body.n is a bigint'],
    [{ m: new Map() }, 'body.m is an instance of Map, which has no toJSON'],
    [{ e: new Error('x') }, 'body.e is an instance of Error, which has no toJSON'],
    [new Float64Array(2), 'body is an instance of Float64Array, which has no toJSON'],
    [['\ud800'], 'body[0] has a lone surrogate'],
    [JSON.parse('{"__proto__":1}'), 'body has a key "__proto__", which is not allowed'],
    [{ toJSON: (): unknown => ({ n: Number.NaN }) }, 'body.n is NaN'],
  ])('refuses what it would spoil, and names the path: %#', (body, message) => {
    expect(() => json.encode(body)).toThrow(
      expect.objectContaining({ message: `WILCO_PAYLOAD_UNENCODABLE: ${message}` }),
    );
  });

  it('refuses bodies that contain themselves, or throw', () => {
    const self: unknown[] = [];
    self.push(self);
    expect(() => json.encode(self)).toThrow('or within itself');
    const broken = {
      toJSON: (): never => {
        throw new RangeError('not yet');
      },
    };
    expect(() => json.encode([broken])).toThrow("the body can't be read: RangeError: not yet");
  });

  it('takes 64 levels on both sides, and no more', () => {
    const nest = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(json.decode(json.encode(JSON.parse(nest(64))))).toEqual(JSON.parse(nest(64)));
    expect(() => json.encode(JSON.parse(nest(65)))).toThrow('WILCO_PAYLOAD_UNENCODABLE');
    expect(() => json.decode(bytesOf(nest(65)))).toThrow('WILCO_PAYLOAD_INVALID');
    expect(() => json.decode(bytesOf(nest(1_000_000)))).toThrow('WILCO_PAYLOAD_INVALID');
    expect(json.decode(bytesOf(JSON.stringify('['.repeat(100) + '\\"'.repeat(9))))).toHaveLength(
      118,
    );
  });

  it.each(['', '{', 'nul', '1 2', '{"a":1,}', '{"__proto__":1}', '[{"\\u005f_proto__":{"a":1}}]'])(
    'does not take %s',
    (text) => {
      expect(() => json.decode(bytesOf(text))).toThrow('WILCO_PAYLOAD_INVALID');
    },
  );

  it('does not take what is not UTF-8', () => {
    expect(() => json.decode(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('WILCO_PAYLOAD_INVALID');
  });

  it('never throws anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        try {
          json.decode(bytes);
        } catch (error) {
          expect(WilcoError.is(error, 'WILCO_PAYLOAD_INVALID')).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('serves message types of any body', () => {
    const Order = defineMessage<{ id: string }, string>('orders.place', {
      codec: json,
      replyCodec: json,
    });
    expect(Order.codec?.decode(bytesOf('{"id":"x"}')).id).toBe('x');
  });
});
