import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLines, type InputLine } from '../src/line-reader.ts';

const MIB = 1024 * 1024;

async function linesOf(
  pieces: readonly (string | Uint8Array)[],
  maxBytes = MIB,
): Promise<InputLine[]> {
  const lines: InputLine[] = [];
  for await (const line of readLines(stream(pieces), maxBytes)) lines.push(line);
  return lines;
}

async function* stream(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece as Uint8Array);
}

function textsOf(lines: readonly InputLine[]): [number, string | undefined][] {
  return lines.map(({ number, bytes }) => [number, bytes && Buffer.from(bytes).toString()]);
}

describe('lines', () => {
  test('are counted from 0; empty ones count and are left out', async () => {
    const lines = await linesOf(['a\n\n\r\nb\n']);
    expect(textsOf(lines)).toEqual([
      [0, 'a'],
      [3, 'b'],
    ]);
  });

  test('end with LF or CR LF, and the last one needs no end', async () => {
    const lines = await linesOf(['one\r\n two \nthree']);
    expect(textsOf(lines).map(([, text]) => text)).toEqual(['one', ' two ', 'three']);
  });

  test('of an input without any are none', async () => {
    expect(await linesOf([])).toEqual([]);
    expect(await linesOf(['\n', '\n'])).toEqual([]);
  });

  test('are the same wherever the pieces of the input begin and end, in the middle of a character too', async () => {
    const whole = Buffer.from('{"ü":"🙂"}\r\n\n["é"]\n12345678901234567890\nlast');
    const expected = await linesOf([whole]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length)), async (cuts) => {
        const places = [0, ...cuts.toSorted((one, other) => one - other), whole.length];
        const pieces = places.slice(1).map((end, index) => whole.subarray(places[index], end));
        expect(await linesOf(pieces)).toEqual(expected);
      }),
    );
  });

  test('that are too long tell their size alone; those after them are read', async () => {
    const lines = await linesOf(['12345', '67890', '123\nok\n', '12345\r', '\n123456\n'], 5);
    expect(lines.map(({ bytes, size }) => [bytes?.length, size])).toEqual([
      [undefined, 13],
      [2, 2],
      [5, 5],
      [undefined, 6],
    ]);
  });

  test('may have 16 MiB, in pieces as small as a terminal gives', async () => {
    const piece = Buffer.alloc(4_096, 'x');
    const pieces = Array.from({ length: 4_096 }, () => piece);
    const [line] = await linesOf([...pieces, '\n'], 16 * MIB);
    expect(line?.bytes?.length).toBe(16 * MIB);
  });

  test('begin after a byte order mark', async () => {
    const lines = await linesOf([Uint8Array.of(0xef, 0xbb), Uint8Array.of(0xbf), '{}\n{}']);
    expect(textsOf(lines)).toEqual([
      [0, '{}'],
      [1, '{}'],
    ]);
  });
});
