export { MisbehavingProxy, startProxy } from './misbehaving-proxy.ts';
export type { ProxyCounts } from './misbehaving-proxy.ts';
export type { ProxyDirection, ProxyStrike } from './proxied-connection.ts';
export type { ProxyAddress, ProxyFault, ProxyFraming, ProxyOptions } from './proxy-options.ts';
