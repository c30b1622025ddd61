import { resolveSessionOptions } from '@wilco/session';
import type { MessageIdLimits, ResolvedSessionOptions, SessionOptions } from '@wilco/session';
import { WilcoError, wholeInRange } from '@wilco/protocol';
import type { Store } from '@wilco/store';
import { addressName, isLocal } from './address.ts';
import { systemClock, type Clock } from './clock.ts';
import type { DeadLetterLimits } from './dead-letters.ts';
import { eventLog, type EventLog, type LogHook } from './log.ts';
import {
  resolveOpeningOptions,
  type OpeningOptions,
  type ResolvedOpeningOptions,
} from './opening-options.ts';
import type { WhenSessionLost } from './pass-on.ts';
import { systemRandom, type Random } from './random.ts';
import { checkChannels, refuseExposed, type ChannelOptions } from './session-setting.ts';
import type { FullAddress, Transport } from './transport.ts';

/** What client and server are told alike. */
export interface EndpointOptions extends SessionOptions, OpeningOptions {
  /**
   * Where messages and sessions are kept. One store belongs to one client, or to one server.
   *
   * @defaultValue memory: gone with the process
   */
  readonly store?: Store;
  /**
   * A way of your own to make connections, in the place of the options about sockets and TLS.
   *
   * @defaultValue TCP, TLS or Unix sockets of the system
   */
  readonly transport?: Transport;
  /**
   * What tells the time and wakes this side, for tests on virtual time.
   *
   * @defaultValue `systemClock`
   */
  readonly clock?: Clock;
  /**
   * Where ids, tokens and the random part of waits come from, for tests that repeat.
   *
   * @defaultValue `systemRandom`: `node:crypto`, and `Math.random` for waits
   */
  readonly random?: Random;
  /**
   * Whether plain TCP may leave this machine.
   *
   * @defaultValue `false`: it is refused with `WILCO_INSECURE_REFUSED`
   */
  readonly insecure?: boolean;
  /**
   * What becomes of this side's messages that may have been handled in a session that is
   * lost: `'resend'` sends them again in the session that follows, marked `resent`;
   * `'inDoubt'` settles them so. Messages that were certainly never handled move to the next
   * session in any case.
   *
   * @defaultValue `'resend'`
   */
  readonly whenSessionLost?: WhenSessionLost;
  /**
   * Memory that the granted windows of all sessions together may promise.
   *
   * Bytes, 65_536 to 1_099_511_627_776.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  readonly windowBudgetBytes?: number;
  /**
   * How many ids that the peer's application gave its messages are remembered, of all sessions
   * together: a second message with the same id gets the outcome of the first, and is not handled.
   * Where there are more, the oldest are forgotten of whichever identity has most (or session
   * without one): what comes again under them is handled again.
   *
   * Whole number, 0 to 16_777_216.
   *
   * @defaultValue `100_000`
   */
  readonly maxIds?: number;
  /**
   * How long an id is remembered after its message has ended.
   *
   * Milliseconds, 0 to 31_536_000_000 (a year).
   *
   * @defaultValue `604_800_000` (7 days)
   */
  readonly idAgeMs?: number;
  /**
   * Memory for the replies that are kept with ids. Where they take more, the oldest are let go
   * of: what comes again is still told that it was handled, with its reply lost.
   *
   * Bytes, 0 to 1_099_511_627_776.
   *
   * @defaultValue `16_777_216` (16 MiB)
   */
  readonly idReplyBytes?: number;
  /**
   * How many messages that were given up the store keeps; the oldest make room for others. 0: none.
   *
   * Whole number, 0 to 1_000_000.
   *
   * @defaultValue `10_000`
   */
  readonly deadLetterMessages?: number;
  /**
   * How much of them it keeps.
   *
   * Bytes, 0 to 1_099_511_627_776.
   *
   * @defaultValue `67_108_864` (64 MiB)
   */
  readonly deadLetterBytes?: number;
  /**
   * How long it keeps each. Looked at when another one comes, and at each start.
   *
   * Milliseconds, 1 to 31_536_000_000 (a year).
   *
   * @defaultValue `2_592_000_000` (30 days)
   */
  readonly deadLetterAgeMs?: number;
  /** Weight, urgency and concurrency of channels, by name. @defaultValue all alike */
  readonly channels?: Readonly<Record<string, ChannelOptions>>;
  /**
   * Takes an entry for each thing that happens, down to the way of each single message. What
   * it throws harms nothing. {@link consoleLog} is one for people.
   *
   * @defaultValue none: then it costs nothing
   */
  readonly log?: LogHook;
}

/** {@link EndpointOptions} with every default filled in and every range checked. */
export interface ResolvedEndpointOptions {
  readonly store: Store | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly isExposureAllowed: boolean;
  readonly whenSessionLost: WhenSessionLost;
  readonly windowBudgetBytes: number;
  readonly ids: MessageIdLimits;
  readonly deadLetters: DeadLetterLimits;
  readonly channels: Readonly<Record<string, ChannelOptions>>;
  readonly log: EventLog | undefined;
  readonly session: ResolvedSessionOptions;
  readonly opening: ResolvedOpeningOptions;
}

const MIB = 1024 * 1024;

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, naming the first bad option. */
export function resolveEndpointOptions(
  options: EndpointOptions,
  side: 'client' | 'server',
): ResolvedEndpointOptions {
  const { windowBudgetBytes = 256 * MIB, clock = systemClock } = options;
  return {
    store: options.store,
    clock,
    random: options.random ?? systemRandom,
    isExposureAllowed: options.insecure === true,
    whenSessionLost: whenSessionLostOf(options.whenSessionLost),
    windowBudgetBytes: wholeInRange('windowBudgetBytes', windowBudgetBytes, 65_536, 2 ** 40),
    ids: idLimitsOf(options),
    deadLetters: deadLetterLimitsOf(options),
    channels: checkChannels(options.channels),
    log: eventLog(options.log, side, clock),
    session: resolveSessionOptions(options, isDurable(options.store)),
    opening: resolveOpeningOptions(options),
  };
}

/** Whether what is kept outlives the process. What is no store is refused later. */
function isDurable(store: Store | undefined): boolean {
  return store !== undefined && store.worth !== 'memory';
}

/**
 * What can be known before anything is dialled or listened on. A transport of the
 * application's own says of each connection whether it is exposed.
 *
 * @throws {@link WilcoError} `WILCO_INSECURE_REFUSED` for plain TCP beyond this machine.
 */
export function checkExposure(
  { transport, insecure }: EndpointOptions,
  address: FullAddress,
  isEncrypted: boolean,
): void {
  if (transport !== undefined || isEncrypted) return;
  refuseExposed(!isLocal(address), insecure === true, addressName(address));
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` where plain text is said to be protected. */
export function refusePlainIntegrity({ transport, integrity }: EndpointOptions): void {
  if (transport !== undefined || integrity !== 'endToEnd') return;
  throw new WilcoError('WILCO_OPTION_INVALID', "integrity: 'endToEnd' is said without tls");
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` where TLS is asked for in vain. */
export function refuseTlsBeside({ transport }: EndpointOptions, { path }: FullAddress): void {
  if (transport === undefined && path === undefined) return;
  const other = path === undefined ? 'a transport of your own' : 'a Unix socket';
  throw new WilcoError('WILCO_OPTION_INVALID', `tls goes with TCP, not with ${other}`);
}

function idLimitsOf({
  maxIds = 100_000,
  idAgeMs = 604_800_000,
  idReplyBytes = 16 * MIB,
}: EndpointOptions): MessageIdLimits {
  return {
    maxIds: wholeInRange('maxIds', maxIds, 0, 16_777_216),
    idAgeMs: wholeInRange('idAgeMs', idAgeMs, 0, 31_536_000_000),
    idReplyBytes: wholeInRange('idReplyBytes', idReplyBytes, 0, 2 ** 40),
  };
}

function deadLetterLimitsOf({
  deadLetterMessages = 10_000,
  deadLetterBytes = 64 * MIB,
  deadLetterAgeMs = 2_592_000_000,
}: EndpointOptions): DeadLetterLimits {
  return {
    messages: wholeInRange('deadLetterMessages', deadLetterMessages, 0, 1_000_000),
    bytes: wholeInRange('deadLetterBytes', deadLetterBytes, 0, 2 ** 40),
    ageMs: wholeInRange('deadLetterAgeMs', deadLetterAgeMs, 1, 31_536_000_000),
  };
}

function whenSessionLostOf(choice: WhenSessionLost = 'resend'): WhenSessionLost {
  if (choice === 'resend' || choice === 'inDoubt') return choice;
  const detail = `whenSessionLost is '${String(choice)}', wanted 'resend' or 'inDoubt'`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}
