import type { NoticeFrame } from '@wilco/protocol';
import type { SessionEnd } from '@wilco/session';
import type { DeadLetters } from './dead-letters.ts';
import type { FrameConnection } from './frame-connection.ts';
import type { HandlerFailure, LateResult } from './handler-runs.ts';
import type { Handlers } from './handlers.ts';
import type { EventLog } from './log.ts';
import type { MessageSender } from './message-sender.ts';
import type { SessionDriverOwner } from './owner-calls.ts';
import type { SessionDriverSetting } from './session-driver-setting.ts';
import type { SessionHandle } from './session-handle.ts';

/** Whom a session tells of its life. */
export interface SessionLife {
  noticed(notice: NoticeFrame): void;
  credentials(credentials: Uint8Array): void;
  dropped(connection: FrameConnection, error: Parameters<SessionDriverOwner['dropped']>[1]): void;
  finished(connection: FrameConnection): void;
  ended(end: SessionEnd): void;
  handlerFailed(failure: HandlerFailure): void;
  lateResult(result: LateResult): void;
}

/** What a session needs. */
export interface LiveSessionSetting {
  readonly driver: SessionDriverSetting;
  readonly sender: MessageSender;
  readonly handlers: Handlers;
  readonly handle: SessionHandle;
  /** Takes the messages of the peer that are given up. */
  readonly letters: DeadLetters;
  readonly log: EventLog | undefined;
}
