import { redisPeer } from '../brokers/redis.ts';
import type { Peer } from '../peer.ts';

/** Streams of Redis in memory. */
export const peer: Peer = {
  ...redisPeer('no'),
  name: 'redis',
  meaning: 'reply to XADD: the broker has it, in memory',
};
