/** Three ways to make message types your own. Both sides import this module. */
import { defineMessage, messagePack, type ExtensionCodec, type PayloadCodec } from '@wilco/client';
import { z } from 'zod';

/** A class of your own, which MessagePack does not know. */
export class Money {
  readonly currency: string;
  readonly cents: bigint;

  constructor(currency: string, cents: bigint) {
    this.currency = currency;
    this.cents = cents;
  }

  toString(): string {
    return `${this.currency} ${this.cents / 100n}.${String(this.cents % 100n).padStart(2, '0')}`;
  }
}

/** 1. An extension type: three letters, then the cents as eight bytes. */
const money: ExtensionCodec<Money> = {
  type: 64,
  name: 'Money',
  isType: (value): value is Money => value instanceof Money,
  encode({ currency, cents }) {
    const bytes = Buffer.alloc(11);
    bytes.write(currency, 'latin1');
    bytes.writeBigInt64BE(cents, 3);
    return bytes;
  },
  decode(bytes) {
    const { buffer, byteOffset, byteLength } = bytes;
    const letters = Buffer.from(buffer, byteOffset, byteLength).toString('latin1', 0, 3);
    return new Money(letters, new DataView(buffer, byteOffset, byteLength).getBigInt64(3));
  },
};

/** 2. A schema: the receiver checks it, and its handler gets what the schema makes of the body. */
const Order = z.object({
  item: z.string().min(1),
  amount: z.number().int().positive().default(1),
  wantedBy: z.iso.date().transform((day) => new Date(day)),
});

export const PlaceOrder = defineMessage('orders.place', {
  schema: Order,
  replyCodec: messagePack<{ total: Money }>({ extensions: [money] }),
});

export interface Reading {
  readonly sensor: number;
  readonly celsius: number;
}

/** 3. A codec: ten bytes for what is sent ten thousand times a second. */
const readingCodec: PayloadCodec<Reading> = {
  name: 'reading',
  encode({ sensor, celsius }) {
    const bytes = Buffer.alloc(10);
    bytes.writeUInt16BE(sensor);
    bytes.writeDoubleBE(celsius, 2);
    return bytes;
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { sensor: view.getUint16(0), celsius: view.getFloat64(2) };
  },
};

export const TakeReading = defineMessage<Reading>('readings.take', { codec: readingCodec });
