/** Frames of every kind: the least they can say, everything at once, and the edges of each field. */
import { OPENING_CASES } from './opening-cases.mjs';
import { ack, answer, channelAck, message } from './sample-frames.mjs';

const MAX = Number.MAX_SAFE_INTEGER;
const LONGEST_MS = 0x7fff_ffff;
const id = (pair) => pair.repeat(16);

const names = [
  ['types, nothing', { kind: 'types', types: [], channels: [] }],
  [
    'types, two types and a channel',
    {
      kind: 'types',
      types: [
        { number: 1, name: 'orders.place' },
        { number: 2, name: 'Grüße 👋' },
      ],
      channels: [{ number: 2, name: 'bulk' }],
    },
  ],
  [
    'types, the longest names and numbers',
    {
      kind: 'types',
      types: [{ number: MAX, name: 't'.repeat(128) }],
      channels: [{ number: MAX, name: 'k'.repeat(64) }],
    },
  ],
  ['credentials, empty', { kind: 'credentials', credentials: '' }],
  ['credentials, the longest', { kind: 'credentials', credentials: '(c0*2048)' }],
];

const messages = [
  ['message, the least', message],
  [
    'message, one hundred bytes in eleven more',
    { ...message, seq: 2 ** 28 - 1, payload: '(2a*100)' },
  ],
  [
    'message, channel and ttl in fifteen more',
    { ...message, channel: 2, seq: 2 ** 28 - 1, ttlMs: 60_000, payload: '(2a*100)' },
  ],
  [
    'message, the largest numbers',
    { ...message, channel: MAX, seq: MAX, type: MAX, ttlMs: LONGEST_MS },
  ],
  ['message, a ttl of nothing', { ...message, ttlMs: 0 }],
  ['message, type 0', { ...message, type: 0, payload: '00' }],
  [
    'message, resent with its old id',
    { ...message, isResent: true, id: `${id('5d')}.c.default.17` },
  ],
  ['message, acknowledge now', { ...message, ackNow: true }],
  ['message, the longest id', { ...message, id: 'i'.repeat(128) }],
  ['message, the shortest id', { ...message, id: '0' }],
  [
    'message, the first part of a large one',
    { ...message, totalBytes: 65_537, payload: '(11*65536)' },
  ],
  ['message, one byte of the largest', { ...message, totalBytes: 2 ** 30, payload: '11' }],
  [
    'message, extensions, critical and not',
    {
      ...message,
      extensions: [
        { tag: 4, value: '' },
        { tag: 65, value: '01' },
        { tag: 128, value: 'cafe' },
      ],
      payload: 'ff',
    },
  ],
  [
    'message, sixteen extensions',
    {
      ...message,
      extensions: Array.from({ length: 16 }, (_, i) => ({
        tag: i === 15 ? MAX : 64 + 2 * i,
        value: '',
      })),
    },
  ],
  [
    'message, a stream, which version 1 hands on',
    { ...message, extensions: [{ tag: 3, value: '' }], payload: '00' },
  ],
  [
    'message, everything',
    {
      ...message,
      channel: 3,
      seq: 300,
      type: 77,
      ttlMs: 1,
      id: 'order-4711',
      isResent: true,
      ackNow: true,
      totalBytes: 100,
      extensions: [{ tag: 64, value: '00ff' }],
      payload: '0102',
    },
  ],
  [
    'message, a body of 66,560 bytes',
    { ...message, extensions: [{ tag: 64, value: '(00*1016)' }], payload: '(2a*65536)' },
  ],
];

const answers = [
  ['answer, an empty reply', answer],
  [
    'answer, a reply',
    { ...answer, seq: 128, answeredChannel: 2, answeredSeq: 300, payload: '81a26f6bc3' },
  ],
  ['answer, the first part of a large reply', { ...answer, totalBytes: 70_000, payload: '01' }],
  ['answer, reply lost', { ...answer, outcome: 'replyLost', ackNow: true }],
  [
    'answer, rejected by a handler that ran',
    {
      ...answer,
      outcome: 'rejected',
      code: 'OUT_OF_STOCK',
      reason: 'none left',
      hasRun: true,
      isRetryable: true,
    },
  ],
  [
    'answer, rejected and never ran',
    { ...answer, outcome: 'rejected', code: 'WILCO_TYPE_UNKNOWN' },
  ],
  [
    'answer, expired, by message id',
    { ...answer, outcome: 'expired', code: 'WILCO_EXPIRED', answeredId: 'order-4711' },
  ],
  ['answer, cancelled', { ...answer, outcome: 'cancelled', code: 'WILCO_CANCELLED' }],
  [
    'answer, the largest numbers and an extension',
    {
      ...answer,
      seq: MAX,
      answeredChannel: MAX,
      answeredSeq: MAX,
      extensions: [{ tag: 66, value: '07' }],
    },
  ],
];

const parts = [
  ['fragment, the least', { kind: 'fragment', channel: 1, seq: 1, offset: 1, payload: '00' }],
  [
    'fragment, of a reply',
    { kind: 'fragment', channel: 0, seq: 9, offset: 65_536, payload: 'abcdef' },
  ],
  [
    'fragment, the most',
    { kind: 'fragment', channel: MAX, seq: MAX, offset: MAX - 65_536, payload: '(5a*65536)' },
  ],
  ['void, one seq', { kind: 'void', channel: 1, from: 1, to: 2, reason: 'cancelled' }],
  ['void, a range', { kind: 'void', channel: 2, from: 100, to: 400, reason: 'expired' }],
  ['void, all there is', { kind: 'void', channel: MAX, from: 1, to: MAX, reason: 'moved' }],
  ['void, failed', { kind: 'void', channel: 0, from: 5, to: 6, reason: 'failed' }],
  ['cancel', { kind: 'cancel', channel: 1, seq: 1 }],
  ['cancel, the largest numbers', { kind: 'cancel', channel: MAX, seq: MAX }],
];

const acks = [
  ['ack, only the window of the session', ack],
  ['ack, the first', { ...ack, number: 1, window: { messages: 0, bytes: 0 } }],
  [
    'ack, one channel',
    { ...ack, delayUs: 1500, channels: [{ ...channelAck, received: 18, handled: 12 }] },
  ],
  [
    'ack, handled beyond the position',
    { ...ack, channels: [{ ...channelAck, received: 10, handled: 4, ranges: [6, 8, 9, 10] }] },
  ],
  [
    'ack, an unfinished message',
    {
      ...ack,
      channels: [{ ...channelAck, partial: { seq: 1, offset: 65_536, granted: 262_144 } }],
    },
  ],
  [
    'ack, answers, messages and an unfinished reply',
    {
      ...ack,
      channels: [
        {
          ...channelAck,
          channel: 0,
          received: 7,
          handled: 7,
          partial: { seq: 7, offset: 0, granted: 0 },
        },
        { ...channelAck, received: 300, handled: 1, ranges: [2, 300] },
        { ...channelAck, channel: 130, window: { messages: 0, bytes: 0 } },
      ],
    },
  ],
  [
    'ack, the largest numbers',
    {
      kind: 'ack',
      number: MAX,
      delayUs: MAX,
      window: { messages: MAX, bytes: MAX },
      channels: [
        {
          channel: MAX,
          received: MAX,
          handled: 1,
          ranges: [2, 3, MAX - 1, MAX],
          window: { messages: MAX, bytes: MAX },
          partial: { seq: MAX, offset: MAX, granted: MAX },
        },
      ],
    },
  ],
  [
    'ack, sixty-four ranges',
    {
      ...ack,
      channels: [
        {
          ...channelAck,
          received: 130,
          handled: 1,
          ranges: Array.from({ length: 128 }, (_, i) => i + 2),
        },
      ],
    },
  ],
  [
    'ack, sixty-four channels',
    { ...ack, channels: Array.from({ length: 64 }, (_, channel) => ({ ...channelAck, channel })) },
  ],
];

const control = [
  ['probe', { kind: 'probe', nonce: 0, written: 0 }],
  ['probe, the largest numbers', { kind: 'probe', nonce: MAX, written: MAX }],
  ['probeAck', { kind: 'probeAck', nonce: 0, seen: 0 }],
  ['probeAck, the largest numbers', { kind: 'probeAck', nonce: MAX, seen: MAX }],
  ['ping', { kind: 'ping', written: 0 }],
  ['ping, the largest number', { kind: 'ping', written: MAX }],
  ['status', { kind: 'status', query: 0, id: '0' }],
  [
    'status, of a message that was sent a minute ago',
    { kind: 'status', query: 1, id: 'order 1', ageMs: 60_000 },
  ],
  ['status, the longest id', { kind: 'status', query: MAX, id: 'i'.repeat(128) }],
  ...[
    'handled',
    'rejected',
    'expired',
    'cancelled',
    'pending',
    'neverSeen',
    'forgotten',
    'unsupported',
  ].map((status) => [`statusAck, ${status}`, { kind: 'statusAck', query: 1, status, reason: '' }]),
  [
    'statusAck, the longest reason',
    { kind: 'statusAck', query: MAX, status: 'pending', reason: 'r'.repeat(1024) },
  ],
  ['close, end', { kind: 'close', mode: 'end', code: '', reason: '' }],
  [
    'close, detach with an error',
    {
      kind: 'close',
      mode: 'detach',
      code: 'WILCO_FRAME_LOST',
      reason: 'seen 3 of 4',
      retryAfterMs: 250,
    },
  ],
  [
    'close, and the longest list of where to go instead',
    {
      kind: 'close',
      mode: 'end',
      code: 'WILCO_GOING_AWAY',
      reason: '',
      retryAfterMs: 0,
      elsewhere: Array.from({ length: 8 }, (_, i) => String(i).repeat(255)),
    },
  ],
  ['closeAck, nothing', { kind: 'closeAck', channels: [] }],
  [
    'closeAck, three channels',
    {
      kind: 'closeAck',
      channels: [
        { channel: 0, started: 1 },
        { channel: 1, started: 129 },
        { channel: MAX, started: MAX },
      ],
    },
  ],
  ['notice, taken over', { kind: 'notice', notice: 'takenOver' }],
  ['notice, going away', { kind: 'notice', notice: 'goingAway', afterMs: 1500 }],
  [
    'notice, going away, and where to go instead',
    { kind: 'notice', notice: 'goingAway', afterMs: 0, elsewhere: ['orders-2.example:7411'] },
  ],
  [
    'notice, credentials accepted for an hour',
    { kind: 'notice', notice: 'credentialsAccepted', afterMs: 3_600_000 },
  ],
  ['notice, credentials accepted for ever', { kind: 'notice', notice: 'credentialsAccepted' }],
  [
    'notice, credentials undecided',
    { kind: 'notice', notice: 'credentialsUndecided', afterMs: 2_000 },
  ],
];

/** `[name, frame]`, with a CRC. */
export const FRAME_CASES = [
  ...OPENING_CASES,
  ...names,
  ...messages,
  ...answers,
  ...parts,
  ...acks,
  ...control,
];

/** `[name, frame]`, as they travel when both sides declared integrity. */
export const UNCHECKED_CASES = [
  ['message without a CRC', { ...message, payload: '68656c6c6f' }],
  ['ack without a CRC', ack],
  ['ping without a CRC', { kind: 'ping', written: 3 }],
];
