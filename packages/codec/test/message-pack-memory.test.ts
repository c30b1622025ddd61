import { describe, expect, test } from 'vitest';
import { json, messagePack, rawBytes } from '../src/index.ts';

/** An array of `count` times the same value, in MessagePack. */
function repeated(unit: readonly number[], count: number): Uint8Array {
  const bytes = new Uint8Array(5 + count * unit.length);
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  for (let i = 0; i < count; i++) bytes.set(unit, 5 + i * unit.length);
  return bytes;
}

/** What is large in memory and small on the wire. */
const SMALL: Record<string, readonly number[]> = {
  object: [0x80],
  array: [0x90],
  binary: [0xc4, 0],
  map: [0xc7, 1, 2, 0x90],
  set: [0xc7, 1, 3, 0x90],
  'typed array': [0xc7, 1, 5, 8],
  buffer: [0xc7, 0, 6],
  date: [0xc7, 0, 7],
};

describe('a payload of very many small objects', () => {
  test.each(Object.keys(SMALL))('is refused before any is made: %s', (name) => {
    const unit = SMALL[name] ?? [];
    const codec = messagePack({ maxObjects: 1_000 });
    const own = name === 'map' || name === 'set' ? 2 : 1;
    const most = Math.floor(999 / own);
    expect(codec.decode(repeated(unit, most))).toHaveLength(most);
    expect(() => codec.decode(repeated(unit, 1_000))).toThrow('maxObjects');
    expect(() => codec.decode(repeated(unit, 1_000))).toThrow('WILCO_PAYLOAD_INVALID');
  });

  test('is refused by default as well: 16 MiB of nothing do not become a gibibyte', () => {
    const payload = repeated([0x80], 2 ** 24 - 5);
    const before = process.memoryUsage().heapUsed;
    expect(() => messagePack().decode(payload)).toThrow('WILCO_PAYLOAD_INVALID');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024);
    const text = new TextEncoder().encode(`[${'{},'.repeat(300_000)}0]`);
    expect(() => json.decode(text)).toThrow('WILCO_PAYLOAD_INVALID');
  });

  test('is refused inside containers, too, and numbers and strings are no objects', () => {
    const codec = messagePack({ maxObjects: 10 });
    expect(() => codec.decode(codec.encode(new Map([['a', Array(9).fill([])]])))).toThrow(
      'maxObjects',
    );
    const plain = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? i : `text ${i}`));
    expect(codec.decode(codec.encode(plain))).toEqual(plain);
  });

  test('has a limit that must make sense', () => {
    expect(() => messagePack({ maxObjects: 0 })).toThrow('WILCO_OPTION_INVALID');
  });
});

describe('a small binary of a decoded body', () => {
  const codec = messagePack();
  const large = new Uint8Array(100_000).fill(7);
  const small = Uint8Array.of(1, 2, 3, 4, 5);

  test('does not keep the large payload alive that it came in', () => {
    const body = codec.decode(codec.encode({ small, filler: 'x'.repeat(100_000) })) as {
      small: Uint8Array;
    };
    expect(body.small).toEqual(small);
    expect(body.small.constructor).toBe(Uint8Array);
    expect(body.small.buffer.byteLength).toBe(5);
  });

  test('does not, in maps, sets, arrays and extensions either, beside a large one that is a view', () => {
    const point = { small, deep: [new Map([['small', small]]), new Set([small])], large };
    const payload = codec.encode(point);
    const body = codec.decode(payload) as typeof point;
    expect(body).toEqual(point);
    const [map, set] = body.deep as [Map<string, Uint8Array>, Set<Uint8Array>];
    for (const one of [body.small, map.get('small'), ...set]) {
      expect(one?.buffer.byteLength).toBeLessThan(100);
    }
    expect(body.large.buffer).toBe(payload.buffer);
  });

  test('that an extension of the user keeps does not', () => {
    class Kept {
      readonly bytes: Uint8Array;
      constructor(bytes: Uint8Array) {
        this.bytes = bytes;
      }
    }
    const own = messagePack({
      extensions: [
        {
          type: 64,
          name: 'kept',
          isType: (value) => value instanceof Kept,
          encode: (value) => (value as Kept).bytes,
          decode: (bytes) => new Kept(bytes),
        },
      ],
    });
    const body = own.decode(own.encode({ kept: new Kept(small), large })) as { kept: Kept };
    expect(body.kept.bytes).toEqual(small);
    expect(body.kept.bytes.buffer.byteLength).toBe(5);
  });
});

test('raw bytes are handed on as the payload itself', () => {
  const payload = Uint8Array.of(1, 2, 3);
  expect(rawBytes.decode(payload).buffer).toBe(payload.buffer);
});
