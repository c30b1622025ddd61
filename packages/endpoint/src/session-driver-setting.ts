import type { SessionContents } from '@wilco/protocol';
import type {
  ResolvedSessionOptions,
  SessionSetting,
  SessionSink,
  SessionStats,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import type { StoreDriver } from './store-driver.ts';

/** What a driver knows of a session's figures. */
export type DriverStats = Omit<SessionStats, 'waitingForRoom'>;

/** What a driver needs beside the engine's own settings. */
export interface SessionDriverSetting {
  readonly clock: Clock;
  readonly store: StoreDriver;
  readonly options: ResolvedSessionOptions;
  readonly session: SessionSetting;
  readonly contents?: SessionContents;
  /** Takes the orders instead of the driver, and passes them on: for a log. */
  readonly sinkOf?: (driver: SessionSink) => SessionSink;
}
