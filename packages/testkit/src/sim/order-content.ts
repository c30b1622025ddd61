import { defineMessage, type MessageType, type PayloadCodec } from '@wilco/protocol';
import type { OrderGroup } from './order-book.ts';
import { SERVER } from './plan.ts';

const BYTES: PayloadCodec<Uint8Array> = {
  name: 'bytes',
  encode: (body) => body,
  decode: (bytes) => bytes,
};
const REPLY: PayloadCodec<Uint8Array | undefined> = {
  name: 'bytes',
  encode: (body) => body ?? new Uint8Array(),
  decode: (bytes) => bytes,
};

/** The type of all messages that go under ids. */
export const ORDER: MessageType<Uint8Array, Uint8Array | undefined> = defineMessage('order', {
  codec: BYTES,
  replyCodec: REPLY,
});

/** The id that a message goes under, as its application names it. */
export function nameOf({ from, id }: Pick<OrderGroup, 'from' | 'id'>): string {
  return `order ${String(id)} of ${from}`;
}

/** What a message under an id holds: which id it is, of whom, and which variant. */
export function orderBytes(from: string, to: string, id: number, variant: number): Uint8Array {
  return Uint8Array.of(id, variant, ...new TextEncoder().encode(from === SERVER ? to : from));
}

/** Which message a content says that it is. */
export function readOrder(content: Uint8Array): {
  readonly id: number;
  readonly variant: number;
  /** Its sender, or who it is for. */
  readonly client: string;
} {
  const [id = 0, variant = 0] = content;
  return { id, variant, client: new TextDecoder().decode(content.subarray(2)) };
}

/** The reply of a start: no other start gives the same. */
export function replyOf(variant: number, number: number): Uint8Array {
  return Uint8Array.of(variant, number);
}
