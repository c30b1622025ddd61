import { medianOf, type Figures, type Run } from './figures.ts';

/** What one line of targets is about, and how far it got. */
export interface Target {
  readonly work: string;
  /** What must be true, and what would be better still. */
  readonly must: readonly Bound[];
  readonly want: readonly Bound[];
}

/** Something that was measured, and what it has to be. */
export interface Bound {
  /** For people. */
  readonly text: string;
  /** `undefined` where the figures do not say. */
  readonly value: (figures: Figures) => number | undefined;
  readonly least?: number;
  readonly most?: number;
}

type Pick = (run: Run) => number | undefined;

const rateOf: Pick = (run) => run.traffic?.rate;
const cpuOf: Pick = (run) => run.traffic?.cpuMicros;
const p99Of: Pick = (run) => run.traffic?.p99Micros;
const KIB = 1_024;

/** Which peers the targets of a row compare with: they run in every round of the matrix. */
export const COMPARED: Readonly<Record<string, readonly string[] | 'all'>> = {
  P1: ['raw', 'ws-ack', 'socket-io'],
  P64: ['raw', 'ws-ack', 'socket-io'],
  P1024: ['raw', 'ws-ack', 'socket-io'],
  PO64: ['socket-io', 'model-receipt-obj-msgpacklib'],
  A1024: 'all',
  A16k: ['raw', 'ws-ack'],
  A1m: ['socket-io'],
  D64: ['redis-always', 'raw-fsync'],
  D1024: ['redis-always', 'rabbitmq-quorum', 'raw-fsync'],
  C1: ['raw'],
  C1000: ['raw'],
};

/** What Wilco has to reach next to its peers, all of it in the same run. */
export const TARGETS: readonly Target[] = [
  {
    work: '100 B, 64 in flight, one core',
    must: [faster('P64', 'socket-io', 5)],
    want: [faster('P64', 'socket-io', 10), faster('P64', 'raw', 0.2)],
  },
  {
    work: '100 B, 1,024 in flight, one core',
    must: [faster('P1024', 'socket-io', 4.5), faster('P1024', 'ws-ack', 1.3)],
    want: [faster('P1024', 'socket-io', 9), faster('P1024', 'ws-ack', 2.6)],
  },
  {
    work: '100 B, 1,024 in flight, all cores',
    must: [faster('A1024', 'socket-io', 5.5), fasterThanAll('A1024', 3)],
    want: [
      faster('A1024', 'socket-io', 9),
      {
        text: 'at 4,096 in flight ≥ 0.9 × this',
        value: (figures) => ratio(figures, rateOf, ['A4096', 'wilco'], ['A1024', 'wilco']),
        least: 0.9,
      },
    ],
  },
  {
    work: '100 B, 1 in flight, one core',
    must: [
      faster('P1', 'socket-io', 1.5),
      faster('P1', 'ws-ack', 0.9),
      notSlower('P1', 'ws-ack', 1),
    ],
    want: [faster('P1', 'raw', 0.8), notSlower('P1', 'raw', 1.3)],
  },
  {
    work: 'object of five fields, 64 in flight, one core',
    must: [faster('PO64', 'socket-io', 3)],
    want: [faster('PO64', 'model-receipt-obj-msgpacklib', 0.9)],
  },
  {
    work: '16 KiB, 256 in flight',
    must: [faster('A16k', 'ws-ack', 1.3)],
    want: [faster('A16k', 'ws-ack', 2.5), faster('A16k', 'raw', 1)],
  },
  {
    work: '1 MiB, 8 in flight',
    must: [faster('A1m', 'socket-io', 0.9), protectedFaster(1.1)],
    want: [faster('A1m', 'socket-io', 1.3), protectedFaster(1.3)],
  },
  {
    work: 'both sides on disk',
    must: [
      faster('D64', 'redis-always', 1),
      faster('D1024', 'redis-always', 2),
      faster('D1024', 'rabbitmq-quorum', 2),
      {
        text: 'CPU at 1,024 ≤ 0.6 × redis-always',
        value: (figures) => ratio(figures, cpuOf, ['D1024', 'wilco'], ['D1024', 'redis-always']),
        most: 0.6,
      },
    ],
    want: [faster('D64', 'redis-always', 1.4), faster('D1024', 'redis-always', 6)],
  },
  {
    work: 'idle connections',
    must: [
      most('I5000', '5,000: ≤ 10 KiB each', (run) => kibOf(run.memoryBytes), 10),
      most(
        'H10000',
        '10,000 with heartbeats: ≤ 5 % of a core',
        (run) => percentOf(run.coreShare),
        5,
      ),
    ],
    want: [most('I5000', '5,000: ≤ 6 KiB each', (run) => kibOf(run.memoryBytes), 6)],
  },
  {
    work: 'growth',
    must: [
      {
        text: 'CPU from 1 to 1,000 connections ≤ 1.15 × as raw does',
        value: growthWithConnections,
        most: 1.15,
      },
      {
        text: 'CPU from an outbox of 100 to 100,000 ≤ 1.15 ×',
        value: (figures) => ratio(figures, cpuOf, ['Q100000', 'wilco'], ['Q100', 'wilco']),
        most: 1.15,
      },
      ...(['ack', 'resume', 'timer'] as const).map((step) => engineGrowth(step, 1.25)),
    ],
    want: (['ack', 'resume', 'timer'] as const).map((step) => engineGrowth(step, 1.1)),
  },
  {
    work: 'ten minutes at full load',
    must: [
      most('L600', 'memory grows by ≤ 5 %', memoryGrowthOf, 5),
      most('L600', 'event loop ≤ 20 ms late, p99.9', loopDelayOf, 20),
    ],
    want: [most('L600', 'event loop ≤ 10 ms late, p99.9', loopDelayOf, 10)],
  },
];

/** Whether it holds; `undefined` where the figures do not say. */
export function isReached(
  { value, least = -Infinity, most: limit = Infinity }: Bound,
  figures: Figures,
): boolean | undefined {
  const measured = value(figures);
  return measured === undefined ? undefined : measured >= least && measured <= limit;
}

function faster(row: string, peer: string, least: number): Bound {
  return {
    text: `${row} ≥ ${least} × ${peer}`,
    value: (figures) => ratio(figures, rateOf, [row, 'wilco'], [row, peer]),
    least,
  };
}

/** Than every peer that somebody might pick instead; the bounds and sketches are none. */
function fasterThanAll(row: string, least: number): Bound {
  return {
    text: `${row} ≥ ${least} × every other peer`,
    value: (figures) => {
      const others = Object.entries(figures.kinds)
        .filter(([, kind]) => kind === 'product' || kind === 'byHand')
        .flatMap(([peer]) => ratio(figures, rateOf, [row, 'wilco'], [row, peer]) ?? []);
      return others.length === 0 ? undefined : Math.min(...others);
    },
    least,
  };
}

function notSlower(row: string, peer: string, limit: number): Bound {
  return {
    text: `p99 of ${row} ≤ ${limit} × ${peer}`,
    value: (figures) => ratio(figures, p99Of, [row, 'wilco'], [row, peer]),
    most: limit,
  };
}

function protectedFaster(least: number): Bound {
  return {
    text: `with integrity declared ≥ ${least} × socket-io`,
    value: (figures) => ratio(figures, rateOf, ['A1mi', 'wilco'], ['A1m', 'socket-io']),
    least,
  };
}

function most(row: string, text: string, pick: Pick, limit: number): Bound {
  return { text, value: (figures) => medianOf(figures, row, 'wilco', pick), most: limit };
}

function growthWithConnections(figures: Figures): number | undefined {
  const ours = ratio(figures, cpuOf, ['C1000', 'wilco'], ['C1', 'wilco']);
  const theirs = ratio(figures, cpuOf, ['C1000', 'raw'], ['C1', 'raw']);
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

function engineGrowth(step: 'ack' | 'resume' | 'timer', limit: number): Bound {
  return {
    text: `${step}, from 10 to 100,000 sessions ≤ ${limit} ×`,
    value: (figures) => {
      const pick: Pick = (run) => run.engine?.[`${step}Nanos`];
      return ratio(figures, pick, ['E100000', 'wilco'], ['E10', 'wilco']);
    },
    most: limit,
  };
}

function ratio(
  figures: Figures,
  pick: Pick,
  [row, peer]: readonly [string, string],
  [otherRow, otherPeer]: readonly [string, string],
): number | undefined {
  const one = medianOf(figures, row, peer, pick);
  const other = medianOf(figures, otherRow, otherPeer, pick);
  return one === undefined || other === undefined ? undefined : one / other;
}

function kibOf(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / KIB;
}

function percentOf(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100;
}

function memoryGrowthOf({ long }: Run): number | undefined {
  if (long === undefined) return undefined;
  return percentOf(Math.max(long.sender.memoryGrowth, long.receiver.memoryGrowth));
}

function loopDelayOf({ long }: Run): number | undefined {
  return long && Math.max(long.sender.loopDelayMs, long.receiver.loopDelayMs);
}
