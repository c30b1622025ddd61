import {
  defineMessage,
  type IncomingRecord,
  type MessageType,
  type OutgoingRecord,
  type PayloadCodec,
} from '@wilco/protocol';
import type { PlannedMessage } from './plan.ts';

/** What a payload needs to name itself: what it is, its index, its size. */
const LABEL_BYTES = 9;

/** Bytes as they are: what arrives is judged by the simulator, not by a codec. */
const BYTES: PayloadCodec<Uint8Array> = {
  name: 'bytes',
  encode: (body) => body,
  decode: (bytes) => bytes,
};

const PICKY: PayloadCodec<Uint8Array> = {
  ...BYTES,
  decode: () => {
    throw new Error('never good enough');
  },
};

const MUTE: PayloadCodec<Uint8Array | undefined> = {
  name: 'mute',
  encode: () => {
    throw new Error('nothing can be said');
  },
  decode: () => undefined,
};

const REPLY: PayloadCodec<Uint8Array | undefined> = {
  name: 'bytes',
  encode: (body) => body ?? new Uint8Array(),
  decode: (bytes) => bytes,
};

/** The type of message that all parcels of a run use. */
export type ParcelType = MessageType<Uint8Array, Uint8Array | undefined>;

const PARCEL: ParcelType = defineMessage('parcel', { codec: BYTES, replyCodec: REPLY });
const INVALID: ParcelType = defineMessage('invalid', { codec: PICKY, replyCodec: REPLY });
const MUTED: ParcelType = defineMessage('muted', { codec: BYTES, replyCodec: MUTE });

/** Types of which the content says which message it is. */
export const LABELLED_TYPES: readonly ParcelType[] = [PARCEL, INVALID, MUTED];

/** The type that a message goes under. One too small for a label has a type of its own. */
export function typeOf({ index, bytes, conduct }: PlannedMessage): ParcelType {
  if (conduct.kind === 'unknown')
    return defineMessage('nobody', { codec: BYTES, replyCodec: REPLY });
  if (conduct.kind === 'invalid') return INVALID;
  const replyCodec = conduct.kind === 'mute' ? MUTE : REPLY;
  if (bytes < LABEL_BYTES)
    return defineMessage(`tiny ${String(index)}`, { codec: BYTES, replyCodec });
  return conduct.kind === 'mute' ? MUTED : PARCEL;
}

/** Whether the content of a message is too small to say which it is. */
export function isTiny({ bytes }: PlannedMessage): boolean {
  return bytes < LABEL_BYTES;
}

/** The content of a message: a label, and bytes that no other message has. */
export function contentOf({ index, bytes }: PlannedMessage): Uint8Array {
  return parcel(0x4d, index, bytes);
}

/** The content of the reply to a message. */
export function replyTo({ index, conduct }: PlannedMessage): Uint8Array {
  return parcel(0x52, index, conduct.replyBytes);
}

/** Under which key the handler of a message writes that it was handled. */
export function effectKey({ index }: PlannedMessage): string {
  return `effect ${String(index)}`;
}

/** Which message a content says that it is. */
export function indexOn(content: Uint8Array): number | undefined {
  if (content.length < LABEL_BYTES) return undefined;
  return new DataView(content.buffer, content.byteOffset).getUint32(1);
}

/** Whether two contents are the same, byte for byte. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function parcel(kind: number, index: number, size: number): Uint8Array {
  const content = new Uint8Array(size);
  let state = (kind * 0x0100_0193) ^ (index * 0x9e37_79b1);
  for (let offset = 0; offset < size; offset++) {
    state = (Math.imul(state, 0x0019_660d) + 0x3c6e_f35f) | 0;
    content[offset] = state >>> 24;
  }
  if (size < LABEL_BYTES) return content;
  const view = new DataView(content.buffer);
  content[0] = kind;
  view.setUint32(1, index);
  view.setUint32(5, size);
  return content;
}

/** Whether a record in a store is the message. */
export function isRecordOf(
  record: Pick<OutgoingRecord | IncomingRecord, 'type' | 'payload'>,
  message: PlannedMessage,
): boolean {
  return record.type === typeOf(message).name && isSame(record.payload, contentOf(message));
}
