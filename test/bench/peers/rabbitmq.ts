import { rabbitmqPeer } from '../brokers/rabbitmq.ts';
import type { Peer } from '../peer.ts';

/** RabbitMQ with a transient queue. */
export const peer: Peer = {
  ...rabbitmqPeer('classic'),
  name: 'rabbitmq',
  meaning: 'publisher confirm, transient classic queue: the broker has it, in memory',
};
