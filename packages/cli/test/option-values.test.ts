import { describe, expect, test } from 'vitest';
import {
  durationMs,
  gapMs,
  listenAddress,
  sizeBytes,
  target,
  targetName,
  wholeNumber,
} from '../src/option-values.ts';

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('%s is %i milliseconds', (text, value) => {
    expect(durationMs(text)).toBe(value);
  });

  test.each(['', '5', 's', '-1s', '1 s', '1e3ms', '25d', '2S', '1s2s', 'Infinitys'])(
    '%j is none',
    (text) => {
      expect(() => durationMs(text)).toThrow('Wanted a duration');
    },
  );

  test('may have to be above 0', () => {
    expect(gapMs('1ms')).toBe(1);
    expect(() => gapMs('0s')).toThrow('above 0');
  });
});

describe('a size', () => {
  test.each([
    ['65536', 65_536],
    ['64KiB', 65_536],
    ['16M', 16_777_216],
    ['1GiB', 1_073_741_824],
  ])('%s is %i bytes', (text, value) => {
    expect(sizeBytes(text)).toBe(value);
  });

  test.each(['', '0', '1.5M', '-1', '1k', '9999999999999G'])('%j is none', (text) => {
    expect(() => sizeBytes(text)).toThrow('Wanted a size');
  });
});

describe('a whole number', () => {
  test('lies in its range, both ends included', () => {
    const parse = wholeNumber(1, 9);
    expect([parse('1'), parse('9')]).toEqual([1, 9]);
    for (const text of ['0', '10', '1.0', '', 'x', '0x1', ' 1']) {
      expect(() => parse(text)).toThrow('from 1 to 9');
    }
  });
});

describe('an address', () => {
  test.each([
    ['orders.example:7411', { host: 'orders.example', port: 7_411, path: undefined }],
    [':7411', { host: 'localhost', port: 7_411, path: undefined }],
    ['[::1]:7411', { host: '::1', port: 7_411, path: undefined }],
    ['unix:/run/a.sock', { host: undefined, port: undefined, path: '/run/a.sock' }],
  ])('%s leads somewhere, and is called so', (text, value) => {
    expect(target(text)).toEqual(value);
    expect(targetName(target(text))).toBe(text.startsWith(':') ? `localhost${text}` : text);
  });

  test.each(['orders.example', '7411', 'host:0', 'host:65536', '::1:7411', 'unix:', 'host:7x'])(
    '%s is none',
    (text) => {
      expect(() => target(text)).toThrow('Wanted HOST:PORT');
    },
  );

  test('to listen on may leave out the host, and the port to the system', () => {
    expect(listenAddress('7411')).toEqual({ host: undefined, port: 7_411 });
    expect(listenAddress('0.0.0.0:0')).toEqual({ host: '0.0.0.0', port: 0 });
    expect(listenAddress('[::1]:7411')).toEqual({ host: '::1', port: 7_411 });
    expect(() => listenAddress('')).toThrow('Wanted PORT');
    expect(() => listenAddress('host:99999')).toThrow('Wanted PORT');
  });
});
