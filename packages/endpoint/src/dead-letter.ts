import { messagePack } from '@wilco/codec';
import type { Extension, MessageId, Seq, SessionId } from '@wilco/protocol';

/**
 * A message of the peer on which handlers were started, and none has finished it. Its sender was
 * told (`rejected`, `hasRun`); here it waits for somebody who looks at it.
 */
export interface DeadLetter {
  /** Names it in the store, the oldest first. */
  readonly key: string;
  /** The session that it came through. */
  readonly session: SessionId;
  /** Who had sent it, as `authenticate` said; `undefined` at a client. */
  readonly identity: string | undefined;
  readonly id: MessageId;
  /** Name of the message type. */
  readonly type: string;
  /** Name of the channel. */
  readonly channel: string;
  readonly seq: Seq;
  /** An earlier copy, in another session, may have been handled. */
  readonly isResent: boolean;
  readonly extensions: readonly Extension[];
  /** How many handlers were started on it. */
  readonly attempts: number;
  /** Why no other is started, such as `WILCO_ATTEMPTS_OVER`. */
  readonly code: string;
  readonly reason: string;
  /** When it was given up. Milliseconds since 1970. */
  readonly diedAtWallMs: number;
  /** Handlers are to be started on it again, at the next start of this side. */
  readonly isRequeued: boolean;
  /** How many had been started on it when it was requeued. */
  readonly attemptsBefore: number;
  /** As it came; its type's codec reads it. */
  readonly payload: Uint8Array;
}

const VERSION = 1;
const ENCODING = messagePack();

/** What the store keeps of a dead letter under its key, in the table `deadLetters`. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  const { session, identity, id, type, channel, seq, isResent, extensions } = letter;
  const { attempts, code, reason, diedAtWallMs, isRequeued, attemptsBefore, payload } = letter;
  const tagged = extensions.map(({ tag, value }) => [tag, value]);
  return ENCODING.encode([
    ...[VERSION, session, identity, id, type, channel, seq, isResent, tagged],
    ...[attempts, code, reason, diedAtWallMs, isRequeued, attemptsBefore, payload],
  ]);
}

/** The opposite of {@link encodeDeadLetter}. @throws TypeError for what it did not write. */
export function decodeDeadLetter(key: string, value: Uint8Array): DeadLetter {
  const row = ENCODING.decode(value);
  if (!Array.isArray(row) || row[0] !== VERSION) {
    throw new TypeError(`the dead letter ${key} is of another version`);
  }
  const [, session, identity, id, type, channel, seq, isResent, tagged] = row as [
    ...[number, string, string | undefined, string, string, string, number, boolean],
    [number, Uint8Array][],
  ];
  const [attempts, code, reason, diedAtWallMs, isRequeued, attemptsBefore, payload] = row.slice(
    9,
  ) as [number, string, string, number, boolean, number, Uint8Array];
  return {
    ...{ key, session, identity, id, type, channel, seq, isResent },
    extensions: tagged.map(([tag, value_]) => ({ tag, value: value_ })),
    ...{ attempts, code, reason, diedAtWallMs, isRequeued, attemptsBefore, payload },
  };
}

/** The same letter, on which handlers are to be started again, as often as on a new message. */
export function requeuedDeadLetter(letter: DeadLetter): DeadLetter {
  return { ...letter, isRequeued: true, attemptsBefore: letter.attempts };
}
