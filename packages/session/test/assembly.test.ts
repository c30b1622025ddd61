import { expect, test } from 'vitest';
import { Assembly } from '../src/assembly.ts';

const MIB = 1024 * 1024;

/** A large message of which the first byte has come. */
function begun(totalBytes: number): Assembly {
  const frame = {
    kind: 'message',
    channel: 1,
    seq: 1,
    type: 0,
    ttlMs: undefined,
    id: undefined,
    isResent: false,
    ackNow: false,
    totalBytes,
    extensions: [],
    payload: Uint8Array.of(0),
  } as const;
  return new Assembly({ frame, type: 't', atMs: 0, cost: 1 }, totalBytes);
}

/** What this process holds. Bytes. */
function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('parts of a byte each cost their bytes, not a piece of memory each', () => {
  const assembly = begun(16 * MIB);
  const before = heldBytes();
  const part = new Uint8Array(1);
  for (let offset = 1; offset < 200_000; offset++) {
    part[0] = offset % 251;
    assembly.add(part);
  }
  expect(heldBytes() - before).toBeLessThan(8 * MIB);
  expect(assembly.offset).toBe(200_000);
});

test('many that were announced and hardly begun cost what came of them', () => {
  const before = heldBytes();
  const all = Array.from({ length: 100 }, () => begun(16 * MIB));
  for (const assembly of all) assembly.add(Uint8Array.of(1));
  expect(heldBytes() - before).toBeLessThan(8 * MIB);
  expect(all.map(({ isComplete }) => isComplete)).not.toContain(true);
});
