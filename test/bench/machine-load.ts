import { readFileSync } from 'node:fs';

/** CPU time of the whole machine since it was started, in ticks. */
interface MachineTicks {
  readonly busy: number;
  readonly all: number;
}

/** A tick of the kernel's CPU accounting, as Linux tells it to programs. Microseconds. */
const TICK_MICROS = 10_000;

/** Tells how much of the machine others took meanwhile. */
export class MachineLoad {
  readonly #before = ticks();

  /**
   * The share of the machine's CPU time that was used by others since this was made. 0 to 1;
   * `undefined` where the system does not say.
   */
  foreignShare(ownMicros: number): number | undefined {
    const after = ticks();
    if (this.#before === undefined || after === undefined) return undefined;
    const all = (after.all - this.#before.all) * TICK_MICROS;
    const busy = (after.busy - this.#before.busy) * TICK_MICROS;
    return all === 0 ? 0 : Math.max(0, busy - ownMicros) / all;
  }
}

function ticks(): MachineTicks | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, stolen = 0] =
      line.trim().split(/\s+/).slice(1).map(Number);
    // What the host took is as foreign as what another process took.
    const busy = user + nice + system + hard + soft + stolen;
    return { busy, all: busy + idle + waiting };
  } catch {
    return undefined;
  }
}
