import { checkOptionNames, type OptionNames } from '@wilco/protocol';
import { SESSION_OPTION_NAMES } from '@wilco/session';
import type { EndpointOptions } from './endpoint-options.ts';
import type { CloseOptions, DrainOptions, SendOptions } from './session-handle.ts';
import type { Address } from './transport.ts';

/** Where to connect to, or to listen. */
export const ADDRESS_NAMES: OptionNames<Address> = { host: true, port: true, path: true };

/** What `connect()` and `listen()` take alike. */
export const ENDPOINT_OPTION_NAMES: OptionNames<EndpointOptions & Address> = {
  ...ADDRESS_NAMES,
  ...SESSION_OPTION_NAMES,
  store: true,
  transport: true,
  clock: true,
  random: true,
  insecure: true,
  whenSessionLost: true,
  windowBudgetBytes: true,
  maxIds: true,
  idAgeMs: true,
  idReplyBytes: true,
  deadLetterMessages: true,
  deadLetterBytes: true,
  deadLetterAgeMs: true,
  channels: true,
  log: true,
  connectTimeoutMs: true,
  helloTimeoutMs: true,
  welcomeTimeoutMs: true,
  readyTimeoutMs: true,
  frameTimeoutMs: true,
  maxUnsentBytes: true,
  integrity: true,
  onTransition: true,
};

const SEND: OptionNames<SendOptions> = {
  ttlMs: true,
  id: true,
  keepReceipt: true,
  channel: true,
  signal: true,
  whenFull: true,
  writes: true,
};
const DRAIN: OptionNames<DrainOptions> = { signal: true };
const CLOSE: OptionNames<CloseOptions> = { drainMs: true };

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for an option that `send()` does not have. */
export function checkSendNames(options: SendOptions): void {
  checkOptionNames('send()', options, SEND);
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for an option that `drain()` does not have. */
export function checkDrainNames(options: DrainOptions): void {
  checkOptionNames('drain()', options, DRAIN);
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for an option that `close()` does not have. */
export function checkCloseNames(options: CloseOptions): void {
  checkOptionNames('close()', options, CLOSE);
}
