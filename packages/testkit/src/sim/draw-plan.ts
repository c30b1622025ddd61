import {
  SERVER,
  type Conduct,
  type Incident,
  type Plan,
  type PlannedMessage,
  type SideOptions,
} from './plan.ts';
import { SeededRandom } from '../seeded-random.ts';
import { drawOrders } from './order-plan.ts';

/** The share of runs in which processes die at any step, also in the middle of a turn. */
const CRASHING_SHARE = 0.4;

/** As many handlers of a channel side by side as there may be. */
export const UNLIMITED = 1_024;

/** What a seed makes use of at all: each run is an extreme of its own, not an average. */
interface Features {
  readonly isReliable: boolean;
  readonly isDurable: boolean;
  readonly hasLargeMessages: boolean;
  readonly hasTinyLimits: boolean;
  readonly isBothWays: boolean;
  readonly hasTtls: boolean;
  readonly hasCancels: boolean;
  readonly isSlow: boolean;
  readonly hasOddEndings: boolean;
  readonly hasIncidents: boolean;
}

/** Draws a run: the same seed gives the same plan, always. */
export function drawPlan(seed: number): Plan {
  const random = new SeededRandom(`plan ${String(seed)}`);
  const features: Features = {
    isReliable: random.chance(0.75),
    isDurable: random.chance(0.4),
    hasLargeMessages: random.chance(0.2),
    hasTinyLimits: random.chance(0.3),
    isBothWays: random.chance(0.6),
    hasTtls: random.chance(0.4),
    hasCancels: random.chance(0.4),
    isSlow: random.chance(0.4),
    hasOddEndings: random.chance(0.6),
    hasIncidents: random.chance(0.6),
  };
  const quietAtMs = random.pick([500, 3_000, 10_000, 30_000]);
  const clients = ['client 1', 'client 2', 'client 3'].slice(0, random.pick([1, 1, 1, 2, 3]));
  const hosts = [SERVER, ...clients];
  const network = {
    isReliable: features.isReliable,
    fateRate: random.pick([0, 0.3, 0.7, 0.95]),
    faultRate: random.pick([0, 0.1, 0.3]),
    lifeBytes: random.pick([300, 3_000, 30_000, 300_000]),
  };
  const plan: Omit<Plan, 'channelConcurrency' | 'logged' | 'unchecked'> = {
    seed,
    isReliable: features.isReliable,
    network,
    faultyLinks: Infinity,
    clients,
    durable: features.isDurable ? hosts.filter(() => random.chance(0.7)) : [],
    lazy: [],
    audits: [],
    hasEffects: false,
    options: Object.fromEntries(hosts.map((host) => [host, drawOptions(random, features)])),
    whenSessionLost: random.pick(['resend', 'resend', 'inDoubt']),
    authenticationMs: random.pick([0, 0, 0, 5, 100]),
    concurrency: random.pick([1, 1, 3]),
    messages: drawMessages(random, features, clients, quietAtMs),
    orders: [],
    incidents: features.hasIncidents ? drawIncidents(random, hosts, quietAtMs) : [],
    quietAtMs,
  };
  const crashing = drawCrashing(plan, hosts);
  const crashed = { ...plan, ...crashing };
  const all = { ...crashed, orders: drawOrders(crashed) };
  return { ...all, ...drawExtras(all, hosts, features) };
}

type Extras = Pick<Plan, 'options' | 'channelConcurrency' | 'logged' | 'unchecked'>;

/** What came later than the first seeds: drawn apart, so that those still make the same runs. */
function drawExtras(
  { seed, network, options }: Pick<Plan, 'seed' | 'network' | 'options'>,
  hosts: readonly string[],
  { hasLargeMessages }: Features,
): Extras {
  const random = new SeededRandom(`extras ${String(seed)}`);
  // A large message must fit a quarter of it; the least is what the option allows.
  const windowBudgetBytes = hasLargeMessages ? 1_048_576 : 65_536;
  const isTight = random.chance(0.3);
  const hasNoDamage = !network.isReliable || network.faultRate === 0;
  return {
    options: Object.fromEntries(
      Object.entries(options).map(([host, given]) => [
        host,
        isTight ? { ...given, windowBudgetBytes } : given,
      ]),
    ),
    channelConcurrency: random.pick([UNLIMITED, UNLIMITED, 1, 2]),
    logged: random.chance(0.25) ? hosts.filter(() => random.chance(0.7)) : [],
    unchecked: hasNoDamage && random.chance(0.5) ? hosts.filter(() => random.chance(0.8)) : [],
  };
}

function drawOptions(random: SeededRandom, { hasTinyLimits }: Features): SideOptions {
  const usual = {
    waitMs: random.pick([400, 1_000, 5_000]),
    heartbeatMs: random.pick([100, 1_000]),
    ackDelayMs: random.pick([0, 20, 100]),
    handlerTimeoutMs: random.pick([300, 2_000]),
    handlerGraceMs: random.pick([0, 50, 500]),
    resumeWindowMs: random.pick([2_000, 10_000, 30_000]),
    settleGraceMs: random.pick([500, 5_000]),
    retentionMs: random.pick([20_000, 60_000]),
    storeTimeoutMs: 5_000,
    closeTimeoutMs: random.pick([200, 2_000]),
  };
  if (!hasTinyLimits) return usual;
  return {
    ...usual,
    ackMessages: random.pick([1, 2, 16]),
    ackBytes: random.pick([1, 1_000]),
    windowMessages: random.pick([1, 2, 5]),
    windowMessagesMax: random.pick([5, 8]),
    windowBytes: random.pick([1, 100, 5_000]),
    windowBytesMax: random.pick([5_000, 10_000]),
    outboxMessages: random.pick([5, 20, 10_000]),
    outboxBytes: random.pick([5_000, 1_000_000]),
    answerBytes: random.pick([1, 1_000, 1_000_000]),
  };
}

function drawMessages(
  random: SeededRandom,
  features: Features,
  clients: readonly string[],
  quietAtMs: number,
): PlannedMessage[] {
  const count = random.pick([10, 20, 40, 80, 200]);
  const channels = ['default', 'b', 'c', 'd'].slice(0, random.pick([1, 1, 2, 4]));
  const times = drawTimes(random, count, quietAtMs);
  return times.map((atMs, index) => {
    const client = random.pick(clients);
    const isDown = features.isBothWays && random.chance(0.4);
    return {
      index,
      atMs,
      from: isDown ? SERVER : client,
      to: isDown ? client : SERVER,
      channel: random.pick(channels),
      bytes: drawBytes(random, features),
      ttlMs: features.hasTtls && random.chance(0.4) ? random.skewed(20_000) : undefined,
      cancelAfterMs:
        features.hasCancels && random.chance(0.3) ? random.skewed(3_000) - 1 : undefined,
      whenFull: random.pick(['fail', 'wait']),
      conduct: drawConduct(random, features),
    };
  });
}

/** Evenly, in bursts, or all at once. */
function drawTimes(random: SeededRandom, count: number, quietAtMs: number): number[] {
  const style = random.pick(['even', 'bursts', 'once'] as const);
  const bursts = Array.from({ length: 4 }, () => random.int(0, quietAtMs));
  const times = Array.from({ length: count }, () => {
    if (style === 'once') return 5;
    return style === 'bursts' ? random.pick(bursts) : random.int(0, quietAtMs);
  });
  return times.sort((a, b) => a - b);
}

function drawBytes(random: SeededRandom, { hasLargeMessages, hasTinyLimits }: Features): number {
  if (random.chance(0.05)) return random.int(0, 20);
  if (hasLargeMessages && random.chance(0.1))
    return hasTinyLimits ? random.skewed(20_000) : random.int(60_000, 200_000);
  return random.int(16, random.pick([40, 200, 2_000]));
}

function drawConduct(random: SeededRandom, { isSlow, hasOddEndings }: Features): Conduct {
  const plain = ['handle', 'handle', 'handle', 'reply', 'reply'] as const;
  const odd = ['reject', 'throw', 'mute', 'hang', 'yield', 'late', 'unknown', 'invalid'] as const;
  const kind = hasOddEndings && random.chance(0.25) ? random.pick(odd) : random.pick(plain);
  return {
    kind,
    takesMs: isSlow && random.chance(0.5) ? random.skewed(400) : 0,
    replyBytes: random.chance(0.1) ? random.int(0, 5_000) : random.int(16, 60),
    putOffs: 0,
  };
}

const INCIDENTS = [
  'crash',
  'crash',
  'crash',
  'restore',
  'clone',
  'sleep',
  'sleep',
  'jump',
  'cut',
  'cut',
  'reset',
  'blackHole',
  'closeAndReopen',
  'move',
  'brokenStore',
  'hungStore',
  'slowStore',
] as const;

function drawIncidents(
  random: SeededRandom,
  hosts: readonly string[],
  quietAtMs: number,
): Incident[] {
  const incidents = Array.from({ length: random.skewed(5) }, () => ({
    atMs: random.int(10, quietAtMs - 1),
    host: random.pick(hosts),
    kind: random.pick(INCIDENTS),
    forMs: random.skewed(random.pick([500, 5_000, 40_000])),
    after: undefined,
    isKept: random.chance(0.6),
    isSilent: random.chance(0.4),
  }));
  return incidents.sort((a, b) => a.atMs - b.atMs);
}

const CRASHES = [...Array<'crash'>(10).fill('crash'), 'restore', 'damage', 'fullDisk'] as const;

/**
 * Processes that die at a step of their own, most of them with disks that keep what they
 * had. Drawn apart, so that runs without any are what they were.
 */
function drawCrashing(
  plan: Pick<Plan, 'seed' | 'quietAtMs' | 'incidents' | 'messages' | 'options'>,
  hosts: readonly string[],
): Partial<Plan> {
  const { seed, quietAtMs, incidents } = plan;
  const random = new SeededRandom(`crashes ${String(seed)}`);
  if (!random.chance(CRASHING_SHARE)) return {};
  const durable = hosts.filter(() => random.chance(0.85));
  const crashes = Array.from({ length: random.skewed(6) }, (): Incident => ({
    atMs: random.int(1, quietAtMs - 1),
    host: random.pick(hosts),
    kind: random.pick(CRASHES),
    forMs: random.skewed(2_000),
    after: random.chance(0.5)
      ? { events: random.skewed(3_000) }
      : { writes: random.skewed(40) - 1 },
    isKept: random.chance(0.85),
    isSilent: random.chance(0.5),
  }));
  const lazy = durable.filter(() => random.chance(0.15));
  const audits = Array.from({ length: 4 }, () => ({
    host: random.pick(hosts),
    atMs: random.int(1, 2 * quietAtMs),
  }));
  const maxAttempts = random.pick([2, 10]);
  const options = Object.fromEntries(
    Object.entries(plan.options).map(([host, given]) => [host, { ...given, maxAttempts }]),
  );
  const messages = plan.messages.map((message) => puttingOff(random, message));
  const hasEffects = random.chance(0.6);
  const all = [...incidents, ...crashes];
  return { durable, lazy, audits, options, messages, hasEffects, incidents: all };
}

/** A few handlers say "not now" at first. */
function puttingOff(random: SeededRandom, message: PlannedMessage): PlannedMessage {
  const putOffs = random.chance(0.05) ? random.skewed(4) : 0;
  return { ...message, conduct: { ...message.conduct, putOffs } };
}
