/** What is wrong with a frame whatever its kind: its length, CRC and head, its primitives, its fields. */
import { appended, built, changed, MALFORMED, raw } from './broken-bytes.mjs';
import { blob, encode, field, varint } from './plain-encoder.mjs';
import { message } from './sample-frames.mjs';

const ping = { kind: 'ping', written: 5 };
const close = { kind: 'close', mode: 'end', code: '', reason: '' };

const framing = [
  ['a length of 0', raw('00'), MALFORMED, 'W-10'],
  ['a length without room for the CRC', raw('040b010203'), MALFORMED, 'W-10'],
  ['a length longer than it needs to be', raw('86000e05'), MALFORMED, 'W-1'],
  ['a length of one more than the largest', raw('868804'), 'WILCO_FRAME_TOO_LARGE', 'W-9'],
  ['a length of four bytes', raw('ffffff'), 'WILCO_FRAME_TOO_LARGE', 'W-9'],
  ['a wrong CRC', flipped(encode(ping), -1), 'WILCO_FRAME_CORRUPT', 'W-13'],
  [
    'a damaged body',
    flipped(encode({ ...message, payload: '(2a*100)' }), 50),
    'WILCO_FRAME_CORRUPT',
    'W-13',
  ],
  [
    'a damaged head, which would be malformed as well',
    flipped(encode(ping), 1),
    'WILCO_FRAME_CORRUPT',
    'W-13',
  ],
  ['kind 0', built(0), MALFORMED, 'W-17'],
  ['kind 7', built(7), MALFORMED, 'W-17'],
  ['kind 20, reserved', built(20), MALFORMED, 'W-17'],
  ['kind 63, unknown', built(63, raw('00')), MALFORMED, 'W-17'],
  ['a known kind that says skip me', changed(ping, ({ head }) => head + 64), MALFORMED, 'W-18'],
  ['a message with reserved bit 0', changed(message, ({ head }) => head + 1), MALFORMED, 'W-5'],
  ['a message with reserved bit 1', changed(message, ({ head }) => head + 2), MALFORMED, 'W-5'],
];

const primitives = [
  ['a varint longer than it needs to be', built(14, raw('8500')), MALFORMED, 'W-1'],
  ['a varint above 2^53 − 1', built(14, raw('ffffffffffffff1f')), MALFORMED, 'W-1'],
  ['a varint of nine bytes', built(14, raw('808080808080808001')), MALFORMED, 'W-1'],
  ['a varint that does not end', built(14, raw('80')), MALFORMED, 'W-2'],
  ['an empty body where a varint is due', built(14), MALFORMED, 'W-2'],
  ['a text beyond the end', built(15, raw('0005'), raw('61')), MALFORMED, 'W-2'],
  ['a text that is not UTF-8', built(15, raw('00'), blob(raw('c328'))), MALFORMED, 'W-2'],
  ['a text with an overlong form', built(15, raw('00'), blob(raw('c0af'))), MALFORMED, 'W-2'],
  ['a text with a lone surrogate', built(15, raw('00'), blob(raw('eda080'))), MALFORMED, 'W-2'],
  ['a count of names beyond the end', built(5, raw('ff07')), MALFORMED, 'W-2'],
  [
    'a retry after more than 2^31 − 1 ms',
    built(19, raw('01'), varint(2 ** 31 + 1)),
    MALFORMED,
    'W-4',
  ],
];

const fields = [
  ['a field with tag 0', appended(ping, raw('0000')), MALFORMED, 'W-3'],
  ['a field beyond the end', appended(ping, raw('0202ff')), MALFORMED, 'W-2'],
  ['an unknown critical field', appended(ping, field(3, raw(''))), MALFORMED, 'W-3'],
  ['fields that descend', appended(ping, field(4, raw('')), field(2, raw(''))), MALFORMED, 'W-3'],
  ['a field twice', appended(ping, field(2, raw('')), field(2, raw(''))), MALFORMED, 'W-3'],
  ['seventeen unknown fields', appended(ping, ...manyFields(17)), MALFORMED, 'W-3'],
  ['one byte after the end', appended(close, raw('02')), MALFORMED, 'W-2'],
];

/** `[name, bytes, error, rule]` */
export const BROKEN_FRAMES = [...framing, ...primitives, ...fields];

function flipped(bytes, at) {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] ^= 1;
  return copy;
}

function manyFields(count) {
  return Array.from({ length: count }, (_, i) => field(2 + 2 * i, raw('')));
}
