import { describe, expect, test } from 'vitest';
import { jsonLine, jsonProblem, jsonTextType, onOneLine } from '../src/json-text.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a body of JSON text', () => {
  test('is the same bytes on both sides: big integers, spaces, the order of keys', () => {
    const { codec } = jsonTextType('json');
    for (const text of ['12345678901234567890', ' {"b":1.0,"a":1e400} ', '"\\u00e9é"', 'null']) {
      const body = bytesOf(text);
      expect(codec?.decode(codec.encode(body))).toEqual(body);
    }
  });

  test.each(['', 'nope', '{"a":1} {"b":2}', "{'a':1}", '01', '\u{FEFF}1'])(
    'is not %j, and the receiver says so',
    (text) => {
      expect(jsonProblem(bytesOf(text))).toBeTypeOf('string');
      expect(() => jsonTextType('json').codec?.decode(bytesOf(text))).toThrow('not JSON');
    },
  );

  test('is UTF-8', () => {
    expect(jsonProblem(Uint8Array.of(0x22, 0xff, 0x22))).toBe('its bytes are not UTF-8');
  });

  test('is complained about in a sentence, however long it is', () => {
    expect(jsonProblem(bytesOf('x'.repeat(1_000_000)))?.length).toBeLessThan(200);
  });

  test('of several lines is printed on one', () => {
    const body = bytesOf('{\n  "a": "x\\ny",\r\n  "b": 2\n}');
    const printed = new TextDecoder().decode(onOneLine(body));
    expect(printed).not.toMatch(/[\r\n]/);
    expect(JSON.parse(printed)).toEqual({ a: 'x\ny', b: 2 });
  });
});

test('what is not known is null in a line of JSON', () => {
  expect(jsonLine({ line: 0, id: undefined })).toBe('{"line":0,"id":null}\n');
});
