export { Client, connect } from './client.ts';
export type { ClientEvents, StateLost } from './events.ts';
export type { ClientOptions, Credentials, ReconnectOptions } from './options.ts';
export * from '@wilco/endpoint/public';
