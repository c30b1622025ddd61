import { natsPeer } from '../brokers/nats.ts';
import type { Peer } from '../peer.ts';

/** JetStream with a stream in memory. */
export const peer: Peer = {
  ...natsPeer('memory'),
  name: 'nats-memory',
  meaning: 'PubAck of JetStream: the broker has it, in memory',
};
