/**
 * What the protocol itself limits, whatever the options say. A peer that goes beyond
 * has broken the protocol. Where a figure comes from is told in PROTOCOL.md.
 */
export const LIMITS = {
  /** The largest body of a frame, in bytes: a fragment and its header. */
  frameBodyBytes: 64 * 1024 + 1024,
  /** The largest part of a message in one frame, in bytes. */
  fragmentBytes: 64 * 1024,
  /** All that may come in before a peer is authenticated, preamble included, in bytes. */
  openingBytes: 4096,
  /** Credentials in HELLO or CREDENTIALS, in bytes. */
  credentialsBytes: 2048,
  /** Channels of a session in one direction, the channel of answers included. */
  channels: 64,
  /** Message types that one side may name on one connection. */
  messageTypes: 1024,
  /** Name of a message type, in bytes of UTF-8. */
  typeNameBytes: 128,
  /** Name of a channel, in bytes of UTF-8. */
  channelNameBytes: 64,
  /** A message id, in bytes of UTF-8. */
  messageIdBytes: 128,
  /** A server id, in bytes of UTF-8. */
  serverIdBytes: 255,
  /** Addresses that a server may send its clients to. */
  elsewhere: 8,
  /** One of these addresses, in bytes of UTF-8. */
  addressBytes: 255,
  /** Code of a rejection, in bytes of UTF-8; a longer one is cut. */
  codeBytes: 128,
  /** Reason of a rejection, a refusal or a close, in bytes of UTF-8; a longer one is cut. */
  reasonBytes: 1024,
  /** Ranges in one channel of an ACK. */
  ackRanges: 64,
  /** Extensions of one frame. */
  extensions: 16,
  /** The session id and the run id, in bytes. */
  idBytes: 16,
  /** The resume token, in bytes. */
  tokenBytes: 32,
  /**
   * What a message costs in memory beside its payload, in bytes, as windows and outboxes
   * count it. Measured on Node.js 20: 412 for an empty one that waits for its handler.
   */
  messageOverheadBytes: 512,
  /** What an extension of a message takes of the window beside its bytes, in bytes. */
  extensionOverheadBytes: 256,
  /** The largest message, whatever a peer announces, in bytes (1 GiB). */
  messageBytes: 2 ** 30,
  /** The longest duration that travels, in milliseconds (about 24.8 days: what a timer can wait). */
  durationMs: 0x7fff_ffff,
} as const;

/** Bits of what a side can do beyond the least. Bit 0 is reserved for streams. */
export const FEATURES = {
  /** It answers messages that moved from an earlier session by what it remembers of them. */
  knowsMoved: 2,
} as const;

/** The version of the protocol that this package speaks. */
export const PROTOCOL_VERSION = 1;
