import type { ChannelNumber, Seq } from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';

/**
 * Where the objects of messages go that are on disk only, so that whoever holds a receipt
 * learns how it ended. What nobody holds may be forgotten: it is made anew from its record.
 */
export interface Shelf {
  /** A message is on disk only from now on. It may be put here again. */
  put(channel: ChannelNumber, message: OutgoingMessage): void;
  /** Gives it back, if it is still here. */
  take(channel: ChannelNumber, seq: Seq): OutgoingMessage | undefined;
  /** All that are here. */
  messages(): Iterable<OutgoingMessage>;
}

/** Of who has no receipts. */
export const NO_SHELF: Shelf = { put: () => undefined, take: () => undefined, messages: () => [] };
