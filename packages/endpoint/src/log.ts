import {
  WilcoError,
  type MessageId,
  type NewReason,
  type Seq,
  type SessionId,
} from '@wilco/protocol';
import type { Clock } from './clock.ts';
import { isThenable } from './event-source.ts';
import { LOG_EVENTS, type LogEvent, type LogLevel } from './log-events.ts';

/** How far a channel has come: what is below `received` is held, below `handled` handled. */
export interface LogPosition {
  readonly channel: string;
  readonly received: number;
  readonly handled: number;
}

/**
 * One entry of a log. Says what happened, never what was in it: no payload, no credentials, no
 * token, and no words of a handler. Which fields an event has, `LOG_EVENTS` says.
 */
export interface LogEntry {
  /** Milliseconds since 1970, by the wall clock. */
  readonly time: number;
  readonly level: LogLevel;
  readonly event: LogEvent;
  /** Which side writes it. */
  readonly side: 'client' | 'server';
  readonly session?: SessionId | undefined;
  /** The number of the connection at this endpoint, from 1. */
  readonly connection?: number | undefined;
  /** Where the connection leads to. */
  readonly remote?: string | undefined;
  /** The name of the message's channel, and its place in it: the same at both sides. */
  readonly channel?: string | undefined;
  readonly seq?: Seq | undefined;
  /** Names the message at both sides, and in each session that it passes through. */
  readonly id?: MessageId | undefined;
  /** The name of the message's type. */
  readonly type?: string | undefined;
  /** A code of Wilco, or of a rejection of the application's own. */
  readonly code?: string | undefined;
  /** One sentence of Wilco's own. */
  readonly detail?: string | undefined;
  readonly outcome?: string | undefined;
  /** Payload bytes. */
  readonly bytes?: number | undefined;
  readonly offset?: number | undefined;
  readonly attempt?: number | undefined;
  readonly isResent?: boolean | undefined;
  readonly isLate?: boolean | undefined;
  readonly direction?: 'in' | 'out' | undefined;
  readonly positions?: readonly LogPosition[] | undefined;
  readonly nonce?: number | undefined;
  /** Frames that the prober had written, or that its peer had seen. */
  readonly frames?: number | undefined;
  /** The kind of a frame. */
  readonly frame?: string | undefined;
  readonly phase?: string | undefined;
  readonly step?: string | undefined;
  readonly reason?: NewReason | undefined;
  readonly successor?: SessionId | undefined;
  readonly resent?: number | undefined;
  readonly inDoubt?: number | undefined;
  readonly moved?: number | undefined;
  /** How long nothing had come in. */
  readonly silentMs?: number | undefined;
  readonly oldestUnsettledMs?: number | undefined;
  readonly roundTripMs?: number | undefined;
  readonly inFlight?: number | undefined;
  readonly probes?: number | undefined;
}

/**
 * Takes the entries of a log, as they happen. It is called in the middle of things: it must
 * be quick, and not use the client or server. What it throws is dropped and harms nothing.
 */
export type LogHook = (entry: LogEntry) => void;

/** What an event says beside its name. */
export type LogFields = Omit<LogEntry, 'time' | 'level' | 'event' | 'side'>;

/** The log of one endpoint. Where there is no hook there is no log: it costs a look. */
export class EventLog {
  readonly #hook: LogHook;
  readonly #side: 'client' | 'server';
  readonly #clock: Clock;
  #connections = 0;

  constructor(hook: LogHook, side: 'client' | 'server', clock: Clock) {
    this.#hook = hook;
    this.#side = side;
    this.#clock = clock;
  }

  /** The number of a new connection. */
  countConnection(): number {
    return ++this.#connections;
  }

  write(event: LogEvent, fields: LogFields): void {
    const [level] = LOG_EVENTS[event];
    try {
      const time = this.#clock.wallMs();
      const hook: (entry: LogEntry) => unknown = this.#hook;
      const result = hook({ time, level, event, side: this.#side, ...fields });
      if (isThenable(result)) result.then(undefined, () => {});
    } catch {
      // There is nobody to tell.
    }
  }
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for a hook that can not be called. */
export function eventLog(
  hook: LogHook | undefined,
  side: 'client' | 'server',
  clock: Clock,
): EventLog | undefined {
  if (hook === undefined) return undefined;
  if (typeof hook === 'function') return new EventLog(hook, side, clock);
  throw new WilcoError('WILCO_OPTION_INVALID', `log is ${typeof hook}, wanted a function`);
}

/** What an error says in a log. */
export function logError(error: WilcoError | undefined): Pick<LogFields, 'code' | 'detail'> {
  if (error === undefined) return { code: undefined, detail: undefined };
  const { code, message } = error;
  const start = `${code}: `;
  return { code, detail: message.startsWith(start) ? message.slice(start.length) : message };
}
