import type { Position, SessionId } from '@wilco/protocol';

/** What a receiver held of one channel of a session that is over. */
export interface PastChannel {
  readonly channel: number;
  readonly name: string;
  /** Nothing at or above it ever came. */
  readonly received: Position;
  /** No handler took it or a later one, and none will. At most `received`. */
  readonly started: Position;
  /** What has ended there, and needs no answer any more. */
  readonly handled: Position;
  /** `[from, to)` pairs beyond `handled`, flat, ascending. */
  readonly ranges: readonly number[];
}

/** What a receiver knows of a session that is over. */
export interface PastSession {
  readonly session: SessionId;
  readonly channels: readonly PastChannel[];
}

/** Whether a message of it had ended, so that it is not to be handled again. */
export function hasEnded({ channels }: PastSession, name: string, seq: number): boolean {
  const channel = channels.find((one) => one.name === name);
  if (channel === undefined) return false;
  const { handled, ranges } = channel;
  if (seq < handled) return true;
  for (let i = 0; i < ranges.length; i += 2) {
    if (seq >= (ranges[i] as number) && seq < (ranges[i + 1] as number)) return true;
  }
  return false;
}
