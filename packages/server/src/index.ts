export { listen, Server } from './server.ts';
export type { ServerCloseOptions } from './server.ts';
export { PeerSession } from './peer-session.ts';
export type { ServerStats } from './server-stats.ts';
export type { AuthenticateFailure, SecurityEvent, ServerEvents, StateLost } from './events.ts';
export type {
  Authenticate,
  Authentication,
  AuthenticationRequest,
  ServerOptions,
} from './options.ts';
export * from '@wilco/endpoint/public';
