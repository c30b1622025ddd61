import { defineMessage } from '@wilco/protocol';

/** What the two programs send each other. Every second one gets a reply: its number. */
export interface Parcel {
  readonly number: number;
  readonly filler: Uint8Array;
}

export const Parcel = defineMessage<Parcel, number | undefined>('parcel');

/** A parcel whose bytes follow from its number. */
export function parcel(number: number, bytes: number): Parcel {
  return { number, filler: filler(number, bytes) };
}

/** Whether every byte is as it was sent. */
export function isIntact({ number, filler: bytes }: Parcel): boolean {
  return Buffer.from(bytes).equals(filler(number, bytes.byteLength));
}

/** The reply to a parcel. */
export function replyTo(number: number): number | undefined {
  return number % 2 === 0 ? number : undefined;
}

function filler(number: number, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${String(number)}, `);
}
