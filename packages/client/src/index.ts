export { Client, connect } from './client.ts';
export type { ClientEvents, ConnectFailure, RenewalFailure, StateLost } from './events.ts';
export type { FollowElsewhere } from './route.ts';
export type { ClientOptions, Credentials, ReconnectOptions } from './options.ts';
export { ping } from './ping.ts';
export type { PingOptions, PingReport, PingServer } from './ping.ts';
export * from '@wilco/endpoint/public';
