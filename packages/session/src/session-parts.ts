import type { SessionContents } from '@wilco/protocol';
import { AckWriter } from './ack-writer.ts';
import type { SessionContext } from './context.ts';
import { Conversation } from './conversation.ts';
import { Handling } from './handling.ts';
import { Inbox } from './inbox.ts';
import { Journal } from './journal.ts';
import type { ResolvedSessionOptions, SessionSetting } from './options.ts';
import { Meeting } from './meeting.ts';
import { MovedMessages } from './moved-messages.ts';
import { Outbox } from './outbox.ts';
import { SessionWindow } from './session-window.ts';
import { StatusDesk } from './status-desk.ts';
import type { SessionSink } from './sink.ts';

/** What a session is made of. */
export interface SessionParts {
  readonly context: SessionContext;
  /** What this side wants to get to the peer. */
  readonly outbox: Outbox;
  /** What came to it from a session that is over. */
  readonly moved: MovedMessages;
  /** That this run and the peer know each other. */
  readonly meeting: Meeting;
  /** What the peer sends. */
  readonly inbox: Inbox;
  /** What becomes of it here. */
  readonly handling: Handling;
  /** What the peer is told of it. */
  readonly acks: AckWriter;
  /** The memory that the peer is promised. */
  readonly window: SessionWindow;
  /** Questions about single messages. */
  readonly desk: StatusDesk;
  /** What passes on the present connection. */
  readonly conversation: Conversation;
}

/** Makes the parts and ties them together. */
export function assemble(
  options: ResolvedSessionOptions,
  setting: SessionSetting,
  sink: SessionSink,
  nowMs: number,
  contents?: SessionContents,
  window = new SessionWindow(options, setting.budget, nowMs),
): SessionParts {
  const journal = new Journal(sink, setting.isVolatile, options.storeTimeoutMs);
  const id = setting.role === 'client' ? contents?.session.id : contents?.session.session;
  const context: SessionContext = { options, setting, sink, journal, id };
  const outbox = new Outbox(context, nowMs, contents);
  const moved = new MovedMessages(context, outbox);
  const meeting = new Meeting(context, outbox);
  const acks = new AckWriter(context);
  const handling = new Handling(context, outbox, acks, window);
  const inbox = new Inbox(context, handling, acks, window, nowMs, contents);
  const desk = new StatusDesk(context, inbox, handling, outbox);
  const conversation = new Conversation(context, outbox, inbox, acks, window, desk);
  outbox.handling = handling;
  window.sink = sink;
  window.inbox = inbox;
  handling.inbox = inbox;
  handling.ids?.restore(inbox.channels, nowMs);
  return { context, outbox, moved, meeting, inbox, handling, acks, window, desk, conversation };
}

/** Whether nothing would be lost by ending now, on either side. */
export function isQuiet({ outbox, handling }: SessionParts): boolean {
  return outbox.unsettledCount + outbox.unacknowledged.count + handling.pendingCount === 0;
}

/** The session is over. Its records go with it, unless the next run is to find them. */
export function retire(parts: SessionParts, isKept: boolean, nowMs: number): void {
  parts.handling.retire(isKept);
  parts.inbox.dispose();
  parts.inbox.turnEnds(nowMs);
  orderCommit(parts, nowMs);
  if (!isKept) parts.context.journal.end();
}

/** Orders the commit of all that was persisted, with the records of the channels it changed. */
export function orderCommit({ context, outbox, inbox }: SessionParts, nowMs: number): void {
  outbox.pager.beforeCommit();
  inbox.beforeCommit();
  context.journal.commit(nowMs);
}
