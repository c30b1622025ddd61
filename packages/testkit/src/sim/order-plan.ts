import { SeededRandom } from '../seeded-random.ts';
import { SERVER, type Plan } from './plan.ts';

/** The share of runs in which messages go under ids of their applications. */
const SHARE = 0.3;

/** A message that goes under an id of its application; others may go under the same one. */
export interface PlannedOrder {
  /** Its place in the plan: names it. */
  readonly index: number;
  readonly atMs: number;
  /** Name of the host that sends it. */
  readonly from: string;
  /** Name of the client that it is for, or `server`. */
  readonly to: string;
  /** Which of the ids of its sender. 0 to 255. */
  readonly id: number;
  /** Two with different variants under one id are different messages. 0 or 1. */
  readonly variant: number;
  /** What its handler does: the same for all under one id. */
  readonly kind: 'handle' | 'reply' | 'reject' | 'throw';
  /** How long its handler takes. Milliseconds. */
  readonly takesMs: number;
  /** Whether its receipt is kept until it is released: at a client, of an id that is sent once. */
  readonly isKept: boolean;
  /** How long after it settled its receipt is released; `undefined`: never. Milliseconds. */
  readonly releaseAfterMs: number | undefined;
  /** When its sender asks what became of it. Milliseconds. */
  readonly askedAtMs: readonly number[];
}

/**
 * Draws what a run sends under ids, apart from all else: most runs send nothing so. Half of it goes
 * just before something happens.
 */
export function drawOrders({
  seed,
  clients,
  quietAtMs,
  incidents,
}: Pick<Plan, 'seed' | 'clients' | 'quietAtMs' | 'incidents'>): PlannedOrder[] {
  const random = new SeededRandom(`orders ${String(seed)}`);
  if (!random.chance(SHARE)) return [];
  const orders: Omit<PlannedOrder, 'index'>[] = [];
  const drawTime = (): number => {
    if (incidents.length === 0 || random.chance(0.5)) return random.int(1, quietAtMs);
    return Math.max(1, random.pick(incidents).atMs - random.skewed(100));
  };
  const ids = random.pick([1, 4, 12]);
  for (let id = 0; id < ids; id++) {
    const client = random.pick(clients);
    const isDown = random.chance(0.3);
    const sends = random.pick([1, 1, 2, 4]);
    const isKept = !isDown && sends === 1 && random.chance(0.8);
    const each = {
      from: isDown ? SERVER : client,
      to: isDown ? client : SERVER,
      id,
      kind: random.pick(['handle', 'reply', 'reply', 'reject', 'throw'] as const),
      takesMs: random.chance(0.5) ? random.skewed(400) : 0,
      isKept,
    };
    for (let send = 0; send < sends; send++) {
      orders.push({
        ...each,
        atMs: drawTime(),
        variant: random.chance(0.15) ? 1 : 0,
        releaseAfterMs: isKept && random.chance(0.5) ? random.skewed(5_000) : undefined,
        askedAtMs: Array.from({ length: random.pick([0, 1, 2]) }, () =>
          random.int(1, 2 * quietAtMs),
        ),
      });
    }
  }
  return orders.map((order, index) => ({ ...order, index }));
}
