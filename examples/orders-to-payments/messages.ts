/** What the two services say to each other. Both import this module. */
import { defineMessage } from '@wilco/client';

export interface Charge {
  readonly order: string;
  readonly cents: number;
}

export interface Charged {
  readonly transaction: string;
}

export const ChargeCard = defineMessage<Charge, Charged>('payments.charge');
