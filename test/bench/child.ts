/** A process of the benchmark. Does what it is asked over IPC, never while something is measured. */
import { Session } from 'node:inspector/promises';
import type { CpuProfile } from './cpu-profile.ts';
import { measureEngine } from './engine.ts';
import { Load } from './load.ts';
import type { AnswerMessage, OrderMessage, OrderName, Orders, Start, Usage } from './orders.ts';
import { bytesOf, loadPeer, ORDER, type Peer, type Receiver, type Work } from './peer.ts';
import { ProcessWatch, type Watched } from './process-watch.ts';

const load = new Load();
const idle: unknown[] = [];
/** How many connections are being opened at a time. */
const OPENING_AT_ONCE = 50;
/** How often is looked which function runs. */
const SAMPLE_MICROS = 250;
const inspector = new Session();
let receiver: Receiver | undefined;
let watch: ProcessWatch | undefined;

type Doers = {
  readonly [Name in OrderName]: (
    order: Parameters<Orders[Name]>[0],
  ) => Promise<ReturnType<Orders[Name]>> | ReturnType<Orders[Name]>;
};

const doers: Doers = {
  async broke(order) {
    const { peer, work } = await prepare(order);
    await peer.serveBroker?.(work);
  },
  async receive(order) {
    const { peer, work } = await prepare(order);
    receiver = await peer.startReceiver(work);
  },
  async connect(order) {
    const { peer, work } = await prepare(order);
    await manyTimes(order.connections, () =>
      load.add((acknowledged) => peer.startSender(work, acknowledged)),
    );
  },
  run: ({ inFlight, durationMs }) => load.run(inFlight, durationMs),
  async openIdle(order) {
    const { peer, work } = await prepare(order);
    await manyTimes(order.connections, async () => {
      idle.push(await peer.openIdle?.(work));
    });
  },
  usage(): Usage {
    const { user, system } = process.cpuUsage();
    globalThis.gc?.();
    const handled = receiver?.handled() ?? 0;
    return { handled, cpuMicros: user + system, memoryBytes: process.memoryUsage.rss() };
  },
  watch() {
    watch = new ProcessWatch();
  },
  watched(): Watched {
    if (watch === undefined) throw new TypeError('nothing was watched');
    return watch.stop();
  },
  async profile() {
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
    await inspector.post('Profiler.start');
  },
  async profiled(): Promise<CpuProfile> {
    const { profile } = await inspector.post('Profiler.stop');
    return profile as CpuProfile;
  },
  engine: ({ sessions, busy }) => measureEngine(sessions, busy),
};

async function prepare({ peer: name, size, ...rest }: Start): Promise<{ peer: Peer; work: Work }> {
  const body = size === undefined ? ORDER : bytesOf(size);
  return { peer: await loadPeer(name), work: { ...rest, body } };
}

async function manyTimes(count: number, doOnce: () => Promise<void>): Promise<void> {
  for (let left = count; left > 0; left -= OPENING_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, OPENING_AT_ONCE) }, doOnce));
  }
}

async function perform({ name, order }: OrderMessage): Promise<AnswerMessage> {
  try {
    return { answer: await doers[name](order as never) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (message) => {
  void perform(message as OrderMessage).then((answer) => process.send?.(answer));
});
// Whoever started this process is gone.
process.on('disconnect', () => process.exit(0));
