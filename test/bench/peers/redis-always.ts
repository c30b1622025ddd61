import { redisPeer } from '../brokers/redis.ts';
import type { Peer } from '../peer.ts';

/** Streams of Redis that are synced before they are acknowledged. */
export const peer: Peer = {
  ...redisPeer('yes'),
  name: 'redis-always',
  meaning: 'reply to XADD with appendfsync always: appended and synced, at the broker',
  stores: 'only',
};
