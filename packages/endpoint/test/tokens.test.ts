import { describe, expect, test } from 'vitest';
import { judgeToken, TokenRing } from '../src/tokens.ts';

const token = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe('the tokens of a session', () => {
  test('prove it while they are the last confirmed or the last issued', () => {
    const ring = new TokenRing();
    ring.issue(token(1));
    expect(ring.judge(token(1))).toBe('issued');
    ring.confirm();
    ring.issue(token(2));
    expect([1, 2, 3].map((byte) => ring.judge(token(byte)))).toEqual([
      'confirmed',
      'issued',
      'unknown',
    ]);
  });

  test('are old once a later one was confirmed', () => {
    const ring = ringOf(1, 2, 3);
    expect([1, 2, 3].map((byte) => ring.judge(token(byte)))).toEqual([
      'replayed',
      'replayed',
      'confirmed',
    ]);
  });

  test('that were issued and never confirmed prove nothing later', () => {
    const ring = ringOf(1);
    ring.issue(token(2));
    ring.issue(token(3));
    ring.confirm();
    expect(ring.judge(token(2))).toBe('unknown');
    expect(ring.judge(token(1))).toBe('replayed');
  });

  test('are forgotten after eight replacements', () => {
    const ring = ringOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    expect(ring.judge(token(1))).toBe('unknown');
    expect(ring.judge(token(2))).toBe('replayed');
  });

  test('come back from a store as they were, and the store never sees one', () => {
    const ring = ringOf(1, 2);
    ring.issue(token(3));
    for (const hash of ring.hashes) expect([...hash]).not.toEqual([...token(hash[0] ?? 0)]);
    const restored = TokenRing.restore(ring.hashes);
    expect([1, 2, 3, 4].map((byte) => restored.judge(token(byte)))).toEqual([
      'replayed',
      'confirmed',
      'issued',
      'unknown',
    ]);
  });

  test('that nobody made prove nothing: not all zeros, not for a session that there is not', () => {
    expect(new TokenRing().judge(new Uint8Array(32))).toBe('unknown');
    expect(judgeToken(undefined, token(1))).toBe('unknown');
    expect(judgeToken(ringOf(1), token(1))).toBe('confirmed');
  });
});

/** A ring to which these were issued and confirmed, one after the other. */
function ringOf(...bytes: readonly number[]): TokenRing {
  const ring = new TokenRing();
  for (const byte of bytes) {
    ring.issue(token(byte));
    ring.confirm();
  }
  return ring;
}
