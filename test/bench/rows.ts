/** One line of the benchmark: what is moved, and how. */
export interface TrafficRow {
  readonly kind: 'traffic';
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Bytes of a body; `undefined` for the object of the typed row. */
  readonly size: number | undefined;
  /** How many messages are unacknowledged at a time. */
  readonly inFlight: number;
  /** All processes on core 0: the rate is then one over all the work that a message costs. */
  readonly isPinned: boolean;
}

/** What idle connections cost the process of the server. */
export interface IdleRow {
  readonly kind: 'idle';
  readonly name: string;
  readonly title: string;
  readonly connections: number;
}

export type Row = TrafficRow | IdleRow;

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** `P…` is pinned to one core; `A…` is free on all. */
export const ROWS: readonly Row[] = [
  traffic('P1', '100 B, 1 in flight, one core', 100, 1, true),
  traffic('P64', '100 B, 64 in flight, one core', 100, 64, true),
  traffic('P1024', '100 B, 1,024 in flight, one core', 100, 1_024, true),
  traffic('PO64', 'object, 64 in flight, one core', undefined, 64, true),
  traffic('A1', '100 B, 1 in flight, all cores', 100, 1, false),
  traffic('A64', '100 B, 64 in flight, all cores', 100, 64, false),
  traffic('A1024', '100 B, 1,024 in flight, all cores', 100, 1_024, false),
  traffic('A4096', '100 B, 4,096 in flight, all cores', 100, 4_096, false),
  traffic('A16k', '16 KiB, 256 in flight, all cores', 16 * KIB, 256, false),
  traffic('A1m', '1 MiB, 8 in flight, all cores', MIB, 8, false),
  { kind: 'idle', name: 'I5000', title: '5,000 idle connections', connections: 5_000 },
];

function traffic(
  name: string,
  title: string,
  size: number | undefined,
  inFlight: number,
  isPinned: boolean,
): TrafficRow {
  return { kind: 'traffic', name, title, size, inFlight, isPinned };
}
