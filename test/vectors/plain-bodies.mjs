/** Reads the body of each kind of frame, after the tables of PROTOCOL.md, section 2.5. */
import { hexOf } from './plain-encoder.mjs';
import { Broken, Reader, textOf } from './plain-reader.mjs';

const WORTHS = ['memory', 'lazy', 'synced'];
const NEW_REASONS = ['first', 'unknown', 'clientStateLost', 'serverStateLost', 'ended'];
const OUTCOMES = ['reply', 'replyLost', 'rejected', 'expired', 'cancelled'];
const STATUSES = [
  'handled',
  'rejected',
  'expired',
  'cancelled',
  'pending',
  'neverSeen',
  'forgotten',
  'unsupported',
];
const NOTICES = ['takenOver', 'goingAway', 'credentialsAccepted', 'credentialsUndecided'];
const MAX = Number.MAX_SAFE_INTEGER;

/** A frame that is no MESSAGE, from its kind and body. */
export function readBody(kind, body) {
  const reader = new Reader(body);
  const { name, read, fields } = BODIES[kind];
  const frame = { kind: name, ...read(reader) };
  if (name === 'fragment') return frame;
  const found = {};
  reader.fields(fields?.(found));
  return withoutAbsent({ ...frame, ...found });
}

const BODIES = {
  1: {
    name: 'hello',
    read: readHello,
    fields: (found) => ({
      2: (value) => (found.expectedServer = shortText(value, 255)),
      4: (value) => (found.credentials = shortHex(value, 0, 2048)),
    }),
  },
  2: {
    name: 'welcome',
    read: readWelcome,
    fields: (found) => ({
      2: (value) => (found.predecessor = shortHex(value, 16, 16)),
      4: (value) => (found.predecessorAck = ackOf(new Reader(value))),
      6: (value) => (found.validForMs = onlyVarint(value, 1, 0x7fff_ffff)),
      8: (value) => {
        const reader = new Reader(value);
        found.predecessorStarted = started(reader);
        if (!reader.isAtEnd) throw new Broken('W-3');
      },
    }),
  },
  3: {
    name: 'refuse',
    read: (reader) => ({
      code: reader.text(0, 128),
      reason: reader.text(0, 1024),
      retryAfterMs: reader.after(),
    }),
    fields: elsewhere,
  },
  4: {
    name: 'ready',
    read: (reader) => ({ announcement: readAnnouncement(reader), ack: readAckBlob(reader) }),
  },
  5: {
    name: 'types',
    read: (reader) => ({ types: names(reader, 1024, 128), channels: names(reader, 64, 64) }),
  },
  6: {
    name: 'credentials',
    read: (reader) => ({ credentials: hexOf(reader.blob(0, 2048)) }),
  },
  8: { name: 'fragment', read: readFragment },
  9: { name: 'void', read: readVoid },
  10: {
    name: 'cancel',
    read: (reader) => ({ channel: reader.varint(1), seq: reader.seq() }),
  },
  11: { name: 'ack', read: readAck },
  12: {
    name: 'probe',
    read: (reader) => ({ nonce: reader.varint(), written: reader.varint() }),
  },
  13: {
    name: 'probeAck',
    read: (reader) => ({ nonce: reader.varint(), seen: reader.varint() }),
  },
  14: { name: 'ping', read: (reader) => ({ written: reader.varint() }) },
  15: {
    name: 'status',
    read: (reader) => ({ query: reader.varint(), id: reader.text(1, 128) }),
    fields: (found) => ({ 2: (value) => (found.ageMs = onlyVarint(value, 0, MAX)) }),
  },
  16: {
    name: 'statusAck',
    read: (reader) => ({
      query: reader.varint(),
      status: reader.choice(STATUSES),
      reason: reader.text(0, 1024),
    }),
  },
  17: {
    name: 'close',
    read: (reader) => ({
      mode: reader.choice(['end', 'detach']),
      code: reader.text(0, 128),
      reason: reader.text(0, 1024),
      retryAfterMs: reader.after(),
    }),
    fields: elsewhere,
  },
  18: {
    name: 'closeAck',
    read: (reader) => ({ channels: started(reader) }),
  },
  19: {
    name: 'notice',
    read: (reader) => ({
      notice: reader.choice(NOTICES),
      afterMs: reader.after(),
    }),
    fields: elsewhere,
  },
};

function readHello(reader) {
  const minVersion = reader.varint(1);
  const maxVersion = reader.varint(minVersion);
  const runId = reader.hex(16);
  const attempt = { boot: reader.varint(1), counter: reader.varint(1) };
  const flags = reader.byte();
  if (flags > 15) throw new Broken('W-5');
  const worth = worthOf(flags >> 2);
  const features = reader.varint();
  const hasSession = (flags & 1) === 1;
  const session = hasSession ? { id: reader.hex(16), token: reader.hex(32) } : undefined;
  const abandon = hasSession ? newReason(reader) : undefined;
  const hasIntegrity = (flags & 2) === 2;
  const channels = readOffers(reader);
  const range = { minVersion, maxVersion, runId, attempt };
  return { ...range, session, abandon, channels, hasIntegrity, worth, features };
}

function readWelcome(reader) {
  return {
    version: reader.varint(1),
    serverId: reader.text(1, 255),
    runId: reader.hex(16),
    sessionId: reader.hex(16),
    token: reader.hex(32),
    newReason: newReason(reader),
    channels: readOffers(reader),
    announcement: readAnnouncement(reader),
    ack: readAckBlob(reader),
  };
}

function readOffers(reader) {
  return reader.channels(() => ({
    channel: reader.varint(),
    first: reader.seq(),
    reported: reader.seq(),
  }));
}

function readAnnouncement(reader) {
  const told = {
    waitMs: reader.varint(100, 0x7fff_ffff),
    ackDelayMs: reader.duration(),
    handlerTimeoutMs: reader.duration(),
    handlerGraceMs: reader.duration(),
    resumeWindowMs: reader.duration(),
    maxMessageBytes: reader.varint(1, 2 ** 30),
  };
  const flags = reader.byte();
  if (flags > 7) throw new Broken('W-5');
  const worth = worthOf(flags & 3);
  return { ...told, worth, hasIntegrity: flags >= 4, features: reader.varint() };
}

function started(reader) {
  return reader.channels(() => ({ channel: reader.varint(), started: reader.seq() }));
}

function readAckBlob(reader) {
  return ackOf(new Reader(reader.blob()));
}

function ackOf(inner) {
  const ack = { kind: 'ack', ...readAck(inner) };
  inner.fields();
  return ack;
}

function names(reader, most, nameBytes) {
  return reader.list(most, () => ({ number: reader.varint(), name: reader.text(1, nameBytes) }));
}

function readFragment(reader) {
  const place = { channel: reader.varint(), seq: reader.seq(), offset: reader.varint(1) };
  const payload = reader.rest();
  if (payload.length < 1 || payload.length > 65_536) throw new Broken('W-4');
  if (place.offset + payload.length > MAX) throw new Broken('W-4');
  return { ...place, payload: hexOf(payload) };
}

function readVoid(reader) {
  const channel = reader.varint();
  const from = reader.seq();
  const to = from + reader.varint(1, MAX - from);
  return { channel, from, to, reason: reader.choice(['cancelled', 'expired', 'moved', 'failed']) };
}

function readAck(reader) {
  return {
    number: reader.varint(1),
    delayUs: reader.varint(),
    window: { messages: reader.varint(), bytes: reader.varint() },
    channels: reader.channels(() => readChannelAck(reader)),
  };
}

function readChannelAck(reader) {
  const channel = reader.varint();
  const flags = reader.byte();
  if (flags > 3) throw new Broken('W-5');
  const received = reader.seq();
  const handled = received - reader.varint(0, received - 1);
  const window = { messages: reader.varint(), bytes: reader.varint() };
  const ranges = flags & 1 ? readRanges(reader, handled, received) : [];
  const partial = flags & 2 ? readPartial(reader, received) : undefined;
  return withoutAbsent({ channel, received, handled, ranges, window, partial });
}

function readRanges(reader, handled, received) {
  const ranges = [];
  let end = handled;
  const pairs = reader.varint(1, 64);
  for (let i = 0; i < pairs; i += 1) {
    const from = end + reader.varint(1, MAX - end);
    end = from + reader.varint(1, MAX - from);
    ranges.push(from, end);
  }
  if (end > received) throw new Broken('W-4');
  return ranges;
}

function readPartial(reader, received) {
  const seq = reader.varint(received);
  const offset = reader.varint();
  return { seq, offset, granted: reader.varint(offset) };
}

/** A MESSAGE or an answer, from its head and body. */
export function readMessage(head, body) {
  if (head & 3) throw new Broken('W-5');
  const reader = new Reader(body);
  const channel = head & 0x40 ? reader.varint() : 1;
  if (channel === 1 && head & 0x40) throw new Broken('W-20');
  const seq = reader.seq();
  if (channel === 0) return readAnswer(head, reader, seq);
  const type = reader.varint();
  const ttlMs = head & 0x20 ? reader.duration() : undefined;
  const { id, totalBytes, extensions } = readMessageFields(head, reader);
  const payload = readPayload(reader, totalBytes);
  const flags = { isResent: (head & 0x10) > 0, ackNow: (head & 8) > 0 };
  const place = { kind: 'message', channel, seq, type };
  return withoutAbsent({ ...place, ttlMs, id, ...flags, totalBytes, extensions, payload });
}

function readAnswer(head, reader, seq) {
  if (head & 0x30) throw new Broken('W-5');
  const told = reader.byte();
  const outcome = OUTCOMES[told & 7];
  if (outcome === undefined) throw new Broken('W-4');
  if (told > 31 || (told > 7 && outcome !== 'rejected')) throw new Broken('W-5');
  const place = { answeredChannel: reader.varint(1), answeredSeq: reader.seq() };
  const { id: answeredId, totalBytes, extensions } = readMessageFields(head, reader);
  if (totalBytes !== undefined && outcome !== 'reply') throw new Broken('W-4');
  const payload = outcome === 'reply' ? readPayload(reader, totalBytes) : '';
  const isRejected = outcome === 'rejected';
  const code = ['reply', 'replyLost'].includes(outcome) ? '' : reader.text(0, 128);
  const reason = isRejected ? reader.text(0, 1024) : '';
  if (!reader.isAtEnd) throw new Broken('W-24');
  const flags = { hasRun: (told & 8) > 0, isRetryable: (told & 16) > 0, ackNow: (head & 8) > 0 };
  const answer = { kind: 'answer', seq, ...place, answeredId, outcome, code, reason };
  return withoutAbsent({ ...answer, ...flags, totalBytes, extensions, payload });
}

function readMessageFields(head, reader) {
  const found = { extensions: [] };
  if (!(head & 4)) return found;
  const fields = reader.blob();
  if (fields.length === 0) throw new Broken('W-21');
  const known = {
    1: (value) => (found.totalBytes = onlyVarint(value, 0, 2 ** 30)),
    2: (value) => (found.id = shortText(value, 128)),
  };
  new Reader(fields).fields(known, (tag, value) =>
    found.extensions.push({ tag, value: hexOf(value) }),
  );
  return found;
}

function readPayload(reader, totalBytes) {
  const payload = reader.rest();
  if (payload.length > 65_536) throw new Broken('W-4');
  if (totalBytes !== undefined && totalBytes <= payload.length) throw new Broken('W-4');
  if (totalBytes !== undefined && payload.length === 0) throw new Broken('W-21');
  return hexOf(payload);
}

/** Field 2 of REFUSE, CLOSE and NOTICE. */
function elsewhere(found) {
  return {
    2: (value) => {
      const reader = new Reader(value);
      found.elsewhere = reader.list(8, () => reader.text(1, 255));
      if (found.elsewhere.length === 0 || !reader.isAtEnd) throw new Broken('W-3');
    },
  };
}

function onlyVarint(value, least, most) {
  const reader = new Reader(value);
  const number = reader.varint(least, most);
  if (!reader.isAtEnd) throw new Broken('W-3');
  return number;
}

function shortText(value, most) {
  if (value.length < 1 || value.length > most) throw new Broken('W-3');
  return textOf(value);
}

function shortHex(value, least, most) {
  if (value.length < least || value.length > most) throw new Broken('W-3');
  return hexOf(value);
}

function worthOf(bits) {
  const worth = WORTHS[bits];
  if (worth === undefined) throw new Broken('W-4');
  return worth;
}

function newReason(reader) {
  const value = reader.byte();
  if (value > NEW_REASONS.length) throw new Broken('W-4');
  return value === 0 ? undefined : NEW_REASONS[value - 1];
}

function withoutAbsent(frame) {
  return Object.fromEntries(Object.entries(frame).filter(([, value]) => value !== undefined));
}
