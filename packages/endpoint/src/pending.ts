import type { MessageId, MessageType } from '@wilco/protocol';
import type { OutgoingMessage } from '@wilco/session';
import type { LiveSession } from './live-session.ts';
import type { MessageSender } from './message-sender.ts';
import type { Receipt } from './receipt.ts';

/** A message in the outbox that has not settled. */
export interface PendingMessage {
  readonly id: MessageId;
  /** Name of its type. */
  readonly type: string;
  /** Name of its channel. */
  readonly channel: string;
  /** Size of its body, encoded. */
  readonly bytes: number;
  /** When it was sent, in milliseconds since 1970; by another run, perhaps. */
  readonly queuedAtWallMs: number;
  /** Whether the peer's session layer holds it. */
  readonly isReceived: boolean;
  /** Tells how it ends, also where another run sent it. */
  readonly receipt: Receipt;
}

/** Which messages of an outbox are asked for. */
export interface PendingOptions {
  /**
   * Their types, so that replies are decoded as the types say. Those of other types come as well.
   *
   * @defaultValue none: replies are MessagePack
   */
  readonly types?: readonly Pick<MessageType, 'name' | 'replyCodec'>[];
}

/** The unsettled messages of a session, channel by channel, in order. Those on disk are read a page at a time. */
export async function* pendingOf(
  live: LiveSession,
  sender: MessageSender,
  { types = [] }: PendingOptions,
): AsyncGenerator<PendingMessage> {
  const codecs = new Map(types.map(({ name, replyCodec }) => [name, replyCodec]));
  for await (const message of unsettledOf(live)) {
    // While the ones before were looked at.
    if (message.state === 'settled') continue;
    const type = { name: message.type, replyCodec: codecs.get(message.type) };
    const receipt = sender.receiptOf(live.driver, message, type);
    if (message.isPaged) live.driver.engine.onDisk.hold(message);
    yield { ...factsOf(message, live.wallOffsetMs), receipt };
  }
}

async function* unsettledOf(live: LiveSession): AsyncGenerator<OutgoingMessage> {
  for (const { number, from, to } of live.driver.engine.onDisk.channels()) {
    for (let page = await pageOf(live, number, from, to); ;) {
      yield* page.messages;
      if (page.next >= to) break;
      page = await pageOf(live, number, page.next, to);
    }
  }
}

interface Page {
  readonly messages: readonly OutgoingMessage[];
  readonly next: number;
}

/** How many messages are looked at in one go. */
const PAGE_MESSAGES = 1_024;
const PAGE_BYTES = 1024 * 1024;

/** The next unsettled messages of a channel, read from the store where they are on disk only. */
function pageOf(live: LiveSession, channel: number, from: number, to: number): Promise<Page> {
  const { engine, store } = live.driver;
  const { onDisk } = engine;
  const inMemory = onDisk.inMemory(channel, from, Math.min(to, from + PAGE_MESSAGES));
  if ('messages' in inMemory) return Promise.resolve(inMemory);
  const range = { session: live.storeKey, channel, from, to: inMemory.until };
  const most = { maxMessages: PAGE_MESSAGES, maxBytes: PAGE_BYTES };
  return new Promise((resolve, reject) => {
    store.readOutgoing({ ...range, ...most }, (error, records) => {
      if (error !== undefined) reject(error);
      else {
        const messages = onDisk.messagesOf(channel, records, live.nowMs());
        resolve({ messages, next: (records.at(-1)?.seq ?? inMemory.until - 1) + 1 });
      }
    });
  });
}

function factsOf(
  { id, type, channelName, size, queuedAtMs, state }: OutgoingMessage,
  wallOffsetMs: number,
): Omit<PendingMessage, 'receipt'> {
  const queuedAtWallMs = queuedAtMs + wallOffsetMs;
  const isReceived = state === 'received';
  return { id, type, channel: channelName, bytes: size, queuedAtWallMs, isReceived };
}
