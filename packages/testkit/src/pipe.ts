import type { FaultCounts } from './fault-counts.ts';
import type { PathFaults } from './link-faults.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** One direction of a link, from a writing to a reading side. */
export interface Pipe {
  /** What the writer is told is not yet with the system. */
  readonly unsentBytes: number;
  write(bytes: Uint8Array): void;
  /** After what was written, calls `finished` at the reader. Nothing can be written any more. */
  end(finished: () => void): void;
  /** From now on nothing arrives, and nobody is told. */
  swallow(): void;
  /** Forgets what was written and is not with the system. */
  dropUnsent(): void;
  /** Nothing more arrives: the reader is gone. */
  stop(): void;
  /** Holds back what is on the way until `atMs`. */
  holdUntil(atMs: number): void;
}

/** The reading side of a pipe. */
export interface PipeReader {
  /** Runs something in the reader's process, at `atMs` or when it wakes up. */
  post(atMs: number, run: () => void): void;
  readonly isAwake: boolean;
  deliver(bytes: Uint8Array): void;
}

/** What a pipe is made of. */
export interface PipeSetting {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly faults: PathFaults;
  readonly reader: PipeReader;
  readonly counts: FaultCounts;
}
