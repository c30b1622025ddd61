import {
  FEATURES,
  type AckFrame,
  type Announcement,
  type ChannelOffer,
  type RunId,
} from '@wilco/protocol';
import type { ResolvedSessionOptions, SessionSetting } from './options.ts';
import type { SessionParts } from './session-parts.ts';
import type { SessionWindow } from './session-window.ts';

/** How the opening of a connection judges the two sides' memories. */
export type Judgement = 'continues' | 'peerStateLost' | 'ownStateLost';

/** What a session tells and compares at the opening of a connection. */
export interface OpeningFacts {
  /** This side's sending channels, for HELLO or WELCOME. */
  offers(): readonly ChannelOffer[];
  /** What this side tells of itself, for WELCOME or READY. */
  announcement(): Announcement;
  /** All that this side holds, for WELCOME or READY: the first ACK of a connection. */
  fullAck(nowMs: number): AckFrame;
  /**
   * Compares the two sides' memories, before a connection is attached. A position here below one
   * that was once reported means that this side's store was lost or restored; a new run of the
   * peer that may assign a seq which is held here already means the same of the peer's, or that it
   * was cloned.
   */
  judge(peerRunId: RunId, offers: readonly ChannelOffer[]): Judgement;
}

/** Those of a session through which something has passed, or may have. */
export class FactsOfParts implements OpeningFacts {
  readonly #parts: SessionParts;
  readonly #peerRunId: RunId | undefined;

  /** @param peerRunId - The run of the peer that was connected last. */
  constructor(parts: SessionParts, peerRunId: RunId | undefined) {
    this.#parts = parts;
    this.#peerRunId = peerRunId;
  }

  offers(): ChannelOffer[] {
    return this.#parts.outbox.channels.map(({ number, firstOfRun, received }) => ({
      channel: number,
      first: firstOfRun,
      reported: received,
    }));
  }

  announcement(): Announcement {
    const { context, window } = this.#parts;
    return announcementOf(context.options, context.setting, window);
  }

  fullAck(nowMs: number): AckFrame {
    const { acks, inbox, window } = this.#parts;
    acks.begin();
    window.offered();
    return acks.write(inbox.channels, window, true, nowMs);
  }

  judge(peerRunId: RunId, offers: readonly ChannelOffer[]): Judgement {
    const { inbox } = this.#parts;
    const isNewRun = peerRunId !== this.#peerRunId;
    for (const { channel, reported } of offers) {
      if ((inbox.channel(channel)?.accepted ?? 1) < reported) return 'ownStateLost';
    }
    for (const held of inbox.channels) {
      const first = offers.find(({ channel }) => channel === held.number)?.first ?? 1;
      if (isNewRun && held.knownBelow > first) return 'peerStateLost';
    }
    return 'continues';
  }
}

/** What a side tells of itself. */
export function announcementOf(
  options: ResolvedSessionOptions,
  setting: SessionSetting,
  window: SessionWindow,
): Announcement {
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
