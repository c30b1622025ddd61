/** What one side writes from its first byte on: preamble and frames, some of them broken off. */
import {
  announcement,
  answer,
  firstAck,
  hello,
  message,
  resumedWelcome,
  resumingHello,
  welcome,
} from './sample-frames.mjs';
import { bytesOf, encode, PREAMBLE, wrap } from './plain-encoder.mjs';

const ready = { kind: 'ready', announcement, ack: firstAck };
const types = {
  kind: 'types',
  types: [{ number: 1, name: 'orders.place' }],
  channels: [{ number: 2, name: 'bulk' }],
};
const first = { ...message, payload: '81a26964cd1267' };
const large = { ...message, channel: 2, totalBytes: 70_000, payload: '(11*65536)' };
const fragment = { kind: 'fragment', channel: 2, seq: 1, offset: 65_536, payload: '(22*4464)' };
const ping = { kind: 'ping', written: 3 };
const unknown = wrap(0x40 + 42, bytesOf('0badc0de'));

const clientOpens = [hello, ready, types, first];
const clientDeclares = [
  { ...hello, hasIntegrity: true },
  { ...ready, announcement: { ...announcement, hasIntegrity: true } },
  types,
  first,
];
const serverDeclares = [
  { ...welcome, announcement: { ...announcement, hasIntegrity: true } },
  { ...answer, payload: 'c3' },
];

/** `{ name, bytes, frames, skipped, hasIntegrity?, error? }` */
export const STREAM_CASES = [
  stream('only the preamble', []),
  stream('a client opens and sends a message', clientOpens),
  stream('a client resumes and repeats a message', [
    resumingHello,
    ready,
    types,
    { ...first, seq: 301 },
  ]),
  stream('a server welcomes and answers', [welcome, { ...firstAck, number: 2 }, answer]),
  stream('a server resumes a session', [JSON.parse(JSON.stringify(resumedWelcome)), ping]),
  stream('a server refuses', [
    { kind: 'refuse', code: 'WILCO_OVERLOADED', reason: '', retryAfterMs: 500 },
  ]),
  stream('a message of another channel goes between the parts of a large one', [
    ...clientOpens.slice(0, 3),
    large,
    first,
    fragment,
  ]),
  stream('after the opening the frames have no CRC: a client', clientDeclares, {
    hasIntegrity: true,
  }),
  stream('after the opening the frames have no CRC: a server', serverDeclares, {
    hasIntegrity: true,
  }),
  {
    ...stream('a frame that is not known is skipped', [...clientOpens, ping]),
    bytes: Buffer.concat([written(clientOpens), unknown, encode(ping)]),
    skipped: 1,
  },
  broken(
    'something else speaks on this port',
    Buffer.from('GET / HTTP/1.1\r\n'),
    [],
    'WILCO_PREAMBLE_UNKNOWN',
  ),
  broken('a stranger who says one byte', bytesOf('16'), [], 'WILCO_PREAMBLE_UNKNOWN'),
  broken('almost our name', bytesOf('57494c434f0d0d01'), [], 'WILCO_PREAMBLE_UNKNOWN'),
  broken('another framing version', bytesOf('57494c434f0d0a02'), [], 'WILCO_VERSION_UNSUPPORTED'),
  broken(
    'the frames before a broken one hold, the ones after it are not read',
    Buffer.concat([written(clientOpens), wrap(63, bytesOf('')), encode(ping)]),
    clientOpens,
    'WILCO_FRAME_MALFORMED',
  ),
  broken(
    'one wrong bit in the last of three frames',
    damaged(written([hello, ready, types])),
    [hello, ready],
    'WILCO_FRAME_CORRUPT',
  ),
  {
    ...broken(
      'a HELLO without its CRC',
      Buffer.concat([PREAMBLE, encode(hello, { hasChecksum: false })]),
      [],
      'WILCO_FRAME_CORRUPT',
    ),
    hasIntegrity: true,
  },
];

function stream(name, frames, { hasIntegrity = false } = {}) {
  return { name, bytes: written(frames, hasIntegrity), frames, skipped: 0, hasIntegrity };
}

function broken(name, bytes, frames, error) {
  return { name, bytes, frames, skipped: 0, hasIntegrity: false, error };
}

function written(frames, hasIntegrity = false) {
  const parts = frames.map((frame) => {
    const isOpening = ['hello', 'welcome', 'refuse', 'ready'].includes(frame.kind);
    return encode(frame, { hasChecksum: isOpening || !hasIntegrity });
  });
  return Buffer.concat([PREAMBLE, ...parts]);
}

function damaged(bytes) {
  const copy = Buffer.from(bytes);
  copy[copy.length - 6] ^= 4;
  return copy;
}
