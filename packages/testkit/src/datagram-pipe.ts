import type { Pipe, PipeSetting } from './pipe.ts';

/** An unreliable direction: each write arrives whole, late, twice, out of order, or never. */
export class DatagramPipe implements Pipe {
  readonly unsentBytes = 0;
  readonly #setting: PipeSetting;
  #isOver = false;
  #heldUntilMs = 0;

  constructor(setting: PipeSetting) {
    this.#setting = setting;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const { random, faults, counts } = this.#setting;
    if (random.chance(faults.lossRate)) {
      counts.count('lost');
      return;
    }
    this.#send(bytes);
    if (!random.chance(faults.repeatRate)) return;
    counts.count('repeated');
    this.#send(bytes);
  }

  end(finished: () => void): void {
    const { clock, faults, random, reader } = this.#setting;
    // A goodbye can get lost like anything else.
    if (this.#isOver || random.chance(faults.lossRate)) return;
    reader.post(clock.nowMs() + faults.latencyMs, finished);
  }

  swallow(): void {
    this.#isOver = true;
  }

  dropUnsent(): void {}

  stop(): void {
    this.#isOver = true;
  }

  holdUntil(atMs: number): void {
    this.#heldUntilMs = atMs;
  }

  #send(bytes: Uint8Array): void {
    const { clock, random, faults, reader, counts } = this.#setting;
    let atMs = clock.nowMs() + faults.latencyMs + faults.jitterMs * random.fraction();
    if (random.chance(faults.delayRate)) {
      counts.count('delayed');
      atMs += faults.delayMs * random.fraction();
    }
    const copy = bytes.slice();
    reader.post(Math.max(atMs, this.#heldUntilMs), () => {
      if (!this.#isOver) reader.deliver(copy);
    });
  }
}
