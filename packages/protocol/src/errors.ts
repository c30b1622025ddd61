import type { ErrorEntry } from './error-entry.ts';

/**
 * The one list of everything that can go wrong.
 *
 * `ERRORS.md` is generated from it, and a test fails when the two differ, so a new
 * code cannot ship undocumented. Codes are public API and travel on the wire: never
 * rename one.
 */
export const ERRORS = {
  WILCO_ACK_OUT_OF_RANGE: {
    fault: 'peer',
    retryable: false,
    summary:
      'The peer acknowledged what was never sent. The connection is ended; the session resumes on the next one.',
  },
  WILCO_ATTEMPT_STALE: {
    fault: 'environment',
    retryable: true,
    summary:
      'A newer connection of the same session was opened before this one. Nothing to do: the newer one goes on.',
  },
  WILCO_ATTEMPTS_OVER: {
    fault: 'peer',
    retryable: true,
    summary:
      'As many handlers were started on the message as the receiver allows (`maxAttempts`), and none has finished it: each said `RetryLater`, or went down with its process. It is a dead letter there; look at what its handler does with it.',
  },
  WILCO_AUTHENTICATION_EXPIRED: {
    fault: 'environment',
    retryable: true,
    summary:
      'The credentials of the connection were not renewed before they ran out. The connection is ended; the session resumes on the next one, with fresh credentials.',
  },
  WILCO_AUTHENTICATION_FAILED: {
    fault: 'caller',
    retryable: false,
    summary:
      'The server did not accept the credentials. Correct `credentials`, then connect again.',
  },
  WILCO_AUTHENTICATION_UNAVAILABLE: {
    fault: 'environment',
    retryable: true,
    summary:
      'The server could not find out who the client is: its `authenticate` failed or took too long. The client tries again after the delay that it was told.',
  },
  WILCO_CANCELLED: {
    fault: 'caller',
    retryable: true,
    summary:
      'The message was withdrawn before a handler took it, or its session ended before it was written. `outcome.reason` says which.',
  },
  WILCO_CHANNEL_UNKNOWN: {
    fault: 'peer',
    retryable: false,
    summary:
      'The peer used a channel that it had not announced, or more than 64. The connection is ended.',
  },
  WILCO_CLOSED: {
    fault: 'caller',
    retryable: false,
    summary: 'The client, server or session is closed. Open a new one.',
  },
  WILCO_CONNECT_FAILED: {
    fault: 'environment',
    retryable: true,
    summary:
      'No connection could be made. The client tries again by itself; see `cause` for what the system said.',
  },
  WILCO_CONNECTION_LOST: {
    fault: 'environment',
    retryable: true,
    summary:
      'The connection ended without a goodbye. The session resumes on the next one; nothing is lost.',
  },
  WILCO_CREDENTIALS_FAILED: {
    fault: 'environment',
    retryable: true,
    summary:
      'The `credentials` function of the client failed or gave no answer in time, or the server did not answer fresh credentials. See `cause`; the client tries again by itself.',
  },
  WILCO_EXPIRED: {
    fault: 'environment',
    retryable: true,
    summary:
      'The time to live of the message passed before a handler took it. Send it again if it still matters.',
  },
  WILCO_EXTENSION_UNKNOWN: {
    fault: 'peer',
    retryable: false,
    summary:
      'The message carries a critical extension that this receiver does not know. It was rejected and no handler ran.',
  },
  WILCO_FRAME_CORRUPT: {
    fault: 'environment',
    retryable: true,
    summary:
      'The checksum of a frame is wrong: something on the way changed bytes. The connection is ended and what it carried is sent again.',
  },
  WILCO_FRAME_LOST: {
    fault: 'environment',
    retryable: true,
    summary:
      'The peer wrote a frame that never came: something on the way swallowed it. The connection is ended and the frame is sent again.',
  },
  WILCO_FRAME_MALFORMED: {
    fault: 'peer',
    retryable: false,
    summary:
      'The peer sent bytes that are not a valid frame. The connection is ended; the message says which rule was broken.',
  },
  WILCO_FRAME_TIMEOUT: {
    fault: 'environment',
    retryable: true,
    summary:
      'A frame was begun and not finished in time. The connection is ended; the session resumes on the next one.',
  },
  WILCO_FRAME_TOO_LARGE: {
    fault: 'peer',
    retryable: false,
    summary:
      'The peer announced a frame larger than the protocol allows. The connection is ended before anything was stored.',
  },
  WILCO_FRAME_UNEXPECTED: {
    fault: 'peer',
    retryable: false,
    summary:
      'The peer sent a frame that has no place at this point of the conversation. The connection is ended.',
  },
  WILCO_GOING_AWAY: {
    fault: 'environment',
    retryable: true,
    summary: 'The server is shutting down. The client comes back after the delay that it was told.',
  },
  WILCO_HANDLER_EXISTS: {
    fault: 'caller',
    retryable: false,
    summary:
      'A handler for this message type is registered already. Undo the first, then register the second.',
  },
  WILCO_HANDLER_FAILED: {
    fault: 'peer',
    retryable: false,
    summary: 'The handler threw. The message is rejected with the reason; the handler had run.',
  },
  WILCO_HANDLER_OVER: {
    fault: 'caller',
    retryable: false,
    summary:
      '`context.commit()` was called when the handler had returned already, so its writes can not hold together with the message. Call it before: `await` what it needs.',
  },
  WILCO_HANDLER_TIMEOUT: {
    fault: 'peer',
    retryable: true,
    summary:
      'The handler did not finish within `handlerTimeoutMs` and its grace. It may still have an effect.',
  },
  WILCO_ID_REUSED: {
    fault: 'caller',
    retryable: false,
    summary:
      'Another message was sent under the same id before, with another type or body. No handler ran for this one. Give each message an id of its own, and the same id only to the same message.',
  },
  WILCO_INSECURE_REFUSED: {
    fault: 'caller',
    retryable: false,
    summary:
      'Plain TCP beyond this machine was asked for. Use TLS, or say `insecure: true` if the network is trusted.',
  },
  WILCO_IN_DOUBT: {
    fault: 'environment',
    retryable: true,
    summary:
      'Nobody can know whether the peer handled the message: its state is lost, or it did not come back in time. Ask the peer by other means, or send again if handling twice does no harm.',
  },
  WILCO_LEFT_IN_STORE: {
    fault: 'caller',
    retryable: false,
    summary:
      'This side was closed while the message was unsettled, and its store keeps it. The next run with that store sends it, and its event `settled` tells how it ended.',
  },
  WILCO_LISTEN_FAILED: {
    fault: 'environment',
    retryable: true,
    summary: 'The server could not listen; see `cause`. Often the port is in use.',
  },
  WILCO_NO_PROGRESS: {
    fault: 'environment',
    retryable: true,
    summary:
      'Something waited for the peer, and no acknowledgement moved and no probe was answered within the announced wait. The connection is ended; the session resumes on the next one.',
  },
  WILCO_OPENING_TIMEOUT: {
    fault: 'environment',
    retryable: true,
    summary:
      'The opening of the connection was not finished in time. The client tries again by itself.',
  },
  WILCO_OPTION_INVALID: {
    fault: 'caller',
    retryable: false,
    summary:
      'An option or argument is outside its documented range. The message names it and the range.',
  },
  WILCO_OUTBOX_FULL: {
    fault: 'caller',
    retryable: true,
    summary:
      'The outbox is full: the peer is slower than the application, or away. Wait for receipts to settle, or send with `whenFull: "wait"`.',
  },
  WILCO_OVERLOADED: {
    fault: 'environment',
    retryable: true,
    summary:
      'The server has no room for another session. The client tries again after the delay that it was told.',
  },
  WILCO_PAYLOAD_INVALID: {
    fault: 'caller',
    retryable: false,
    summary:
      'The receiver could not decode the payload, or its schema refused it. No handler ran; correct the message.',
  },
  WILCO_PAYLOAD_TOO_LARGE: {
    fault: 'caller',
    retryable: false,
    summary:
      'The encoded payload is larger than the peer or `maxMessageBytes` allows. Split it, or raise the limit on both sides.',
  },
  WILCO_PAYLOAD_UNENCODABLE: {
    fault: 'caller',
    retryable: false,
    summary:
      'The payload can not be encoded without loss. The message names the value; register an `ExtensionCodec` for its class, or convert it.',
  },
  WILCO_PEER_SILENT: {
    fault: 'environment',
    retryable: true,
    summary:
      'No byte came in within the announced wait. The connection is ended; the session resumes on the next one.',
  },
  WILCO_POISONED: {
    fault: 'peer',
    retryable: false,
    summary:
      'Three connections in a row ended by a protocol error at the same place. The session is given up, since a fourth try would fail as well; report it with the logs of both sides.',
  },
  WILCO_PREAMBLE_UNKNOWN: {
    fault: 'peer',
    retryable: false,
    summary:
      'The first bytes are not those of Wilco. Something else speaks on this port, or TLS meets plain TCP.',
  },
  WILCO_RECEIPTS_FULL: {
    fault: 'caller',
    retryable: true,
    summary: 'As many receipts are kept as `maxKeptReceipts` allows: `release(id)` some of them.',
  },
  WILCO_REJECTED: {
    fault: 'peer',
    retryable: false,
    summary:
      'The peer rejected the message. `outcome` says its code and reason, whether the handler ran, and whether repeating can help.',
  },
  WILCO_RESUME_WINDOW_OVER: {
    fault: 'environment',
    retryable: true,
    summary: 'The peer did not come back before the resume window ended. The session is over.',
  },
  WILCO_RETENTION_OVER: {
    fault: 'environment',
    retryable: true,
    summary:
      'The message waited in the outbox for longer than the retention age. Raise `retentionMs`, or find out why the peer does not take it.',
  },
  WILCO_REVOKED: {
    fault: 'caller',
    retryable: false,
    summary:
      'The server ended all sessions of this identity for good. The client does not come back by itself; ask whoever runs the server.',
  },
  WILCO_SESSION_ENDED: {
    fault: 'environment',
    retryable: true,
    summary:
      'The peer ended the session. Messages that were never written are cancelled; others may be in doubt.',
  },
  WILCO_SLOW_PEER: {
    fault: 'peer',
    retryable: true,
    summary:
      'The peer does not read what is sent to it, and too much is waiting. The connection is ended; the session resumes on the next one.',
  },
  WILCO_STATE_LOST: {
    fault: 'environment',
    retryable: true,
    summary:
      'One side lost, restored or cloned its state. A new session was opened; messages that were unsettled are sent again marked `resent`, or are in doubt, as the sender chose.',
  },
  WILCO_STORE_DAMAGED: {
    fault: 'environment',
    retryable: false,
    summary:
      'Something that the store held is missing or wrong. The sessions concerned count as lost, and both sides are told; nothing is guessed. Look at the disk.',
  },
  WILCO_STORE_FAILED: {
    fault: 'environment',
    retryable: false,
    summary:
      'The store failed or did not answer in time. Nothing is acknowledged after it; repair the disk, then open it again.',
  },
  WILCO_STORE_FORMAT: {
    fault: 'environment',
    retryable: false,
    summary:
      'The store was written by another version, in a format that this one does not know. Nothing of it was changed: open it with the version that wrote it, or take an empty place.',
  },
  WILCO_STORE_FULL: {
    fault: 'environment',
    retryable: true,
    summary:
      'The disk of the store has too little room. New messages are refused until there is more; what the store holds goes on being settled. No restart is needed.',
  },
  WILCO_STORE_LOCKED: {
    fault: 'caller',
    retryable: true,
    summary:
      'The store is open already, in this process or another. One endpoint at a time can have it; close the other first.',
  },
  WILCO_STORE_SET_BACK: {
    fault: 'environment',
    retryable: false,
    summary:
      'The store holds less than it was known to hold: it was restored from an older copy, or its end was cut off. All its sessions count as lost, and both sides are told.',
  },
  WILCO_TAKEN_OVER: {
    fault: 'environment',
    retryable: false,
    summary:
      'Another client took over the session, with its token or, where the server keeps one session for each identity, with its identity. This one does not come back by itself: make sure that each client has a store, or an identity, of its own.',
  },
  WILCO_TLS_FAILED: {
    fault: 'environment',
    retryable: true,
    summary:
      'TLS was not agreed on, or one side did not accept the certificate of the other; the message and `cause` say why. Check that both sides speak TLS, and the dates, names and authorities (`ca`) of their certificates. The client tries again by itself, since certificates are replaced while processes run.',
  },
  WILCO_TOKEN_REPLAYED: {
    fault: 'peer',
    retryable: false,
    summary:
      'A resume token came that was replaced long ago: a restored client, or a stolen token. The connection is refused and the event reported.',
  },
  WILCO_TYPE_UNKNOWN: {
    fault: 'caller',
    retryable: false,
    summary:
      'The receiver has no handler for this message type. No handler ran; register one, or a fallback handler.',
  },
  WILCO_UNSUPPORTED: {
    fault: 'caller',
    retryable: false,
    summary: 'This version does not offer what was asked for. The message says what it is.',
  },
  WILCO_VERSION_UNSUPPORTED: {
    fault: 'caller',
    retryable: false,
    summary: 'The two sides share no version of the protocol. Update the older one.',
  },
  WILCO_WAIT_OVER: {
    fault: 'caller',
    retryable: true,
    summary:
      'The time given to `receipt.within()` or `status()` passed. The message goes its way; its receipt settles later.',
  },
  WILCO_WINDOW_EXCEEDED: {
    fault: 'peer',
    retryable: false,
    summary: 'The peer sent more than the window that was granted. The connection is ended.',
  },
  WILCO_WRITES_UNSUPPORTED: {
    fault: 'caller',
    retryable: false,
    summary:
      'Writes of the application were to hold together with a message, and this side has no store that could keep them. Give a durable `store`.',
  },
  WILCO_WRONG_SERVER: {
    fault: 'environment',
    retryable: true,
    summary:
      'A different server answered, and it does not know the session. The client tries its other addresses before it opens a new session.',
  },
} as const satisfies Record<`WILCO_${Uppercase<string>}`, ErrorEntry>;

/** A stable, greppable name for one way to fail. Branch on this, not on messages. */
export type ErrorCode = keyof typeof ERRORS;

/** Whether `code` is one of this table; a peer of a later version may use others. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
