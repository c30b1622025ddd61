import { WilcoError, type FragmentFrame } from '@wilco/protocol';
import type { Assembly } from './assembly.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/** A channel that was not announced on this connection. */
export function unknownChannel(kind: string, number: number): WilcoError {
  const what = `a ${kind} in channel ${String(number)}, which was not announced`;
  return new WilcoError('WILCO_CHANNEL_UNKNOWN', what);
}

/** A type that was not announced on this connection. */
export function unknownType(seq: number): WilcoError {
  const what = `message ${String(seq)} is of a type that was not announced`;
  return new WilcoError('WILCO_FRAME_UNEXPECTED', what);
}

/** Something on the way has eaten what was expected before it. */
export function gap(channel: ReceiveChannel, seq: number): WilcoError {
  const expected = `in channel ${String(channel.number)}, expected ${String(channel.accepted)}`;
  return new WilcoError('WILCO_FRAME_LOST', `seq ${String(seq)} came ${expected}`);
}

/** The first part of a large message came twice on a connection that repeats nothing. */
export function begunAgain(seq: number): WilcoError {
  const what = `message ${String(seq)} begins again before it is finished`;
  return new WilcoError('WILCO_FRAME_UNEXPECTED', what);
}

/** A fragment without a message that began it. */
export function notBegun(seq: number): WilcoError {
  const what = `a fragment of ${String(seq)}, which was not begun`;
  return new WilcoError('WILCO_FRAME_UNEXPECTED', what);
}

/** A fragment that does not follow the one before it. */
export function notNext({ offset }: FragmentFrame, assembly: Assembly): WilcoError {
  const what = `a fragment at ${String(offset)}, expected ${String(assembly.offset)}`;
  return new WilcoError('WILCO_FRAME_LOST', what);
}

/** A fragment that goes further than it may. */
export function tooFar(end: number, { grantedBytes, totalBytes }: Assembly): WilcoError {
  return new WilcoError(
    end > totalBytes ? 'WILCO_FRAME_UNEXPECTED' : 'WILCO_WINDOW_EXCEEDED',
    `a fragment to ${String(end)}, granted are ${String(grantedBytes)} of ${String(totalBytes)}`,
  );
}

/** A message that is larger than this side takes. */
export function tooLarge(totalBytes: number, most: number): WilcoError {
  const what = `a message of ${String(totalBytes)} bytes, at most ${String(most)} are taken`;
  return new WilcoError('WILCO_FRAME_TOO_LARGE', what);
}
