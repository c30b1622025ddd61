import { rabbitmqPeer } from '../brokers/rabbitmq.ts';
import type { Peer } from '../peer.ts';

/** RabbitMQ with a durable queue, on one node. */
export const peer: Peer = {
  ...rabbitmqPeer('quorum'),
  name: 'rabbitmq-quorum',
  meaning: 'publisher confirm, quorum queue: written to its log and synced, at one node',
  stores: 'only',
};
