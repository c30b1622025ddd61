import { checkOptionNames, WilcoError, wholeInRange, type OptionNames } from '@wilco/protocol';
import type { IdSetting, MessageIds, SessionSetting, WindowBudget } from '@wilco/session';
import type { Clock } from './clock.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EventLog } from './log.ts';
import type { Handlers } from './handlers.ts';
import { hashOf } from './id-memory.ts';
import type { KeptReceipts } from './kept-receipts.ts';
import { ReceiptShelf } from './receipt-shelf.ts';
import { systemRandom, type Random } from './random.ts';
import type { StoreDriver } from './store-driver.ts';

/**
 * How a side treats a channel. Weight and urgency are of what it sends through it;
 * concurrency is of what comes in through the peer's channel of that name.
 */
export interface ChannelOptions {
  /**
   * Its share of the connection, beside other channels that have something to send.
   *
   * Whole number, 1 to 256.
   *
   * @defaultValue `1`
   */
  readonly weight?: number;
  /**
   * Whether its messages go ahead of those of channels that are not urgent.
   *
   * @defaultValue `false`
   */
  readonly isUrgent?: boolean;
  /**
   * How many handlers of messages of this channel, of one session, may run side by side, of
   * whatever type. A type that allows fewer ({@link HandleOptions.concurrency}) still starts no
   * more than that: the smaller holds. The order of starting is kept.
   *
   * Whole number, 1 to 1_024.
   *
   * @defaultValue none: what each type allows
   */
  readonly concurrency?: number;
}

/** What the sessions of one endpoint share. */
export interface SessionSource {
  readonly role: 'client' | 'server';
  readonly runId: string;
  readonly clock: Clock;
  readonly store: StoreDriver;
  readonly handlers: Handlers;
  readonly budget: WindowBudget;
  readonly letters: DeadLetters;
  /** What is remembered of the ids of messages. */
  readonly ids: MessageIds;
  readonly channels: Readonly<Record<string, ChannelOptions>>;
  /** Whether this side declares that TLS reaches from end to end. */
  readonly hasIntegrity: boolean;
  readonly log?: EventLog | undefined;
}

const CHANNEL_OPTION_NAMES: OptionNames<ChannelOptions> = {
  weight: true,
  isUrgent: true,
  concurrency: true,
};

const ORDINARY: ChannelOptions = {};
/** No channel has options: it is not looked for any. */
const ALL_ORDINARY: Readonly<Record<string, ChannelOptions>> = {};

/** What the engine of one session is told beside its options. */
export function sessionSetting(
  source: SessionSource,
  storeKey: string,
  peer: Pick<IdSetting, 'scope' | 'pastOf'>,
  kept?: KeptReceipts,
): SessionSetting {
  const { role, runId, clock, store, budget } = source;
  return {
    role,
    runId,
    storeKey,
    worth: store.worth,
    isVolatile: store.isVolatile,
    ...(!store.isVolatile && { shelf: new ReceiptShelf() }),
    ...(!store.isVolatile && kept !== undefined && { keepEnd: keepEndIn(kept) }),
    hasIntegrity: source.hasIntegrity,
    wallOffsetMs: clock.wallMs() - clock.nowMs(),
    // Written out: what is spread makes V8 describe each object anew.
    ids: { scope: peer.scope, pastOf: peer.pastOf, table: source.ids, hashOf },
    budget,
    ...rulesOf(source),
  };
}

/** Only those who said an id can have asked for it. */
function keepEndIn(kept: KeptReceipts): NonNullable<SessionSetting['keepEnd']> {
  return (message, settlement) => {
    if (!kept.isEmpty && message.isIdExplicit) kept.ending(message.id, settlement);
  };
}

type Rules = Pick<SessionSetting, 'concurrencyOf' | 'keepsPlace' | 'suspects' | 'channelOf'>;

/** One for all sessions of an endpoint. */
const rules = new WeakMap<SessionSource, Rules>();

function rulesOf(source: SessionSource): Rules {
  const known = rules.get(source);
  if (known !== undefined) return known;
  const { handlers, channels } = source;
  const optionsOf = (name: string): ChannelOptions =>
    channels !== ALL_ORDINARY && Object.hasOwn(channels, name)
      ? (channels[name] ?? ORDINARY)
      : ORDINARY;
  const made: Rules = {
    concurrencyOf: (type, channel) =>
      Math.min(handlers.concurrencyOf(type), optionsOf(channel).concurrency ?? Infinity),
    keepsPlace: (type) => handlers.keepsPlace(type),
    suspects: handlers.suspects,
    channelOf: (name) => {
      const { weight = 1, isUrgent = false } = optionsOf(name);
      return { weight, isUrgent };
    },
  };
  rules.set(source, made);
  return made;
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, naming the first bad channel. */
export function checkChannels(
  channels: Readonly<Record<string, ChannelOptions>> = ALL_ORDINARY,
): Readonly<Record<string, ChannelOptions>> {
  for (const [name, options] of Object.entries(channels)) {
    checkOptionNames(`channel '${name}'`, options, CHANNEL_OPTION_NAMES);
    const { weight = 1, concurrency = 1 } = options;
    wholeInRange(`the weight of channel '${name}'`, weight, 1, 256);
    wholeInRange(`the concurrency of channel '${name}'`, concurrency, 1, 1_024);
  }
  return channels;
}

/** A new session id, run id or key: 128 random bits as 32 lower-case hexadecimal digits. */
export function newId(random: Random = systemRandom): string {
  return hexOf(random.bytes(16));
}

function hexOf(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** @throws {@link WilcoError} `WILCO_INSECURE_REFUSED` unless it stays on this machine, or was allowed. */
export function refuseExposed(isExposed: boolean, isAllowed: boolean, where: string): void {
  if (!isExposed || isAllowed) return;
  const detail = `plain TCP at ${where}, beyond this machine: give tls, or allow it with insecure: true`;
  throw new WilcoError('WILCO_INSECURE_REFUSED', detail);
}
