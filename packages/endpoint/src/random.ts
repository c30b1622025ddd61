import { randomBytes } from 'node:crypto';

/** Where an endpoint gets its randomness. Tests pass a seeded one. */
export interface Random {
  /** `count` unpredictable bytes, in memory of their own. */
  bytes(count: number): Uint8Array;
  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number;
}

/** The operating system's randomness; for jitter, the language's. */
export const systemRandom: Random = {
  bytes: (count) => Uint8Array.from(randomBytes(count)),
  fraction: () => Math.random(),
};
