import type { Run } from './figures.ts';
import type { TrafficFigures } from './trio.ts';

/** A run, for people who watch. */
export function runLine({ round, row, peer, ...measured }: Run): string {
  return `${round} ${row.padEnd(8)} ${peer.padEnd(16)} ${measuredLine(measured)}`;
}

function measuredLine(run: Omit<Run, 'round' | 'row' | 'peer'>): string {
  const { failed, traffic, syncs, memoryBytes, coreShare, engine, long } = run;
  if (failed !== undefined) return `failed: ${failed}`;
  if (memoryBytes !== undefined) return `${(memoryBytes / 1_024).toFixed(1)} KiB a connection`;
  if (coreShare !== undefined) return `${(coreShare * 100).toFixed(2)} % of a core`;
  if (engine !== undefined) {
    const { ackNanos, resumeNanos, timerNanos } = engine;
    const all = [ackNanos, resumeNanos, timerNanos].map((nanos) => nanos.toFixed(0));
    return `message ${all[0]}, resume ${all[1]}, heartbeat ${all[2]} ns`;
  }
  if (long !== undefined) {
    const [sender, receiver] = [long.sender, long.receiver].map(
      ({ memoryBytes: bytes, memoryGrowth, loopDelayMs }) =>
        `${(bytes / 2 ** 20).toFixed(0)} MiB + ${(memoryGrowth * 100).toFixed(1)} %, ` +
        `loop ${loopDelayMs.toFixed(1)} ms late`,
    );
    return `${trafficLine(long.traffic)}; sender ${sender}; receiver ${receiver}`;
  }
  if (traffic === undefined) return '';
  if (syncs === undefined) return trafficLine(traffic);
  const { sender, receiver, broker, p50Micros, p99Micros } = syncs;
  const parts = [sender, receiver, ...(broker > 0 ? [broker] : [])].map((one) => one.toFixed(3));
  const took = `${p50Micros?.toFixed(0) ?? '–'}/${p99Micros?.toFixed(0) ?? '–'} µs`;
  return `${trafficLine(traffic)}; syncs a message ${parts.join(' + ')}, ${took}`;
}

function trafficLine(traffic: TrafficFigures): string {
  const { rate, cpuMicros, senderMicros, receiverMicros, brokerMicros } = traffic;
  const { p50Micros, p99Micros, foreignShare } = traffic;
  const parts = [senderMicros, receiverMicros, ...(brokerMicros > 0 ? [brokerMicros] : [])];
  const notes = [
    ...(p50Micros === undefined || p99Micros === undefined
      ? []
      : [`round trip ${p50Micros.toFixed(1)}/${p99Micros.toFixed(1)} µs`]),
    ...(foreignShare === undefined ? [] : [`others ${(foreignShare * 100).toFixed(0)} %`]),
  ];
  const sum = parts.map((part) => part.toFixed(2)).join(' + ');
  return [`${rate.toFixed(0)}/s, ${cpuMicros.toFixed(2)} µs CPU (${sum})`, ...notes].join(', ');
}
