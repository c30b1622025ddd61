import { FEATURES, type Announcement, type ChannelOffer } from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { Inbox } from './inbox.ts';
import type { Outbox } from './outbox.ts';
import type { SessionWindow } from './session-window.ts';

/** How the opening of a connection judges the two sides' memories. */
export type Judgement = 'continues' | 'peerStateLost' | 'ownStateLost';

/** This side's sending channels, for HELLO or WELCOME. */
export function offersOf(outbox: Outbox): ChannelOffer[] {
  return outbox.channels.map(({ number, firstOfRun, received }) => ({
    channel: number,
    first: firstOfRun,
    reported: received,
  }));
}

/** What this side tells of itself, for WELCOME or READY. */
export function announcementOf(context: SessionContext, window: SessionWindow): Announcement {
  const { options, setting } = context;
  return {
    waitMs: options.waitMs,
    ackDelayMs: options.ackDelayMs,
    handlerTimeoutMs: options.handlerTimeoutMs,
    handlerGraceMs: options.handlerGraceMs,
    resumeWindowMs: options.resumeWindowMs,
    maxMessageBytes: window.maxMessageBytes,
    worth: setting.worth,
    hasIntegrity: setting.hasIntegrity,
    features: setting.ids === undefined ? 0 : FEATURES.knowsMoved,
  };
}

/**
 * Compares the two sides' memories. A position here below one that was once reported means
 * that this side's store was lost or restored; a new run of the peer that may assign a seq
 * which is held here already means the same of the peer's, or that it was cloned.
 */
export function judge(inbox: Inbox, offers: readonly ChannelOffer[], isNewRun: boolean): Judgement {
  for (const { channel, reported } of offers) {
    if ((inbox.channel(channel)?.accepted ?? 1) < reported) return 'ownStateLost';
  }
  for (const held of inbox.channels) {
    const first = offers.find(({ channel }) => channel === held.number)?.first ?? 1;
    if (isNewRun && held.knownBelow > first) return 'peerStateLost';
  }
  return 'continues';
}
