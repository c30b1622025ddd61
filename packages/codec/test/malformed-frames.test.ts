import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAll, encodeAll, expectSame, hex, rawFrame } from './byte-stream.ts';
import { anyFrame } from './frame-arbitraries.ts';

const MAX_VARINT = 'ff ff ff ff ff ff ff 0f';
const ID = '00'.repeat(16);
const TOKEN = '11'.repeat(32);
const ANNOUNCEMENT = '64 00 00 00 00 01 00 00';
const ACK = '01 00 00 00 00';

/** Head, body, what the error says. The right checksum is added. */
const MALFORMED: readonly (readonly [head: number, body: string, why: string])[] = [
  // Varints, by way of PING.
  [0x0e, '', 'written is cut off'],
  [0x0e, '80', 'written is cut off'],
  [0x0e, '80 00', 'written is longer than it needs to be'],
  [0x0e, 'ff 80 80 00', 'written is longer than it needs to be'],
  [0x0e, 'ff ff ff ff ff ff ff 10', 'written is more than 2^53 - 1'],
  [0x0e, 'ff ff ff ff ff ff ff ff', 'written has more than 8 bytes'],
  [0x0e, 'ff ff ff ff ff ff ff 7f', 'written is more than 2^53 - 1'],
  // Fields.
  [0x0e, '00 00 00', 'field 0 after field 0'],
  [0x0e, '00 02 00 02 00', 'field 2 after field 2'],
  [0x0e, '00 04 00 02 00', 'field 2 after field 4'],
  [0x0e, '00 01 00', 'the critical field 1 is unknown'],
  [0x0e, '00 02', 'the size of a field is cut off'],
  [0x0e, '00 02 05 00', 'a field goes beyond the end'],
  [0x0e, `00 02 ${MAX_VARINT}`, 'a field goes beyond the end'],
  [0x0e, `00 ${evenFields(17)}`, 'more than 16 unknown fields'],
  // MESSAGE.
  [0x80, '', 'seq is cut off'],
  [0x80, '01', 'the type is cut off'],
  [0x80, '00 01', 'seq is 0'],
  [0x81, '01 01', 'reserved bits'],
  [0x82, '01 01', 'reserved bits'],
  [0xc0, '01 01 01', 'channel 1 is written out'],
  [0xa0, '01 01 80 80 80 80 08', 'the ttl is 2147483648'],
  [0xa0, '01 01', 'the ttl is cut off'],
  [0x84, '01 01', 'the size of the fields is cut off'],
  [0x84, '01 01 00', 'the fields are announced and empty'],
  [0x84, '01 01 05 02 01', 'the blob of fields goes beyond the end'],
  [0x84, '01 01 02 02 00', 'the message id has 0 bytes'],
  [0x84, '01 01 03 02 02 41', 'message id wants 2 bytes, 1 are left'],
  [0x84, '01 01 03 02 01 ff', 'the message id is not UTF-8'],
  [0x84, '01 01 05 02 03 ed a0 80', 'the message id is not UTF-8'],
  [0x84, '01 01 04 02 02 c0 80', 'the message id is not UTF-8'],
  [0x84, `01 01 84 01 02 81 01 ${'41'.repeat(129)}`, 'the message id has 129 bytes'],
  [0x84, '01 01 03 01 01 00 aa', 'total bytes is 0'],
  [0x84, '01 01 03 01 01 05', 'total bytes without payload'],
  [0x84, '01 01 03 01 01 02 aa bb', 'total bytes is 2, and this frame has 2'],
  [0x84, '01 01 04 01 02 05 05 aa', '1 bytes are left behind total bytes'],
  [0x84, '01 01 08 01 06 81 80 80 80 80 01 aa', 'total bytes is'],
  [0x84, '01 01 06 41 01 00 40 01 00', 'field 64 after field 65'],
  [0x84, `01 01 22 ${evenFields(17, 0x40)}`, 'more than 16 unknown fields'],
  [0x80, `01 01 ${'00'.repeat(65_537)}`, 'the payload has 65537 bytes'],
  // Answers.
  [0xe0, '00 01 00 01 01', 'an answer has a ttl or is resent'],
  [0xd0, '00 01 00 01 01', 'an answer has a ttl or is resent'],
  [0xc0, '00 01', 'the flags of the outcome is missing'],
  [0xc0, '00 01 05 01 01', 'the outcome is 5'],
  [0xc0, '00 01 20 01 01', 'the flags of the outcome have reserved bits set'],
  [0xc0, '00 01 08 01 01', "the outcome 'reply' says hasRun or isRetryable"],
  [0xc0, '00 01 14 01 01', "the outcome 'cancelled' says hasRun or isRetryable"],
  [0xc0, '00 01 00 00 01', 'the answered channel is 0'],
  [0xc0, '00 01 00 01 00', 'the answered seq is 0'],
  [0xc0, '00 01 01 01 01 aa', '1 bytes are left behind the outcome'],
  [0xc0, '00 01 02 01 01 01 41', 'the size of the reason is cut off'],
  [0xc0, '00 01 02 01 01 01 41 00 00', '1 bytes are left behind the outcome'],
  [0xc0, '00 01 03 01 01 01 41 00', '1 bytes are left behind the outcome'],
  [0xc0, `00 01 03 01 01 81 01 ${'41'.repeat(129)}`, 'the size of the code is 129'],
  [0xc4, '00 01 03 01 01 03 01 01 05 01 41', "the outcome 'expired' has total bytes"],
  // FRAGMENT.
  [0x08, '01 01 01', 'the payload is empty'],
  [0x08, '01 01 00 aa', 'the offset is 0'],
  [0x08, '01 00 01 aa', 'seq is 0'],
  [0x08, `01 01 ${MAX_VARINT} aa`, 'goes beyond 2^53 - 1'],
  [0x08, `01 01 01 ${'00'.repeat(65_537)}`, 'the payload has 65537 bytes'],
  // VOID and CANCEL.
  [0x09, '01 01 00 00', 'the count is 0'],
  [0x09, `01 02 ${MAX_VARINT} 00`, 'the count is'],
  [0x09, '01 01 01 04', 'the reason is 4'],
  [0x09, '01 01 01', 'the reason is missing'],
  [0x0a, '00 01', 'the channel is 0'],
  [0x0a, '01 00', 'seq is 0'],
  // ACK.
  [0x0b, '00 00 00 00 00', 'the number is 0'],
  [0x0b, '01 00 00 00 41', 'the count of channels is 65'],
  [0x0b, '01 00 00 00 02 01 00 01 00 00 00', 'the count of channels is 2, more than'],
  [0x0b, '01 00 00 00 02 01 00 01 00 00 00 01 00 01 00 00 00', 'channels do not ascend'],
  [0x0b, '01 00 00 00 01 01 04 01 00 00 00', 'the flags of a channel have reserved bits set'],
  [0x0b, '01 00 00 00 01 01 00 00 00 00 00', 'received is 0'],
  [0x0b, '01 00 00 00 01 01 00 05 05 00 00', 'received - handled is 5'],
  [0x0b, '01 00 00 00 01 01 01 0a 06 00 00 00', 'ranges are announced and empty'],
  [0x0b, '01 00 00 00 01 01 01 0a 06 00 00 41', 'the count of ranges is 65'],
  [0x0b, '01 00 00 00 01 01 01 0a 06 00 00 01 00 01', 'a gap is 0'],
  [0x0b, '01 00 00 00 01 01 01 0a 06 00 00 01 01 00', 'the length of a range is 0'],
  [0x0b, '01 00 00 00 01 01 01 0a 06 00 00 01 01 06', 'a range ends beyond received'],
  [0x0b, `01 00 00 00 01 01 01 0a 06 00 00 01 ${MAX_VARINT} ${MAX_VARINT}`, 'a range ends beyond'],
  [0x0b, '01 00 00 00 01 01 02 0a 06 00 00 09 00 00', 'the seq of a partial message is 9'],
  [0x0b, '01 00 00 00 01 01 02 0a 06 00 00 0a 05 04', 'granted is 4'],
  // The rest.
  [0x03, '00 00 81 80 80 80 08', 'the delay is 2147483649'],
  [0x03, `00 81 08 ${'41'.repeat(1_025)} 00`, 'the size of the reason is 1025'],
  [0x05, '01 01 00 00', 'the size of the name of a type is 0'],
  [0x05, '81 08', 'the count of types is 1025'],
  [0x05, '80 08 01 01 41', 'the count of types is 1024, more than'],
  [0x05, '00 41', 'the count of channels is 65'],
  [0x05, `00 01 01 41 ${'41'.repeat(65)}`, 'the size of the name of a channel is 65'],
  [0x06, `81 10 ${'00'.repeat(2_049)}`, 'the size of the credentials is 2049'],
  [0x0f, '01 00', 'the size of the message id is 0'],
  [0x10, '01 08 00', 'the status is 8'],
  [0x11, '02 00 00 00', 'the mode is 2'],
  [0x12, '01 01 00', 'started is 0'],
  [0x12, '02 02 01 01 01', 'channels do not ascend'],
  [0x13, '04 00', 'the notice is 4'],
  [0x13, '01 01 02 01 00', 'the count of addresses is 0'],
  [0x13, '01 01 02 01 09', 'the count of addresses is 9'],
  [0x13, '01 01 02 02 01 00', 'the size of an address is 0'],
  [0x01, `00 01 ${ID} 01 01 00 00 00`, 'the least version is 0'],
  [0x01, `02 01 ${ID} 01 01 00 00 00`, 'the most version is 1'],
  [0x01, `01 01 ${ID} 01 01 10 00 00`, 'the flags have reserved bits set'],
  [0x01, `01 01 ${ID} 01 01 0c 00 00`, 'the worth is 3'],
  [0x01, `01 01 ${ID} 00 01 00 00 00`, 'the boot count is 0'],
  [0x01, `01 01 ${ID} 01 01 01 00 ${ID} ${TOKEN} 06 00`, 'abandon is 6'],
  [0x01, `01 01 ${ID} 01 01 00 00 02 01 01 01 01 01 01`, 'channels do not ascend'],
  [0x01, `01 01 ${ID} 01 01 00 00 01 01 00 01`, 'first is 0'],
  [0x01, `01 01 ${ID} 01 01 00 00 00 02 00`, 'field 2 has 0 bytes'],
  [0x01, `01 01 ${ID} 01 01 00 00 00 02 80 02 ${'41'.repeat(256)}`, 'field 2 has 256 bytes'],
  [0x01, `01 01 ${ID} 01 01 00 00 00 04 81 10 ${'41'.repeat(2_049)}`, 'field 4 has 2049 bytes'],
  [0x02, `01 00`, 'the size of the server id is 0'],
  [0x02, `01 01 41 ${ID} ${ID} ${TOKEN} 06`, 'the new reason is 6'],
  [0x02, `01 01 41 ${ID} ${ID} ${TOKEN} 00 00 63 00`, 'the wait is 99'],
  [
    0x02,
    `01 01 41 ${ID} ${ID} ${TOKEN} 00 00 ${ANNOUNCEMENT} 05 ${ACK} 02 01 00`,
    'the predecessor wants 16 bytes, 1 are left',
  ],
  [0x04, `64 00 00 00 00 00 00 00 05 ${ACK}`, 'the largest message is 0'],
  [
    0x04,
    `64 00 00 00 00 01 08 00 05 ${ACK}`,
    'the flags of the announcement have reserved bits set',
  ],
  [0x04, `64 00 00 00 00 01 03 00 05 ${ACK}`, 'the worth is 3'],
  [0x04, `${ANNOUNCEMENT} 06 ${ACK}`, 'the ACK goes beyond the end'],
  [0x04, `${ANNOUNCEMENT} 04 ${ACK}`, 'the count of channels is cut off'],
  [0x04, `${ANNOUNCEMENT} 06 ${ACK} 00`, 'field 0 after field 0'],
];

function evenFields(count: number, from = 2): string {
  return Array.from(
    { length: count },
    (_, i) => `${(from + 2 * i).toString(16).padStart(2, '0')} 00`,
  ).join(' ');
}

describe('a frame that breaks a rule', () => {
  for (const [head, body, why] of MALFORMED) {
    const name = `0x${head.toString(16)} ${body.length > 60 ? `${body.slice(0, 60)}…` : body}`;
    it(`is malformed, and told why: ${name}`, () => {
      const bytes = rawFrame(head, hex(body));
      for (const sizes of [[], [1], [13]]) {
        const { error, frames } = decodeAll(bytes, sizes);
        expect(error?.code).toBe('WILCO_FRAME_MALFORMED');
        expect(error?.message).toContain(why);
        expect(frames).toEqual([]);
      }
    });
  }
});

describe('what a later version may add', () => {
  it('is passed over: up to 16 fields with even tags', () => {
    const { frames, error } = decodeAll(rawFrame(0x0e, hex(`07 ${evenFields(16)}`)));
    expect(error).toBeUndefined();
    expect(frames).toEqual([{ kind: 'ping', written: 7 }]);
  });

  it('is handed on in a message, critical or not', () => {
    const { frames } = decodeAll(rawFrame(0x84, hex('01 01 08 03 00 04 01 aa 05 01 bb cc')));
    expect(frames).toMatchObject([
      {
        kind: 'message',
        extensions: [
          { tag: 3, value: new Uint8Array(0) },
          { tag: 4, value: Uint8Array.of(0xaa) },
          { tag: 5, value: Uint8Array.of(0xbb) },
        ],
        payload: Uint8Array.of(0xcc),
      },
    ]);
  });
});

describe('a length that has no room', () => {
  for (const [bytes, hasChecksum] of [
    ['00', true],
    ['04', true],
    ['00', false],
    ['04 03', false],
    ['80 00', true],
    ['81 80 00', false],
  ] as const) {
    it(`is malformed: ${bytes}, ${hasChecksum ? 'with' : 'without'} checksum`, () => {
      const { error } = decodeAll(Uint8Array.from(hex(bytes)), [1], { hasChecksum });
      expect(error?.code).toBe('WILCO_FRAME_MALFORMED');
    });
  }
});

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

/** Decodes in one piece and in many; both must agree. */
function decodeTwice(bytes: Uint8Array, cut: readonly number[], hasChecksum: boolean): string {
  const whole = decodeAll(bytes, [], { hasChecksum });
  const cutUp = decodeAll(bytes, cut, { hasChecksum });
  expectSame(cutUp.frames, whole.frames);
  expect(cutUp.error?.message).toBe(whole.error?.message);
  expect(cutUp.framesSeen).toBe(whole.framesSeen);
  return whole.error?.code ?? 'none';
}

const PEER_ERRORS = [
  'WILCO_FRAME_MALFORMED',
  'WILCO_FRAME_TOO_LARGE',
  'WILCO_FRAME_CORRUPT',
  'none',
];

describe('bytes that nobody vouches for', () => {
  it('never make the decoder throw, and give the same however they are cut: any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        sizes,
        fc.boolean(),
        (bytes, cut, hasChecksum) => {
          expect(PEER_ERRORS).toContain(decodeTwice(bytes, cut, hasChecksum));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('nor do bodies of any bytes behind any head, with the right checksum', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 120 }), sizes, (head, body, cut) => {
        const code = decodeTwice(rawFrame(head, [...body]), cut, true);
        expect(['WILCO_FRAME_MALFORMED', 'none']).toContain(code);
      }),
      { numRuns: 3_000 },
    );
  });

  it('nor do frames with some bytes changed, put in or taken out', () => {
    const changes = fc.array(
      fc.record({
        at: fc.nat(),
        byte: fc.nat(255),
        how: fc.constantFrom('set', 'insert', 'remove'),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(anyFrame, changes, sizes, (frame, list, cut) => {
        const bytes = [...encodeAll([frame], false)];
        for (const { at, byte, how } of list) {
          const start = at % (bytes.length + 1);
          bytes.splice(start, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [byte]));
        }
        expect(PEER_ERRORS).toContain(decodeTwice(Uint8Array.from(bytes), cut, false));
      }),
      { numRuns: 1_000 },
    );
  });

  it('decode to nothing that could not be encoded', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.nat(255), (frame, at, byte) => {
        const bytes = encodeAll([frame], false);
        bytes[at % bytes.length] = byte;
        const { frames } = decodeAll(bytes, [], { hasChecksum: false });
        expectSame(decodeAll(encodeAll(frames)).frames, frames);
      }),
      { numRuns: 1_000 },
    );
  });
});
