import type { EngineFigures } from './engine.ts';
import type { CpuProfile } from './cpu-profile.ts';
import type { LoadResult } from './load.ts';
import type { Watched } from './process-watch.ts';

/** What the benchmark asks a process of its own to do, and what comes back. */
export interface Orders {
  /** Is the broker in between. */
  broke: (order: Start) => void;
  /** Listens. */
  receive: (order: Start) => void;
  /** Connects senders. */
  connect: (order: Start & { readonly connections: number }) => void;
  /** Sends for a while; only where `connect` went before. */
  run: (order: { readonly inFlight: number; readonly durationMs: number }) => LoadResult;
  /** Opens idle connections. */
  openIdle: (order: Start & { readonly connections: number }) => void;
  usage: (order: object) => Usage;
  /** Begins to watch itself, and tells what it saw. */
  watch: (order: object) => void;
  watched: (order: object) => Watched;
  /** Begins to write down which functions run, and gives it. */
  profile: (order: object) => void;
  profiled: (order: object) => CpuProfile;
  /** Times the steps of the engine. */
  engine: (order: { readonly sessions: number; readonly busy: number }) => EngineFigures;
}

/** Which peer, and what it moves: bodies of this size, or the object of the typed row. */
export interface Start {
  readonly peer: string;
  readonly port: number;
  readonly folder: string;
  readonly size: number | undefined;
  readonly inFlight: number;
  readonly isDurable: boolean;
  readonly isProtected: boolean;
}

export interface Usage {
  /** Messages that the receiver handled. */
  readonly handled: number;
  /** CPU time of the process, all threads. Microseconds. */
  readonly cpuMicros: number;
  /** Resident memory, after a garbage collection where the process allows one. Bytes. */
  readonly memoryBytes: number;
}

export type OrderName = keyof Orders;

export interface OrderMessage {
  readonly name: OrderName;
  readonly order: unknown;
}

export interface AnswerMessage {
  readonly answer?: unknown;
  readonly error?: string;
}
