import { describe, expect, test } from 'vitest';
import { addressName, fullAddress, isLocal } from '../src/address.ts';

describe('an address', () => {
  test.each([
    [{ port: 7411 }, 'localhost:7411', true],
    [{ host: '127.0.0.2', port: 1 }, '127.0.0.2:1', true],
    [{ host: '::1', port: 1 }, '[::1]:1', true],
    [{ host: '::ffff:127.0.0.1', port: 1 }, '[::ffff:127.0.0.1]:1', true],
    [{ host: 'api.localhost', port: 1 }, 'api.localhost:1', true],
    [{ host: 'localhost.example.com', port: 1 }, 'localhost.example.com:1', false],
    [{ host: '0.0.0.0', port: 1 }, '0.0.0.0:1', false],
    [{ host: '::', port: 1 }, '[::]:1', false],
    [{ path: '/run/a.sock' }, 'unix:/run/a.sock', true],
    [{ path: '/run/a.sock', host: 'example.com', port: 1 }, 'unix:/run/a.sock', true],
  ])('%j is called %s; stays on this machine: %s', (given, name, isHere) => {
    const address = fullAddress(given, 1);
    expect(addressName(address)).toBe(name);
    expect(isLocal(address)).toBe(isHere);
  });

  test.each([
    [{}, 'port is undefined'],
    [{ port: 0 }, 'port is 0'],
    [{ port: 65_536 }, 'port is 65536'],
    [{ port: '7411' as unknown as number }, "port is '7411' (a string)"],
    [{ port: 1, host: '' }, 'host'],
    [{ path: '' }, 'path'],
    [{ path: '\0abstract' }, 'path has a control character'],
    [{ path: `/${'x'.repeat(107)}` }, '108 bytes'],
    [{ path: `/${'ü'.repeat(54)}` }, '109 bytes'],
  ])('%j is refused: %s', (given, words) => {
    expect(() => fullAddress(given, 1)).toThrow(words);
    expect(() => fullAddress(given, 1)).toThrow('WILCO_OPTION_INVALID');
  });

  test('may have port 0 to listen', () => {
    expect(fullAddress({ port: 0 }, 0)).toEqual({ host: 'localhost', port: 0, path: undefined });
  });
});
