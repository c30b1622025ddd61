import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { mqttPeer } from '../brokers/mqtt.ts';
import type { Peer } from '../peer.ts';

/** How many messages the broker works on at a time, and how many may wait. */
const CONCURRENCY = 1_000;
const QUEUE_LIMIT = 100_000;

/** MQTT.js over aedes, a broker for Node.js, at QoS 1. */
export const peer: Peer = {
  ...mqttPeer,
  name: 'mqtt-aedes',
  meaning: 'PUBACK of the broker, QoS 1: the broker has it, in memory',

  async serveBroker({ port }) {
    const broker = await Aedes.createBroker({
      concurrency: CONCURRENCY,
      queueLimit: QUEUE_LIMIT,
    });
    const server = createServer({ noDelay: true }, broker.handle);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', 4_096, resolve));
  },
};
