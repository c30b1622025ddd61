import { ByteQueue } from './byte-queue.ts';
import { FrameScanner } from './frame-scanner.ts';
import type { Pipe, PipeSetting } from './pipe.ts';

/** After so many pieces a finely cut stream goes on in large ones: a run must end some day. */
const FINE_SEGMENTS = 400;

/** A reliable direction: bytes arrive once and in order, or not at all. */
export class BytePipe implements Pipe {
  readonly #setting: PipeSetting;
  readonly #scanner: FrameScanner;
  /** With the writer. */
  readonly #unsent = new ByteQueue();
  /** Arrived and not read. */
  readonly #arrived = new ByteQueue();
  /** With the system, arrived or not, and not read. */
  #bytesUnderWay = 0;
  #highestUnsent = 0;
  #segments = 0;
  #offset = 0;
  #busyUntilMs = 0;
  #lastArrivalMs = 0;
  #heldUntilMs = 0;
  #reads = 0;
  #isFinishing = false;
  #isReading = false;
  #isSwallowing = false;
  #isStopped = false;
  #finished: (() => void) | undefined;

  constructor(setting: PipeSetting) {
    this.#setting = setting;
    this.#scanner = new FrameScanner(() => setting.counts.count('eatenFrame'));
    const { eatenFrame } = setting.faults;
    if (eatenFrame !== undefined) this.#scanner.eat(eatenFrame);
  }

  get unsentBytes(): number {
    const { unsentReport } = this.#setting.faults;
    if (unsentReport === 'zero') return 0;
    return unsentReport === 'stuck' ? this.#highestUnsent : this.#unsent.size;
  }

  /** Whether what was written so far ends between two frames. */
  get isAtBoundary(): boolean {
    return this.#scanner.isAtBoundary;
  }

  /** Swallows one whole frame, after `afterFrames` more. */
  eatFrame(afterFrames: number): void {
    this.#scanner.eat(afterFrames);
  }

  write(bytes: Uint8Array): void {
    if (this.#finished !== undefined || this.#isStopped) return;
    this.#unsent.push(this.#corrupted(this.#scanner.push(bytes)));
    this.#pump();
    if (this.#unsent.size > this.#highestUnsent) this.#grow();
  }

  end(finished: () => void): void {
    if (this.#finished !== undefined) return;
    this.#finished = finished;
    this.#finishIfRead();
  }

  swallow(): void {
    this.#isSwallowing = true;
  }

  dropUnsent(): void {
    this.#unsent.clear();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsent.clear();
    this.#arrived.clear();
  }

  holdUntil(atMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, atMs);
  }

  #grow(): void {
    const { faults, counts } = this.#setting;
    counts.count(faults.unsentReport === 'true' ? 'fullBuffer' : 'lyingUnsent');
    this.#highestUnsent = this.#unsent.size;
  }

  #corrupted(bytes: Uint8Array): Uint8Array {
    const { faults, random, counts } = this.#setting;
    const index = (faults.corruptAt ?? -1) - this.#offset;
    this.#offset += bytes.length;
    if (index < 0 || index >= bytes.length) return bytes;
    counts.count('corruptByte');
    const corrupted = bytes.slice();
    corrupted[index] = (corrupted[index] as number) ^ (1 << random.int(0, 7));
    return corrupted;
  }

  /** Hands to the system what it takes. */
  #pump(): void {
    const { clock, random, faults } = this.#setting;
    while (this.#unsent.size > 0 && this.#bytesUnderWay < faults.bufferBytes) {
      const room = faults.bufferBytes - this.#bytesUnderWay;
      const segment = this.#unsent.take(Math.min(room, this.#nextSegmentBytes()));
      this.#bytesUnderWay += segment.length;
      const departsMs =
        Math.max(clock.nowMs(), this.#busyUntilMs) + segment.length / faults.bytesPerMs;
      this.#busyUntilMs = departsMs;
      this.#arriveAt(departsMs + faults.latencyMs + faults.jitterMs * random.fraction(), segment);
    }
  }

  #nextSegmentBytes(): number {
    const { faults, random, counts } = this.#setting;
    const isFine = faults.segmentBytes < 65_536 && this.#segments < FINE_SEGMENTS;
    if (!isFine) return 65_536;
    this.#segments += 1;
    counts.count('segmented');
    return random.int(1, faults.segmentBytes);
  }

  #arriveAt(atMs: number, segment: Uint8Array): void {
    const arrivalMs = Math.max(atMs, this.#lastArrivalMs);
    this.#lastArrivalMs = arrivalMs;
    this.#setting.clock.schedule(arrivalMs, () => this.#arrive(segment));
  }

  #arrive(segment: Uint8Array): void {
    const { clock } = this.#setting;
    if (this.#isSwallowing || this.#isStopped) return;
    if (clock.nowMs() < this.#heldUntilMs) {
      // Held segments come here in their order, and are scheduled again in it.
      clock.schedule(this.#heldUntilMs, () => this.#arrive(segment));
      return;
    }
    this.#arrived.push(segment);
    this.#readSoon();
  }

  #readSoon(): void {
    const { clock, faults, reader } = this.#setting;
    if (this.#isReading) return;
    if (faults.readDelayMs === 0 && reader.isAwake) {
      this.#read();
      return;
    }
    this.#isReading = true;
    reader.post(clock.nowMs() + faults.readDelayMs, () => this.#read());
  }

  #read(): void {
    const { clock, faults, random, reader, counts } = this.#setting;
    this.#isReading = false;
    if (this.#isStopped || this.#arrived.size === 0) return;
    const isCut = faults.readBytes < 65_536 && this.#reads < FINE_SEGMENTS;
    this.#reads += 1;
    const bytes = this.#arrived.take(isCut ? random.int(1, faults.readBytes) : 65_536);
    if (faults.readDelayMs > 0) counts.count('slowReader');
    this.#bytesUnderWay -= bytes.length;
    reader.deliver(bytes);
    this.#pump();
    if (this.#arrived.size > 0 && !this.#isReading) {
      this.#isReading = true;
      reader.post(clock.nowMs() + faults.readDelayMs, () => this.#read());
    }
    this.#finishIfRead();
  }

  #finishIfRead(): void {
    const { clock, faults, reader } = this.#setting;
    const finished = this.#finished;
    if (finished === undefined || this.#isFinishing) return;
    if (this.#bytesUnderWay > 0 || this.#unsent.size > 0) return;
    this.#isFinishing = true;
    const atMs = Math.max(clock.nowMs() + faults.latencyMs, this.#heldUntilMs);
    clock.schedule(atMs, () => {
      if (!this.#isSwallowing && !this.#isStopped) reader.post(atMs, finished);
    });
  }
}
