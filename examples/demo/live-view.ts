import type { WriteStream } from 'node:tty';
import type { Lane } from './lane.ts';
import {
  BLOCK_ROWS,
  LIVE_HEAD,
  liveBlock,
  liveLine,
  type LaneProgress,
  type LiveFacts,
} from './live-text.ts';

const BLOCK_EVERY_MS = 200;
const LINE_EVERY_MS = 3_000;
/** A rate is that of so many intervals on a terminal, and of one in a log. */
const RATE_INTERVALS = 10;

/** Shows how far the lanes are: a block that changes on a terminal, now and then a line elsewhere. */
export class LiveView {
  readonly #stream: WriteStream;
  readonly #lanes: readonly [Lane, Lane];
  readonly #orders: number;
  readonly #happened: readonly string[];
  /** When and how many had arrived, oldest first, lane by lane. */
  readonly #samples: readonly [Sample[], Sample[]] = [[], []];
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #drawnRows = 0;

  /** `happened` grows while the lanes run. */
  constructor(
    stream: WriteStream,
    lanes: readonly [Lane, Lane],
    orders: number,
    happened: readonly string[],
  ) {
    this.#stream = stream;
    this.#lanes = lanes;
    this.#orders = orders;
    this.#happened = happened;
    if (!this.#isBlock) this.#stream.write(`${LIVE_HEAD}\n`);
    const everyMs = this.#isBlock ? BLOCK_EVERY_MS : LINE_EVERY_MS;
    // A rate is one since the beginning, at first.
    this.#facts();
    this.#timer = setInterval(() => this.#show(), everyMs);
  }

  /** Shows it for the last time. */
  stop(): void {
    clearInterval(this.#timer);
    this.#show();
  }

  /** What is higher than the terminal can not be written over. */
  get #isBlock(): boolean {
    return this.#stream.isTTY && this.#stream.rows > BLOCK_ROWS;
  }

  #show(): void {
    const facts = this.#facts();
    if (this.#isBlock) this.#draw(liveBlock(facts));
    else this.#stream.write(`${liveLine(facts)}\n`);
  }

  #draw(rows: readonly string[]): void {
    const back = this.#drawnRows === 0 ? '' : `\u001B[${this.#drawnRows}A`;
    const width = this.#stream.columns - 1;
    const text = rows.map((row) => `${row.slice(0, width)}\u001B[K\n`).join('');
    this.#stream.write(`${back}${text}`);
    this.#drawnRows = rows.length;
  }

  #facts(): LiveFacts {
    const [wilco, plain] = this.#lanes;
    return {
      elapsedMs: performance.now() - this.#startMs,
      orders: this.#orders,
      wilco: this.#progress(wilco, this.#samples[0]),
      plain: this.#progress(plain, this.#samples[1]),
      happened: this.#happened,
    };
  }

  #progress({ facts }: Lane, samples: Sample[]): LaneProgress {
    const newest = { atMs: performance.now(), arrived: facts.arrived };
    samples.push(newest);
    const [oldest = newest] = samples;
    if (samples.length > (this.#isBlock ? RATE_INTERVALS : 1)) samples.shift();
    const tookMs = newest.atMs - oldest.atMs;
    const perSecond = tookMs > 0 ? ((newest.arrived - oldest.arrived) / tookMs) * 1_000 : 0;
    return { ...facts, perSecond };
  }
}

interface Sample {
  readonly atMs: number;
  readonly arrived: number;
}
