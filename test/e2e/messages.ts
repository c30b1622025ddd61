/** The messages that tests and their child processes exchange. */
import { defineMessage } from '@wilco/protocol';

/** Handled at once; the reply is the number. */
export const Count = defineMessage<number, number>('count');
/** Its handler takes so many milliseconds of waiting; the reply is `n`. */
export const Slow = defineMessage<{ readonly n: number; readonly ms: number }, number>('slow');
/** Its handler keeps the event loop busy for so many milliseconds; the reply is `n`. */
export const Busy = defineMessage<{ readonly n: number; readonly ms: number }, number>('busy');
/** Its handler never finishes by itself. */
export const Hold = defineMessage<number>('hold');
/** The reply is how many bytes came. */
export const Blob = defineMessage<Uint8Array, number>('blob');
