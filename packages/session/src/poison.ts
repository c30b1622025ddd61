import type { ErrorCode, WilcoError } from '@wilco/protocol';
import type { Inbox } from './inbox.ts';
import type { Outbox } from './outbox.ts';

/** Deaths that the next connection will meet again, if it is the content that kills. */
const PROTOCOL_ERRORS: ReadonlySet<string> = new Set<ErrorCode>([
  'WILCO_ACK_OUT_OF_RANGE',
  'WILCO_CHANNEL_UNKNOWN',
  'WILCO_FRAME_CORRUPT',
  'WILCO_FRAME_LOST',
  'WILCO_FRAME_MALFORMED',
  'WILCO_FRAME_TOO_LARGE',
  'WILCO_FRAME_UNEXPECTED',
  'WILCO_WINDOW_EXCEEDED',
]);

/** So many connections in a row may die at one place. */
const DEATHS = 3;

/** Notices when connection after connection dies by a protocol error at the same position. */
export class Poison {
  #position = -1;
  #deaths = 0;

  /** A connection died. Returns whether there should be no further try. */
  died(error: WilcoError | undefined, position: number): boolean {
    if (error === undefined || !PROTOCOL_ERRORS.has(error.code)) {
      this.#deaths = 0;
      return false;
    }
    this.#deaths = position === this.#position ? this.#deaths + 1 : 1;
    this.#position = position;
    return this.#deaths >= DEATHS;
  }

  /** Whether this is an error that the peer should be told of. */
  static isProtocolError(code: string): boolean {
    return PROTOCOL_ERRORS.has(code);
  }
}

/** A number that grows with everything that gets through, in either direction. */
export function progressOf(outbox: Outbox, inbox: Inbox): number {
  let sum = 0;
  for (const { received, confirmedOffset } of outbox.channels) sum += received + confirmedOffset;
  for (const { accepted, assembly } of inbox.channels) sum += accepted + (assembly?.offset ?? 0);
  return sum;
}
