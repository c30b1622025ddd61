import { DEFAULT_CHANNEL, FIRST_SEQ, type AckFrame, type Announcement } from '@wilco/protocol';

/** What was told last. Frames are never changed, so whoever is told the same may keep these. */
let lastAnnouncement: Announcement | undefined;
let lastAck: AckFrame | undefined;

/** What a peer tells of itself, in one copy for all that tell the same. */
export function sharedAnnouncement(announcement: Announcement): Announcement {
  if (!isSame(announcement, lastAnnouncement)) lastAnnouncement = announcement;
  return lastAnnouncement ?? announcement;
}

/** A first ACK, in one copy for all that say the same. */
export function sharedAck(ack: AckFrame): AckFrame {
  if (!isSame(ack, lastAck)) lastAck = ack;
  return lastAck ?? ack;
}

/** Whether an ACK grants windows and acknowledges nothing. */
export function isPlainAck({ channels }: AckFrame): boolean {
  return channels.every(
    ({ channel, received, handled, ranges, partial }) =>
      channel <= DEFAULT_CHANNEL &&
      received === FIRST_SEQ &&
      handled === FIRST_SEQ &&
      ranges.length === 0 &&
      partial === undefined,
  );
}

function isSame(one: unknown, other: unknown): boolean {
  if (!(one instanceof Object) || !(other instanceof Object)) return one === other;
  const entries = Object.entries(one);
  const others = new Map<string, unknown>(Object.entries(other));
  if (entries.length !== others.size) return false;
  return entries.every(([name, value]) => isSame(value, others.get(name)));
}
