import { encode, PREAMBLE } from '../vectors/plain-encoder.mjs';
import {
  announcement,
  answer,
  channelAck,
  firstAck,
  hello,
  message,
  welcome,
} from '../vectors/sample-frames.mjs';

const ROW_BYTES = 24;

const types = {
  kind: 'types',
  types: [{ number: 1, name: 'orders.place' }],
  channels: [],
};
const heldAck = {
  ...firstAck,
  number: 2,
  channels: [{ ...channelAck, received: 2 }],
};
const answerAck = {
  ...firstAck,
  number: 2,
  channels: [{ ...channelAck, channel: 0, received: 2, handled: 2 }],
};

/** Who says what, in order, of one message from the opening to its reply. */
const CONVERSATION: readonly (readonly [string, string, Uint8Array])[] = [
  ['client', 'preamble', PREAMBLE],
  ['client', 'HELLO', encode(hello)],
  ['server', 'preamble', PREAMBLE],
  ['server', 'WELCOME', encode(welcome)],
  ['client', 'READY', encode({ kind: 'ready', announcement, ack: firstAck })],
  ['client', 'TYPES 1 = orders.place', encode(types)],
  [
    'client',
    'MESSAGE 1, MessagePack {id: 4711}',
    encode({ ...message, payload: '81a26964cd1267' }),
  ],
  ['server', 'ACK, received 2, handled 1', encode(heldAck)],
  [
    'server',
    'MESSAGE 1 in channel 0: the reply, MessagePack true',
    encode({ ...answer, payload: 'c3' }),
  ],
  ['client', 'ACK of the answer', encode(answerAck)],
];

/** A short conversation in bytes, for PROTOCOL.md. */
export function conversationDocument(): string {
  const lines = CONVERSATION.flatMap(([who, what, bytes]) => [`${who}: ${what}`, ...rows(bytes)]);
  return ['', '```text', ...lines, '```', '', ''].join('\n');
}

function rows(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let from = 0; from < bytes.length; from += ROW_BYTES) {
    const row = [...bytes.subarray(from, from + ROW_BYTES)];
    found.push(`    ${row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`);
  }
  return found;
}
