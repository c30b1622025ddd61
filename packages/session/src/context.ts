import type { SessionId } from '@wilco/protocol';
import type { Journal } from './journal.ts';
import type { ResolvedSessionOptions, SessionSetting } from './options.ts';
import type { SessionSink } from './sink.ts';

/** What the parts of a session share. */
export interface SessionContext {
  readonly options: ResolvedSessionOptions;
  readonly setting: SessionSetting;
  readonly sink: SessionSink;
  readonly journal: Journal;
  /** `undefined` until the first WELCOME of a client. */
  id: SessionId | undefined;
}
