import type { Figures, Run } from './figures.ts';

/** A run as the tests make it up. */
export function trafficRun(
  row: string,
  peer: string,
  round: number,
  rate: number,
  cpuMicros: number,
): Run {
  const halves = { senderMicros: cpuMicros / 2, receiverMicros: cpuMicros / 2, brokerMicros: 0 };
  return { row, peer, round, traffic: { messages: 1, rate, cpuMicros, ...halves } };
}

/** Figures with these runs. */
export function figuresOf(runs: readonly Run[]): Figures {
  return {
    startedAt: '2026-01-01',
    machine: {},
    versions: {},
    measureMs: 1,
    meanings: {
      wilco: 'handled',
      raw: 'counted',
      'ws-ack': 'one back',
      'socket-io': 'called back',
    },
    kinds: { wilco: 'wilco', raw: 'bound', 'ws-ack': 'byHand', 'socket-io': 'product' },
    missing: {},
    runs,
  };
}
