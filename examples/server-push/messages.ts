/** What the server tells its clients. Both sides import this module. */
import { defineMessage } from '@wilco/client';

export const PriceChanged = defineMessage<{ item: string; cents: number }>('prices.changed');
