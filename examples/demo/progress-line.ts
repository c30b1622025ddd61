const LIVE_EVERY_MS = 200;
const PLAIN_EVERY_MS = 5_000;

/** Shows how far something is: one line that changes on a terminal, now and then a line elsewhere. */
export class ProgressLine {
  readonly #text: () => string;
  readonly #startMs = performance.now();
  readonly #isLive = process.stdout.isTTY;
  readonly #timer: NodeJS.Timeout;

  constructor(text: () => string) {
    this.#text = text;
    this.#timer = setInterval(() => this.#show(), this.#isLive ? LIVE_EVERY_MS : PLAIN_EVERY_MS);
  }

  /** Shows it for the last time. */
  stop(): void {
    clearInterval(this.#timer);
    this.#show();
    if (this.#isLive) process.stdout.write('\n');
  }

  #show(): void {
    const seconds = ((performance.now() - this.#startMs) / 1_000).toFixed(0).padStart(3);
    const line = `${seconds} s   ${this.#text()}`;
    if (!this.#isLive) {
      console.log(line);
      return;
    }
    const width = process.stdout.columns;
    process.stdout.write(`\r\u001b[2K${line.slice(0, width - 1)}`);
  }
}
