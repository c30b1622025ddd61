import { natsPeer } from '../brokers/nats.ts';
import type { Peer } from '../peer.ts';

/** JetStream with a stream in files, as it is by default. */
export const peer: Peer = {
  ...natsPeer('file'),
  name: 'nats-file',
  meaning: 'PubAck of JetStream: written to a file, not synced, so a power failure loses it',
  stores: 'also',
};
