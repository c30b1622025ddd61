import type { SeededRandom } from './seeded-random.ts';

/** What a connection reports when it ends. */
export type TerminalEvent = 'ended' | 'failed' | 'closed';

/** How one direction of a link behaves. */
export interface PathFaults {
  /** How long a byte is under way. Milliseconds. */
  readonly latencyMs: number;
  /** How much longer it may be, at random; the order is kept. Milliseconds. */
  readonly jitterMs: number;
  /** Bandwidth. Bytes per millisecond. */
  readonly bytesPerMs: number;
  /** What the system takes before `unsentBytes` grows. Bytes. */
  readonly bufferBytes: number;
  /** The largest piece in which bytes travel; each piece has a size of 1 to this. Bytes. */
  readonly segmentBytes: number;
  /** The largest piece in which bytes that are there are read. Bytes. */
  readonly readBytes: number;
  /** A slow reader: how long it waits before each read. Milliseconds. */
  readonly readDelayMs: number;
  /** What `unsentBytes` says: the truth, always 0, or what it was at its highest. */
  readonly unsentReport: 'true' | 'zero' | 'stuck';
  /** Swallows one whole frame after this many others; `undefined` for none. */
  readonly eatenFrame: number | undefined;
  /** Flips a bit of the byte at this offset; `undefined` for none. */
  readonly corruptAt: number | undefined;
  /** On an unreliable link: the share of writes that are lost. 0 to 1. */
  readonly lossRate: number;
  /** On an unreliable link: the share of writes that come twice. 0 to 1. */
  readonly repeatRate: number;
  /** On an unreliable link: the share of writes that later ones overtake. 0 to 1. */
  readonly delayRate: number;
  /** How much later those come. Milliseconds. */
  readonly delayMs: number;
}

/** One direction, or both: `up` is from the side that dialled. */
export type Path = 'up' | 'down' | 'both';

/** What befalls a link in the end. */
export interface LinkFate {
  /**
   * `cut`: both sides learn of the end, what is beyond it is lost. `reset`: the same, as an
   * error, and what was not read is lost. `blackHole`: from now on bytes are swallowed and
   * nobody is told. `halfClose`: one direction ends, the other lives.
   */
  readonly kind: 'cut' | 'reset' | 'blackHole' | 'halfClose';
  readonly path: Path;
  /** It happens when so many bytes were written in that direction (`both`: up). */
  readonly afterBytes: number;
  /** How much later the accepting side hears of a cut; until then it is handed what was on the way. Milliseconds. */
  readonly lateMs: number;
}

/** Everything that may be wrong with one link, decided before it is dialled. */
export interface LinkFaults {
  readonly dial: 'accepted' | 'refused' | 'unanswered';
  /** Milliseconds. */
  readonly dialDelayMs: number;
  readonly up: PathFaults;
  readonly down: PathFaults;
  readonly fate: LinkFate | undefined;
  /** What the dialling and the accepting side are told when the link ends, in this order. */
  readonly farewells: readonly [readonly TerminalEvent[], readonly TerminalEvent[]];
}

/** A direction without faults, one millisecond long. */
export const PERFECT_PATH: PathFaults = {
  latencyMs: 1,
  jitterMs: 0,
  bytesPerMs: Infinity,
  bufferBytes: 1024 * 1024,
  segmentBytes: 65_536,
  readBytes: 65_536,
  readDelayMs: 0,
  unsentReport: 'true',
  eatenFrame: undefined,
  corruptAt: undefined,
  lossRate: 0,
  repeatRate: 0,
  delayRate: 0,
  delayMs: 0,
};

/** A link without faults. */
export const PERFECT_LINK: LinkFaults = {
  dial: 'accepted',
  dialDelayMs: 1,
  up: PERFECT_PATH,
  down: PERFECT_PATH,
  fate: undefined,
  farewells: [
    ['ended', 'closed'],
    ['ended', 'closed'],
  ],
};

/** Every subset and order of the events of an end that real systems were seen to produce, and some more. */
export const FAREWELLS: readonly (readonly TerminalEvent[])[] = [
  ['ended', 'closed'],
  ['closed'],
  ['ended'],
  ['failed'],
  ['failed', 'closed'],
  ['closed', 'failed'],
  ['closed', 'ended'],
  ['ended', 'failed', 'closed'],
  ['failed', 'ended', 'closed'],
  ['closed', 'closed'],
  ['failed', 'failed', 'ended', 'ended'],
];

/** How bad the links of a run are. */
export interface FaultDrawing {
  /** Whether bytes arrive once and in order. */
  readonly isReliable: boolean;
  /** The share of links that come to a bad end. 0 to 1. */
  readonly fateRate: number;
  /** The chance of each other fault, on each link. 0 to 1. */
  readonly faultRate: number;
  /** About how many bytes pass before the bad end. */
  readonly lifeBytes: number;
}

/** Draws what will be wrong with one link. */
export function drawLinkFaults(random: SeededRandom, drawing: FaultDrawing): LinkFaults {
  const { faultRate } = drawing;
  return {
    dial: random.chance(faultRate / 4) ? random.pick(['refused', 'unanswered']) : 'accepted',
    dialDelayMs: random.chance(faultRate) ? random.skewed(3_000) : 1,
    up: drawPath(random, drawing),
    down: drawPath(random, drawing),
    fate: random.chance(drawing.fateRate) ? drawFate(random, drawing) : undefined,
    farewells: [random.pick(FAREWELLS), random.pick(FAREWELLS)],
  };
}

function drawFate(random: SeededRandom, drawing: FaultDrawing): LinkFate {
  const kind = random.pick(['cut', 'cut', 'reset', 'blackHole', 'halfClose'] as const);
  return {
    kind,
    path: random.pick(kind === 'blackHole' ? ['up', 'down', 'both'] : ['up', 'down']),
    afterBytes: random.skewed(drawing.lifeBytes),
    lateMs: random.chance(0.3) ? random.skewed(2_000) : 0,
  };
}

function drawPath(random: SeededRandom, { isReliable, faultRate }: FaultDrawing): PathFaults {
  const some = <Value>(value: () => Value, otherwise: Value): Value =>
    random.chance(faultRate) ? value() : otherwise;
  const perfect = PERFECT_PATH;
  return {
    latencyMs: some(() => random.skewed(200), perfect.latencyMs),
    jitterMs: some(() => random.skewed(100), perfect.jitterMs),
    bytesPerMs: some(() => random.pick([10, 100, 1_000, 10_000]), perfect.bytesPerMs),
    bufferBytes: some(() => random.pick([512, 4_096, 65_536]), perfect.bufferBytes),
    segmentBytes: some(() => random.pick([1, 7, 100, 1_460]), perfect.segmentBytes),
    readBytes: some(() => random.pick([1, 13, 1_000]), perfect.readBytes),
    readDelayMs: some(() => random.skewed(50), perfect.readDelayMs),
    unsentReport: some(() => random.pick(['zero', 'stuck']), perfect.unsentReport),
    eatenFrame: isReliable ? some(() => random.skewed(60) - 1, undefined) : undefined,
    corruptAt: isReliable ? some(() => random.skewed(20_000) + 7, undefined) : undefined,
    lossRate: isReliable ? 0 : random.pick([0, 0.02, 0.1, 0.3]),
    repeatRate: isReliable ? 0 : random.pick([0, 0.05, 0.2]),
    delayRate: isReliable ? 0 : random.pick([0, 0.1, 0.3]),
    delayMs: isReliable ? 0 : random.skewed(300),
  };
}
