/** Frames that break one rule each. Most are whole and correctly checked, so that only that rule is broken. */
import { appended, built, changed, MALFORMED, raw } from './broken-bytes.mjs';
import { BROKEN_FRAMES } from './broken-frames.mjs';
import { byte, encode, field, blob, headAndBody, text, varint } from './plain-encoder.mjs';
import {
  ack,
  announcement,
  answer,
  firstAck,
  hello,
  message,
  resumingHello,
  welcome,
  window,
} from './sample-frames.mjs';

const MAX = Number.MAX_SAFE_INTEGER;
const channel = { channel: 1, received: 10, handled: 4, ranges: [], window };

/** An ACK of one channel, channel 1, from its flags on. */
const oneChannel = (flags, ...rest) => built(11, raw('010040400101'), byte(flags), ...rest);

const opening = [
  ['hello without a version', encode({ ...hello, minVersion: 0 }), MALFORMED, 'W-4'],
  [
    'hello with versions the wrong way round',
    encode({ ...hello, minVersion: 2 }),
    MALFORMED,
    'W-4',
  ],
  ['hello with boot 0', encode({ ...hello, attempt: { boot: 0, counter: 1 } }), MALFORMED, 'W-4'],
  [
    'hello with a reserved flag',
    changed(hello, ({ body }) => void (body[20] |= 16)),
    MALFORMED,
    'W-5',
  ],
  ['hello with worth 3', changed(hello, ({ body }) => void (body[20] |= 12)), MALFORMED, 'W-4'],
  [
    'hello with abandon 6',
    changed(shortSession(), ({ body }) => void (body[70] = 6)),
    MALFORMED,
    'W-4',
  ],
  ['hello with 65 channels', encode({ ...hello, channels: offers(65) }), MALFORMED, 'W-4'],
  [
    'hello with channels that descend',
    encode({ ...resumingHello, channels: offers(3).reverse() }),
    MALFORMED,
    'W-6',
  ],
  [
    'hello with a channel twice',
    encode({ ...hello, channels: [...offers(1), ...offers(1)] }),
    MALFORMED,
    'W-6',
  ],
  [
    'hello with first seq 0',
    encode({ ...hello, channels: [{ channel: 1, first: 0, reported: 1 }] }),
    MALFORMED,
    'W-4',
  ],
  ['hello with an empty server id', appended(hello, field(2, raw(''))), MALFORMED, 'W-3'],
  [
    'hello with too long credentials',
    encode({ ...hello, credentials: '(c0*2049)' }),
    MALFORMED,
    'W-3',
  ],
  [
    'hello cut in its token',
    built(1, headAndBody(resumingHello).body.subarray(0, 60)),
    MALFORMED,
    'W-2',
  ],
  ['welcome with version 0', encode({ ...welcome, version: 0 }), MALFORMED, 'W-4'],
  ['welcome with a wait of 99 ms', encode(announcing({ waitMs: 99 })), MALFORMED, 'W-4'],
  ['welcome with a wait of 2^31 ms', encode(announcing({ waitMs: 2 ** 31 })), MALFORMED, 'W-4'],
  ['welcome with no largest message', encode(announcing({ maxMessageBytes: 0 })), MALFORMED, 'W-4'],
  [
    'welcome with a largest message above 1 GiB',
    encode(announcing({ maxMessageBytes: 2 ** 30 + 1 })),
    MALFORMED,
    'W-4',
  ],
  [
    'welcome with a short predecessor',
    encode({ ...welcome, predecessor: '5d5d' }),
    MALFORMED,
    'W-3',
  ],
  ['welcome with an empty server id', encode({ ...welcome, serverId: '' }), MALFORMED, 'W-4'],
  [
    'welcome with new reason 6',
    changed({ ...welcome, serverId: 'x' }, ({ body }) => void (body[67] = 6)),
    MALFORMED,
    'W-4',
  ],
  [
    'welcome with credentials valid for 0 ms',
    encode({ ...welcome, validForMs: 0 }),
    MALFORMED,
    'W-4',
  ],
  [
    'ready with an ACK number 0',
    encode({ kind: 'ready', announcement, ack: { ...firstAck, number: 0 } }),
    MALFORMED,
    'W-4',
  ],
  [
    'refuse with a code of 129 bytes',
    encode({ kind: 'refuse', code: 'c'.repeat(129), reason: '' }),
    MALFORMED,
    'W-4',
  ],
  [
    'refuse with a reason of 1,025 bytes',
    encode({ kind: 'refuse', code: '', reason: 'r'.repeat(1025) }),
    MALFORMED,
    'W-4',
  ],
  [
    'credentials of 2,049 bytes',
    encode({ kind: 'credentials', credentials: '(c0*2049)' }),
    MALFORMED,
    'W-4',
  ],
  ['types with an empty name', encode(types('', 'bulk')), MALFORMED, 'W-4'],
  ['types with a type name of 129 bytes', encode(types('t'.repeat(129), 'bulk')), MALFORMED, 'W-4'],
  ['types with a channel name of 65 bytes', encode(types('t', 'k'.repeat(65))), MALFORMED, 'W-4'],
];

const messages = [
  ['a message with seq 0', encode({ ...message, seq: 0 }), MALFORMED, 'W-4'],
  ['a message that spells channel 1 out', built(0xc0, raw('010101')), MALFORMED, 'W-20'],
  ['a message with an empty blob of fields', built(0x84, raw('010100')), MALFORMED, 'W-21'],
  ['a message with fields beyond the end', built(0x84, raw('01010501')), MALFORMED, 'W-2'],
  ['a message with a ttl of 2^31 ms', encode({ ...message, ttlMs: 2 ** 31 }), MALFORMED, 'W-4'],
  [
    'a message with a payload of 65,537 bytes',
    encode({ ...message, payload: '(2a*65537)' }),
    MALFORMED,
    'W-4',
  ],
  [
    'a message whose total is its payload',
    encode({ ...message, totalBytes: 2, payload: '0102' }),
    MALFORMED,
    'W-4',
  ],
  [
    'a message with a total above 1 GiB',
    encode({ ...message, totalBytes: 2 ** 30 + 1, payload: '01' }),
    MALFORMED,
    'W-4',
  ],
  [
    'a message with a total and no payload',
    encode({ ...message, totalBytes: 2 }),
    MALFORMED,
    'W-21',
  ],
  [
    'a total of bytes with a byte after it',
    built(0x84, raw('0101'), blob(field(1, raw('0500'))), raw('01')),
    MALFORMED,
    'W-3',
  ],
  ['a message with an empty id', encode({ ...message, id: '' }), MALFORMED, 'W-3'],
  [
    'a message with an id of 129 bytes',
    encode({ ...message, id: 'i'.repeat(129) }),
    MALFORMED,
    'W-3',
  ],
  [
    'a message with seventeen extensions',
    encode({ ...message, extensions: extensions(17) }),
    MALFORMED,
    'W-3',
  ],
  ['an answer with a ttl', built(0xe0, raw('000100010105')), MALFORMED, 'W-5'],
  ['an answer marked resent', built(0xd0, raw('0001000101')), MALFORMED, 'W-5'],
  ['an answer with outcome 5', built(0xc0, raw('0001050101')), MALFORMED, 'W-4'],
  ['an answer with outcome bit 5', built(0xc0, raw('0001200101')), MALFORMED, 'W-5'],
  ['a reply that says has run', built(0xc0, raw('0001080101')), MALFORMED, 'W-5'],
  ['an expiry that says retryable', built(0xc0, raw('0001130101'), text('X')), MALFORMED, 'W-5'],
  ['an answer to channel 0', encode({ ...answer, answeredChannel: 0 }), MALFORMED, 'W-4'],
  ['an answer to seq 0', encode({ ...answer, answeredSeq: 0 }), MALFORMED, 'W-4'],
  [
    'a lost reply with a payload',
    appended({ ...answer, outcome: 'replyLost' }, raw('00')),
    MALFORMED,
    'W-24',
  ],
  ['a rejection without a reason', built(0xc0, raw('0001020101'), text('X')), MALFORMED, 'W-2'],
  ['a rejection with more after it', appended(rejection(), raw('00')), MALFORMED, 'W-24'],
  ['a rejection with a code of 129 bytes', encode(rejection('c'.repeat(129))), MALFORMED, 'W-4'],
  ['a rejection with total bytes', encode({ ...rejection(), totalBytes: 900 }), MALFORMED, 'W-4'],
  [
    'a cancellation with more after it',
    appended({ ...answer, outcome: 'cancelled', code: 'X' }, raw('00')),
    MALFORMED,
    'W-24',
  ],
];

const parts = [
  ['a fragment at offset 0', built(8, raw('010100ff')), MALFORMED, 'W-4'],
  ['a fragment without payload', built(8, raw('010101')), MALFORMED, 'W-4'],
  ['a fragment of 65,537 bytes', built(8, raw('010101'), raw('(5a*65537)')), MALFORMED, 'W-4'],
  ['a fragment beyond 2^53 − 1', built(8, raw('0101'), varint(MAX), raw('00')), MALFORMED, 'W-4'],
  ['a void of nothing', built(9, raw('01010000')), MALFORMED, 'W-4'],
  ['a void from 0', built(9, raw('01000100')), MALFORMED, 'W-4'],
  ['a void beyond 2^53 − 1', built(9, raw('01'), varint(MAX), raw('0100')), MALFORMED, 'W-4'],
  ['a void with reason 4', built(9, raw('01010104')), MALFORMED, 'W-4'],
  ['a cancel of an answer', built(10, raw('0001')), MALFORMED, 'W-4'],
  ['a cancel of seq 0', built(10, raw('0100')), MALFORMED, 'W-4'],
];

const acks = [
  ['an ack with number 0', encode({ ...ack, number: 0 }), MALFORMED, 'W-4'],
  ['an ack with received 0', oneChannel(0, raw('00004040')), MALFORMED, 'W-4'],
  ['an ack with handled 0', oneChannel(0, raw('05054040')), MALFORMED, 'W-4'],
  ['an ack with a reserved flag', oneChannel(4, raw('05014040')), MALFORMED, 'W-5'],
  ['an ack with ranges, none of them', oneChannel(1, raw('0504404000')), MALFORMED, 'W-4'],
  ['an ack with a gap of 0', oneChannel(1, raw('05044040010001')), MALFORMED, 'W-4'],
  ['an ack with a range of nothing', oneChannel(1, raw('05044040010100')), MALFORMED, 'W-4'],
  ['an ack with a range beyond received', oneChannel(1, raw('05044040010104')), MALFORMED, 'W-4'],
  [
    'an ack with 65 ranges',
    encode({ ...ack, channels: [{ ...channel, received: 200, ranges: manyRanges(65) }] }),
    MALFORMED,
    'W-4',
  ],
  [
    'an ack with a partial that is received',
    oneChannel(2, raw('05004040040000')),
    MALFORMED,
    'W-4',
  ],
  ['an ack with a grant below the offset', oneChannel(2, raw('05004040050201')), MALFORMED, 'W-4'],
  [
    'an ack with channels that descend',
    encode({ ...ack, channels: [{ ...channel, channel: 2 }, channel] }),
    MALFORMED,
    'W-6',
  ],
  [
    'an ack with 65 channels',
    encode({
      ...ack,
      channels: Array.from({ length: 65 }, (_, i) => ({ ...channel, channel: i })),
    }),
    MALFORMED,
    'W-4',
  ],
  ['an ack with fewer channels than it counts', built(11, raw('0100404001')), MALFORMED, 'W-2'],
];

const goingAway = { kind: 'notice', notice: 'goingAway' };

const control = [
  ['a status without an id', encode({ kind: 'status', query: 1, id: '' }), MALFORMED, 'W-4'],
  ['a status answer of 8', built(16, raw('010800')), MALFORMED, 'W-4'],
  ['a close with mode 2', built(17, raw('02000000')), MALFORMED, 'W-4'],
  ['a close acknowledgement with started 0', built(18, raw('010100')), MALFORMED, 'W-4'],
  ['a close acknowledgement that descends', built(18, raw('0202010101')), MALFORMED, 'W-6'],
  ['a notice of 4', built(19, raw('0400')), MALFORMED, 'W-4'],
  ['a notice that sends nowhere', built(19, raw('0101020100')), MALFORMED, 'W-3'],
  ['a notice that sends to an empty address', built(19, raw('010102020100')), MALFORMED, 'W-4'],
  [
    'a notice that sends to nine addresses',
    encode({ ...goingAway, elsewhere: Array.from({ length: 9 }, () => 'a:1') }),
    MALFORMED,
    'W-4',
  ],
  [
    'a notice that sends to an address of 256 bytes',
    encode({ ...goingAway, elsewhere: ['a'.repeat(256)] }),
    MALFORMED,
    'W-4',
  ],
  [
    'a notice with a byte behind its addresses',
    built(19, raw('0101020401016100')),
    MALFORMED,
    'W-3',
  ],
];

/** `[name, bytes, error, rule]`. */
export const BROKEN_CASES = [
  ...BROKEN_FRAMES,
  ...opening,
  ...messages,
  ...parts,
  ...acks,
  ...control,
];

function manyRanges(pairs) {
  return Array.from({ length: 2 * pairs }, (_, i) => 5 + i);
}

function extensions(count) {
  return Array.from({ length: count }, (_, i) => ({ tag: 64 + 2 * i, value: '' }));
}

function offers(count) {
  return Array.from({ length: count }, (_, i) => ({ channel: i, first: 1, reported: 1 }));
}

/** A HELLO in which the byte at 70 of the body is `abandon`. */
function shortSession() {
  return { ...hello, session: { id: '5e'.repeat(16), token: '70'.repeat(32) } };
}

function announcing(changes) {
  return { ...welcome, announcement: { ...announcement, ...changes } };
}

function types(type, name) {
  return {
    kind: 'types',
    types: [{ number: 1, name: type }],
    channels: [{ number: 2, name }],
  };
}

function rejection(code = 'X') {
  return { ...answer, outcome: 'rejected', code, reason: 'r' };
}
