/**
 * A second reading of PROTOCOL.md, section 2: frames to bytes, as plainly as it goes.
 * It shares no line with the packages and imports nothing, so that a mistake in one
 * of the two does not hide in the other.
 *
 * Frames are plain objects with the field names of the vectors (see README.md here):
 * bytes are hex strings, what is absent is left out. Nothing is checked on purpose:
 * broken frames are written with it as well.
 */

export const PREAMBLE = Buffer.from('57494c434f0d0a01', 'hex');

const KINDS = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  ready: 4,
  types: 5,
  credentials: 6,
  fragment: 8,
  void: 9,
  cancel: 10,
  ack: 11,
  probe: 12,
  probeAck: 13,
  ping: 14,
  status: 15,
  statusAck: 16,
  close: 17,
  closeAck: 18,
  notice: 19,
};
const WORTHS = { memory: 0, lazy: 1, synced: 2 };
const NEW_REASONS = { first: 1, unknown: 2, clientStateLost: 3, serverStateLost: 4, ended: 5 };
const VOID_REASONS = { cancelled: 0, expired: 1, moved: 2, failed: 3 };
const OUTCOMES = { reply: 0, replyLost: 1, rejected: 2, expired: 3, cancelled: 4 };
const STATUSES = {
  handled: 0,
  rejected: 1,
  expired: 2,
  cancelled: 3,
  pending: 4,
  neverSeen: 5,
  forgotten: 6,
  unsupported: 7,
};
const CLOSE_MODES = { end: 0, detach: 1 };
const NOTICES = { takenOver: 0, goingAway: 1, credentialsAccepted: 2, credentialsUndecided: 3 };

/** Bytes of a hex string, in which `(5a*4)` stands for `5a5a5a5a`. */
export function bytesOf(hex) {
  const spelled = hex.replace(/\((..)\*(\d+)\)/g, (_, byte, times) => byte.repeat(Number(times)));
  return Buffer.from(spelled, 'hex');
}

/** The hex string of bytes, in which 64 or more of the same byte are written `(5a*64)`. */
export function hexOf(bytes) {
  const parts = [];
  for (let from = 0, to = 0; from < bytes.length; from = to) {
    while (to < bytes.length && bytes[to] === bytes[from]) to += 1;
    const pair = bytes[from].toString(16).padStart(2, '0');
    parts.push(to - from < 64 ? pair.repeat(to - from) : `(${pair}*${to - from})`);
  }
  return parts.join('');
}

export function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

export function byte(value) {
  return Buffer.from([value]);
}

export function blob(bytes) {
  return Buffer.concat([varint(bytes.length), bytes]);
}

export function text(string) {
  return blob(Buffer.from(string, 'utf8'));
}

export function after(milliseconds) {
  return varint(milliseconds === undefined ? 0 : milliseconds + 1);
}

/** One tagged field. Fields stand one after the other, in the order of their tags. */
export function field(tag, value) {
  return Buffer.concat([varint(tag), blob(value)]);
}

/** CRC-32 of IEEE 802.3, one bit at a time. */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const next of bytes) {
    crc ^= next;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A whole frame around a body: the length, the head, the body and, unless told otherwise, the CRC. */
export function wrap(head, body, { hasChecksum = true } = {}) {
  const length = varint(1 + body.length + (hasChecksum ? 4 : 0));
  const covered = Buffer.concat([length, byte(head), body]);
  if (!hasChecksum) return covered;
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(covered));
  return Buffer.concat([covered, checksum]);
}

/** The bytes of one frame. */
export function encode(frame, options) {
  const { head, body } = headAndBody(frame);
  return wrap(head, body, options);
}

/** The head and the body of a frame, for those who want to break it before it is wrapped. */
export function headAndBody(frame) {
  if (frame.kind === 'message' || frame.kind === 'answer') return message(frame);
  return { head: KINDS[frame.kind], body: Buffer.concat(BODIES[frame.kind](frame)) };
}

const BODIES = {
  hello: (frame) => [
    varint(frame.minVersion),
    varint(frame.maxVersion),
    bytesOf(frame.runId),
    varint(frame.attempt.boot),
    varint(frame.attempt.counter),
    byte((frame.session ? 1 : 0) + (frame.hasIntegrity ? 2 : 0) + 4 * WORTHS[frame.worth]),
    varint(frame.features),
    ...(frame.session
      ? [
          bytesOf(frame.session.id),
          bytesOf(frame.session.token),
          byte(NEW_REASONS[frame.abandon] ?? 0),
        ]
      : []),
    ...offers(frame.channels),
    ...(frame.expectedServer === undefined ? [] : [field(2, Buffer.from(frame.expectedServer))]),
    ...(frame.credentials === undefined ? [] : [field(4, bytesOf(frame.credentials))]),
  ],
  welcome: (frame) => [
    varint(frame.version),
    text(frame.serverId),
    bytesOf(frame.runId),
    bytesOf(frame.sessionId),
    bytesOf(frame.token),
    byte(NEW_REASONS[frame.newReason] ?? 0),
    ...offers(frame.channels),
    ...announcement(frame.announcement),
    blob(Buffer.concat(BODIES.ack(frame.ack))),
    ...(frame.predecessor === undefined ? [] : [field(2, bytesOf(frame.predecessor))]),
    ...(frame.predecessorAck === undefined
      ? []
      : [field(4, Buffer.concat(BODIES.ack(frame.predecessorAck)))]),
    ...(frame.validForMs === undefined ? [] : [field(6, varint(frame.validForMs))]),
    ...(frame.predecessorStarted === undefined
      ? []
      : [field(8, Buffer.concat(BODIES.closeAck({ channels: frame.predecessorStarted })))]),
  ],
  refuse: (frame) => [
    text(frame.code),
    text(frame.reason),
    after(frame.retryAfterMs),
    ...elsewhere(frame),
  ],
  ready: (frame) => [
    ...announcement(frame.announcement),
    blob(Buffer.concat(BODIES.ack(frame.ack))),
  ],
  types: (frame) => [...names(frame.types), ...names(frame.channels)],
  credentials: (frame) => [blob(bytesOf(frame.credentials))],
  fragment: (frame) => [
    varint(frame.channel),
    varint(frame.seq),
    varint(frame.offset),
    bytesOf(frame.payload),
  ],
  void: (frame) => [
    varint(frame.channel),
    varint(frame.from),
    varint(frame.to - frame.from),
    byte(VOID_REASONS[frame.reason]),
  ],
  cancel: (frame) => [varint(frame.channel), varint(frame.seq)],
  ack: (frame) => [
    varint(frame.number),
    varint(frame.delayUs),
    varint(frame.window.messages),
    varint(frame.window.bytes),
    varint(frame.channels.length),
    ...frame.channels.flatMap(channelAck),
  ],
  probe: (frame) => [varint(frame.nonce), varint(frame.written)],
  probeAck: (frame) => [varint(frame.nonce), varint(frame.seen)],
  ping: (frame) => [varint(frame.written)],
  status: (frame) => [
    varint(frame.query),
    text(frame.id),
    ...(frame.ageMs === undefined ? [] : [field(2, varint(frame.ageMs))]),
  ],
  statusAck: (frame) => [varint(frame.query), byte(STATUSES[frame.status]), text(frame.reason)],
  close: (frame) => [
    byte(CLOSE_MODES[frame.mode]),
    text(frame.code),
    text(frame.reason),
    after(frame.retryAfterMs),
    ...elsewhere(frame),
  ],
  closeAck: (frame) => [
    varint(frame.channels.length),
    ...frame.channels.flatMap(({ channel, started }) => [varint(channel), varint(started)]),
  ],
  notice: (frame) => [byte(NOTICES[frame.notice]), after(frame.afterMs), ...elsewhere(frame)],
};

/** Where a server sends its clients. */
function elsewhere({ elsewhere: addresses }) {
  if (addresses === undefined) return [];
  return [field(2, Buffer.concat([varint(addresses.length), ...addresses.map(text)]))];
}

function offers(channels) {
  return [
    varint(channels.length),
    ...channels.flatMap(({ channel, first, reported }) => [
      varint(channel),
      varint(first),
      varint(reported),
    ]),
  ];
}

function names(list) {
  return [varint(list.length), ...list.flatMap(({ number, name }) => [varint(number), text(name)])];
}

function announcement(told) {
  return [
    varint(told.waitMs),
    varint(told.ackDelayMs),
    varint(told.handlerTimeoutMs),
    varint(told.handlerGraceMs),
    varint(told.resumeWindowMs),
    varint(told.maxMessageBytes),
    byte(WORTHS[told.worth] + (told.hasIntegrity ? 4 : 0)),
    varint(told.features),
  ];
}

function channelAck(ack) {
  const { ranges, partial } = ack;
  const parts = [
    varint(ack.channel),
    byte((ranges.length > 0 ? 1 : 0) + (partial ? 2 : 0)),
    varint(ack.received),
    varint(ack.received - ack.handled),
    varint(ack.window.messages),
    varint(ack.window.bytes),
  ];
  if (ranges.length > 0) parts.push(varint(ranges.length / 2));
  let end = ack.handled;
  for (let i = 0; i < ranges.length; i += 2) {
    parts.push(varint(ranges[i] - end), varint(ranges[i + 1] - ranges[i]));
    end = ranges[i + 1];
  }
  if (partial) parts.push(varint(partial.seq), varint(partial.offset), varint(partial.granted));
  return parts;
}

function message(frame) {
  const isAnswer = frame.kind === 'answer';
  const channel = isAnswer ? 0 : frame.channel;
  const id = isAnswer ? frame.answeredId : frame.id;
  const tagged = [
    ...(frame.totalBytes === undefined ? [] : [field(1, varint(frame.totalBytes))]),
    ...(id === undefined ? [] : [field(2, Buffer.from(id))]),
    ...frame.extensions.map(({ tag, value }) => field(tag, bytesOf(value))),
  ];
  const head =
    0x80 +
    (channel === 1 ? 0 : 0x40) +
    (frame.ttlMs === undefined ? 0 : 0x20) +
    (frame.isResent ? 0x10 : 0) +
    (frame.ackNow ? 0x08 : 0) +
    (tagged.length > 0 ? 0x04 : 0);
  const body = Buffer.concat([
    ...(channel === 1 ? [] : [varint(channel)]),
    varint(frame.seq),
    ...(isAnswer ? answered(frame) : [varint(frame.type)]),
    ...(frame.ttlMs === undefined ? [] : [varint(frame.ttlMs)]),
    ...(tagged.length > 0 ? [blob(Buffer.concat(tagged))] : []),
    isAnswer ? answerPayload(frame) : bytesOf(frame.payload),
  ]);
  return { head, body };
}

function answered(frame) {
  const flags = (frame.hasRun ? 8 : 0) + (frame.isRetryable ? 16 : 0);
  return [
    byte(OUTCOMES[frame.outcome] + flags),
    varint(frame.answeredChannel),
    varint(frame.answeredSeq),
  ];
}

function answerPayload(frame) {
  if (frame.outcome === 'reply') return bytesOf(frame.payload);
  if (frame.outcome === 'replyLost') return Buffer.alloc(0);
  if (frame.outcome === 'rejected') return Buffer.concat([text(frame.code), text(frame.reason)]);
  return text(frame.code);
}
