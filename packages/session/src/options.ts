import {
  inRange,
  LIMITS,
  wholeInRange,
  type OptionNames,
  type RunId,
  type Worth,
} from '@wilco/protocol';
import type { IdSetting } from './known-ids.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { Settlement } from './sink.ts';
import type { SuspectGate } from './suspect-gate.ts';
import type { Shelf } from './shelf.ts';
import { WindowBudget } from './window-budget.ts';

/** How a session behaves. Every limit has a default; PROTOCOL.md tells where it comes from. */
export interface SessionOptions {
  /**
   * How long to wait for a byte of the peer, or for progress where something waits for it,
   * before the connection is ended. The peer is told and speaks at least every 40 % of it.
   *
   * Milliseconds, 100 to 2_147_483_647.
   *
   * @defaultValue `25_000`
   */
  readonly waitMs?: number;
  /**
   * How long nothing may be written before a PING goes out, at most: those of a process that are
   * due at about the same time leave together. The peer's wait may ask for less.
   *
   * Milliseconds, 40 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly heartbeatMs?: number;
  /**
   * The longest that an acknowledgement is held back while input keeps coming.
   *
   * Milliseconds, 0 to 1_000.
   *
   * @defaultValue `20`
   */
  readonly ackDelayMs?: number;
  /**
   * How many messages may come in, while input keeps coming, before they are acknowledged.
   *
   * Whole number, 1 to 1_024.
   *
   * @defaultValue `16`
   */
  readonly ackMessages?: number;
  /**
   * How many payload bytes may come in, while input keeps coming, before they are acknowledged.
   *
   * Bytes, 1 to 16_777_216.
   *
   * @defaultValue `65_536` (64 KiB)
   */
  readonly ackBytes?: number;
  /**
   * How long a handler may run before its signal is aborted.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `300_000` (5 minutes)
   */
  readonly handlerTimeoutMs?: number;
  /**
   * How long an aborted handler may still finish before its message is rejected.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `5_000`
   */
  readonly handlerGraceMs?: number;
  /**
   * How often a handler may be started on a message: again after `RetryLater`, and after a crash of
   * this process. Then it is rejected, and a dead letter.
   *
   * Whole number, 1 to 1_024.
   *
   * @defaultValue `10`
   */
  readonly maxAttempts?: number;
  /**
   * How long messages that were found in the store wait for the first connection with their peer,
   * which shows whether the store is as it was left. After that they are handled in any case,
   * marked `isRedelivered`.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `30_000`
   */
  readonly restoredWaitMs?: number;
  /**
   * How long a session outlives its connection.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `120_000` (2 minutes); `86_400_000` (24 hours) with a durable store
   */
  readonly resumeWindowMs?: number;
  /**
   * The largest message, in either direction. A larger `send()` throws `WILCO_PAYLOAD_TOO_LARGE`.
   * None that comes in may take more than a quarter of `windowBudgetBytes`.
   *
   * Bytes, 1 to 1_073_741_824 (1 GiB).
   *
   * @defaultValue `16_777_216` (16 MiB)
   */
  readonly maxMessageBytes?: number;
  /**
   * How many unsettled messages the outbox of a session holds. One more is refused with `WILCO_OUTBOX_FULL`.
   *
   * Whole number, 1 to 16_777_216.
   *
   * @defaultValue `10_000`; `1_000_000` with a durable store
   */
  readonly outboxMessages?: number;
  /**
   * How many payload bytes the outbox of a session holds. More are refused with `WILCO_OUTBOX_FULL`.
   *
   * Bytes, 1 to 1_099_511_627_776.
   *
   * @defaultValue `67_108_864` (64 MiB); `1_073_741_824` (1 GiB) with a durable store
   */
  readonly outboxBytes?: number;
  /**
   * How many messages of a channel a long outbox keeps in memory ahead of its connection, where
   * there is a store. The others are on disk only, and read when their turn comes.
   *
   * Whole number, 4 to 1_048_576.
   *
   * @defaultValue `4_096`
   */
  readonly outboxHeadMessages?: number;
  /**
   * How many payload bytes of a channel a long outbox keeps in memory, where there is a store.
   * At least one message is.
   *
   * Bytes, 4 to 1_073_741_824 (1 GiB).
   *
   * @defaultValue `4_194_304` (4 MiB)
   */
  readonly outboxHeadBytes?: number;
  /**
   * How long a message without a time to live of its own may stay unsettled.
   *
   * Milliseconds, 1 to 31_536_000_000 (a year).
   *
   * @defaultValue `86_400_000` (24 hours); `604_800_000` (7 days) with a durable store
   */
  readonly retentionMs?: number;
  /**
   * How long after its time to live the peer may say what became of a message, before it is in doubt.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `30_000`
   */
  readonly settleGraceMs?: number;
  /**
   * How long the store may take for one commit before it counts as failed. While its disk has no
   * room it may take as long as it likes.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `30_000`
   */
  readonly storeTimeoutMs?: number;
  /**
   * How long a goodbye may wait for the peer's.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `5_000`
   */
  readonly closeTimeoutMs?: number;
  /**
   * How many messages of one channel may be in flight towards this side, at first.
   *
   * Whole number, 1 to `windowMessagesMax`.
   *
   * @defaultValue `64`
   */
  readonly windowMessages?: number;
  /**
   * How many they may become, while the peer uses the window up and `windowBudgetBytes` has room.
   *
   * Whole number, 1 to 65_536.
   *
   * @defaultValue `1_024`
   */
  readonly windowMessagesMax?: number;
  /**
   * How many payload bytes of one channel may be in flight towards this side, at first.
   *
   * Bytes, 1 to `windowBytesMax`.
   *
   * @defaultValue `65_536` (64 KiB)
   */
  readonly windowBytes?: number;
  /**
   * How many they may become, while the peer uses the window up and `windowBudgetBytes` has room.
   *
   * Bytes, 1 to 1_073_741_824 (1 GiB).
   *
   * @defaultValue `4_194_304` (4 MiB)
   */
  readonly windowBytesMax?: number;
  /**
   * How many bytes of unacknowledged answers a session holds before it starts no further handler
   * and ends no further message without one. Each counts 512 bytes more than its reply or reason.
   *
   * Bytes, 1 to 1_073_741_824.
   *
   * @defaultValue `16_777_216` (16 MiB)
   */
  readonly answerBytes?: number;
}

/** What the driver gives beside the user's options. */
export interface SessionSetting {
  readonly role: 'client' | 'server';
  /** Names this run of this side's state. */
  readonly runId: RunId;
  /** Names this session's records in the store, for ever; need not be the session's id. */
  readonly storeKey: string;
  /** What a commit of the store is worth. */
  readonly worth: Worth;
  /** Whether the store keeps nothing: then nothing is persisted. */
  readonly isVolatile: boolean;
  /** Whether the transport keeps bytes whole from end to end. */
  readonly hasIntegrity: boolean;
  /** Wall-clock time less monotonic time at the start, in milliseconds. */
  readonly wallOffsetMs: number;
  /** Where the objects of messages go that are on disk only; absent: nobody looks for them again. */
  readonly shelf?: Shelf;
  /** Has the end of a message kept in the commit that voids its record: it is told once that holds. Absent: no end is kept. */
  readonly keepEnd?: (message: OutgoingMessage, settlement: Settlement) => void;
  /** The memory for the windows of all sessions of the process. */
  readonly budget: WindowBudget;
  /** What is remembered of the ids of its messages; without it ids are names only. */
  readonly ids?: IdSetting | undefined;
  /** How many handlers may run side by side with one of this type in this channel: 1 or more. */
  concurrencyOf(type: string, channel: string): number;
  /** Whether a message of this type that is to be tried again later keeps its channel waiting. */
  keepsPlace(type: string): boolean;
  /** Lets messages that may bring the process down run one at a time. */
  readonly suspects: SuspectGate;
  /** Turns of a sending channel: its weight (1 to 256, default 1) and whether it goes first. */
  channelOf(name: string): { readonly weight: number; readonly isUrgent: boolean };
}

/** {@link SessionOptions} with every default filled in and every range checked. */
export type ResolvedSessionOptions = Readonly<Required<SessionOptions>>;

const DURATION_MAX = LIMITS.durationMs;
const MIB = 1024 * 1024;

/** Name, default, least and most of each option, and the default with a durable store; all are whole numbers. */
const RANGES: readonly (readonly [keyof SessionOptions, number, number, number, number?])[] = [
  ['waitMs', 25_000, 100, DURATION_MAX],
  ['heartbeatMs', 10_000, 40, DURATION_MAX],
  ['ackDelayMs', 20, 0, 1_000],
  ['ackMessages', 16, 1, 1_024],
  ['ackBytes', 65_536, 1, 16 * MIB],
  ['handlerTimeoutMs', 300_000, 1, DURATION_MAX],
  ['handlerGraceMs', 5_000, 0, DURATION_MAX],
  ['maxAttempts', 10, 1, 1_024],
  ['restoredWaitMs', 30_000, 0, DURATION_MAX],
  ['resumeWindowMs', 120_000, 0, DURATION_MAX, 86_400_000],
  ['maxMessageBytes', 16 * MIB, 1, LIMITS.messageBytes],
  ['outboxMessages', 10_000, 1, 16_777_216, 1_000_000],
  ['outboxBytes', 64 * MIB, 1, 2 ** 40, 1_024 * MIB],
  ['outboxHeadMessages', 4_096, 4, 1_048_576],
  ['outboxHeadBytes', 4 * MIB, 4, LIMITS.messageBytes],
  ['retentionMs', 86_400_000, 1, 31_536_000_000, 604_800_000],
  ['settleGraceMs', 30_000, 0, DURATION_MAX],
  ['storeTimeoutMs', 30_000, 1, DURATION_MAX],
  ['closeTimeoutMs', 5_000, 1, DURATION_MAX],
  ['windowMessages', 64, 1, 65_536],
  ['windowMessagesMax', 1_024, 1, 65_536],
  ['windowBytes', 65_536, 1, LIMITS.messageBytes],
  ['windowBytesMax', 4 * MIB, 1, LIMITS.messageBytes],
  ['answerBytes', 16 * MIB, 1, LIMITS.messageBytes],
];

/** The names of all of them. */
export const SESSION_OPTION_NAMES = Object.fromEntries(
  RANGES.map(([name]) => [name, true]),
) as OptionNames<SessionOptions>;

/**
 * Fills in defaults and checks ranges, once, at the edge. Nothing further in checks an option again.
 *
 * @param isDurable - Whether a store keeps sessions beyond the process: then more is kept, and for longer.
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`, naming the first bad option.
 */
export function resolveSessionOptions(
  options: SessionOptions = {},
  isDurable = false,
): ResolvedSessionOptions {
  const resolved: Partial<Record<keyof SessionOptions, number>> = {};
  for (const [name, fallback, least, most, durable = fallback] of RANGES) {
    const value = options[name] ?? (isDurable ? durable : fallback);
    resolved[name] = wholeInRange(name, value, least, most);
  }
  const all = resolved as Record<keyof SessionOptions, number>;
  inRange('windowMessages', all.windowMessages, 1, all.windowMessagesMax);
  inRange('windowBytes', all.windowBytes, 1, all.windowBytesMax);
  return all;
}
