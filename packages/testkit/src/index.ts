export { MisbehavingProxy, startProxy, type ProxyCounts } from './proxy/misbehaving-proxy.ts';
export type { ProxyDirection, ProxyStrike } from './proxy/proxied-connection.ts';
export type {
  ProxyAddress,
  ProxyFault,
  ProxyFraming,
  ProxyOptions,
} from './proxy/proxy-options.ts';
