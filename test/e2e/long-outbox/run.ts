/** `npm run long-outbox -- 1000000`: the figures of a long outbox next to those of a short one. */
import { measureOutbox, type OutboxFigures } from './measure.ts';

const BYTES = 100;
const SHORT = 20_000;

const count = Number(process.argv[2] ?? 1_000_000);
const short = await measureOutbox(SHORT, BYTES);
show(short);
const long = await measureOutbox(count, BYTES);
show(long);
const ratio = long.drainPerSecond / short.drainPerSecond;
console.log(`the long one is drained at ${ratio.toFixed(2)} of the speed of the short one`);
if (short.wrong + long.wrong > 0) process.exitCode = 1;

function show(figures: OutboxFigures): void {
  const { count: messages, wrong } = figures;
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  console.log(`${whole(messages)} messages of ${BYTES} bytes, ${whole(wrong)} of them wrong
  queued offline in ${whole(figures.queueMs)} ms, ${whole(figures.queueRssMib)} MiB, ${figures.queueCpuUs.toFixed(1)} µs of CPU each
  online again after ${whole(figures.reopenMs)} ms
  drained in ${whole(figures.drainMs)} ms (${whole(figures.drainPerSecond)}/s), ${whole(figures.drainRssMib)} MiB, ${figures.drainCpuUs.toFixed(1)} µs of CPU each`);
}
