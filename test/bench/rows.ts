/** One line of the benchmark: what is moved, and how. */
export interface TrafficRow {
  readonly kind: 'traffic';
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Bytes of a body; `undefined` for the object of the typed row. */
  readonly size: number | undefined;
  /** How many messages are unacknowledged at a time, on each connection. */
  readonly inFlight: number;
  /** All processes on core 0: the rate is then one over all the work that a message costs. */
  readonly isPinned: boolean;
  /** How many connections are busy. */
  readonly connections: number;
  /** Only where an acknowledgement means that the message is on disk. */
  readonly isDurable: boolean;
  /** Both sides say that the transport protects the bytes. */
  readonly isProtected: boolean;
  /** The peers that run in it, where not all do. */
  readonly peers: readonly string[] | undefined;
}

/** What idle connections cost the process of the server: memory. */
export interface IdleRow {
  readonly kind: 'idle';
  readonly name: string;
  readonly title: string;
  readonly connections: number;
}

/** What the heartbeats of idle connections cost the process of the server: CPU time. */
export interface HeartbeatsRow {
  readonly kind: 'heartbeats';
  readonly name: string;
  readonly title: string;
  readonly connections: number;
}

/** What a step of the engine costs, by how many sessions there are. */
export interface EngineRow {
  readonly kind: 'engine';
  readonly name: string;
  readonly title: string;
  readonly sessions: number;
  /** Those whose steps are timed. */
  readonly busy: number;
}

/** Full load for a long time. */
export interface LongRow {
  readonly kind: 'long';
  readonly name: string;
  readonly title: string;
  readonly traffic: TrafficRow;
  readonly durationMs: number;
}

export type Row = TrafficRow | IdleRow | HeartbeatsRow | EngineRow | LongRow;

const KIB = 1_024;
const MIB = 1_024 * KIB;
/** Whose growth with the connections is compared. */
const GROWING = ['wilco', 'raw'];

/** `P…` is pinned to one core; `A…` is free on all; `D…` is on disk, at both sides or at the broker. */
export const ROWS: readonly Row[] = [
  traffic('P1', '100 B, 1 in flight, one core', { inFlight: 1, isPinned: true }),
  traffic('P64', '100 B, 64 in flight, one core', { inFlight: 64, isPinned: true }),
  traffic('P1024', '100 B, 1,024 in flight, one core', { inFlight: 1_024, isPinned: true }),
  traffic('PO64', 'object, 64 in flight, one core', {
    inFlight: 64,
    isPinned: true,
    size: undefined,
  }),
  traffic('A1024', '100 B, 1,024 in flight, all cores', { inFlight: 1_024 }),
  traffic('A4096', '100 B, 4,096 in flight, all cores', { inFlight: 4_096 }),
  traffic('A16k', '16 KiB, 256 in flight, all cores', { inFlight: 256, size: 16 * KIB }),
  traffic('A1m', '1 MiB, 8 in flight, all cores', { inFlight: 8, size: MIB }),
  traffic('A1mi', '1 MiB, 8 in flight, all cores, integrity declared', {
    inFlight: 8,
    size: MIB,
    isProtected: true,
    peers: ['wilco'],
  }),
  traffic('D1', '100 B, 1 in flight, on disk', { inFlight: 1, isDurable: true }),
  traffic('D64', '100 B, 64 in flight, on disk', { inFlight: 64, isDurable: true }),
  traffic('D1024', '100 B, 1,024 in flight, on disk', { inFlight: 1_024, isDurable: true }),
  ...[1, 1_000].map((connections) =>
    traffic(`C${connections}`, `100 B, 16 in flight on ${countOf(connections)}, one core`, {
      inFlight: 16,
      connections,
      isPinned: true,
      peers: GROWING,
    }),
  ),
  ...[100, 100_000].map((inFlight) =>
    traffic(`Q${inFlight}`, `100 B, an outbox of ${inFlight.toLocaleString('en')}, one core`, {
      inFlight,
      isPinned: true,
      peers: ['wilco'],
    }),
  ),
  { kind: 'idle', name: 'I5000', title: '5,000 idle connections', connections: 5_000 },
  {
    kind: 'heartbeats',
    name: 'H10000',
    title: '10,000 idle connections with heartbeats',
    connections: 10_000,
  },
  engine('E10', 'the engine, 10 sessions', 10, 10),
  engine('E100000', 'the engine, 100,000 sessions of which 10 are busy', 100_000, 10),
  engine('EA100000', 'the engine, 100,000 sessions, all busy in turn', 100_000, 100_000),
  {
    kind: 'long',
    name: 'L600',
    title: 'ten minutes at full load',
    traffic: traffic('L600', '100 B, 1,024 in flight, all cores', { inFlight: 1_024 }),
    durationMs: 600_000,
  },
];

function engine(name: string, title: string, sessions: number, busy: number): EngineRow {
  return { kind: 'engine', name, title, sessions, busy };
}

type Traits = Partial<Omit<TrafficRow, 'kind' | 'name' | 'title'>> & { readonly inFlight: number };

function traffic(name: string, title: string, traits: Traits): TrafficRow {
  return {
    kind: 'traffic',
    name,
    title,
    size: 100,
    isPinned: false,
    connections: 1,
    isDurable: false,
    isProtected: false,
    peers: undefined,
    ...traits,
  };
}

function countOf(connections: number): string {
  return connections === 1
    ? 'one connection'
    : `each of ${connections.toLocaleString('en')} connections`;
}
