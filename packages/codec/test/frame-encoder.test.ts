import {
  LIMITS,
  type AckFrame,
  type AnswerFrame,
  type Frame,
  type MessageFrame,
} from '@wilco/protocol';
import { describe, expect, it } from 'vitest';
import { FrameEncoder } from '../src/index.ts';
import { concat, decodeAll, encodeAll } from './byte-stream.ts';

const MAX = Number.MAX_SAFE_INTEGER;

function message(parts: Partial<MessageFrame> = {}): MessageFrame {
  return {
    kind: 'message',
    channel: 1,
    seq: 1,
    type: 1,
    ttlMs: undefined,
    id: undefined,
    isResent: false,
    ackNow: false,
    totalBytes: undefined,
    extensions: [],
    payload: new Uint8Array(0),
    ...parts,
  };
}

function answer(parts: Partial<AnswerFrame> = {}): AnswerFrame {
  return {
    kind: 'answer',
    seq: 1,
    answeredChannel: 1,
    answeredSeq: 1,
    answeredId: undefined,
    outcome: 'reply',
    code: '',
    reason: '',
    hasRun: false,
    isRetryable: false,
    ackNow: false,
    totalBytes: undefined,
    extensions: [],
    payload: new Uint8Array(0),
    ...parts,
  };
}

function refuse(elsewhere: readonly string[]): Frame {
  return { kind: 'refuse', code: '', reason: '', retryAfterMs: 0, elsewhere };
}

function ack(channels: AckFrame['channels']): AckFrame {
  return { kind: 'ack', number: 1, delayUs: 0, window: { messages: 0, bytes: 0 }, channels };
}

/** `count` ranges as far up as seqs go. */
function highRanges(count: number): number[] {
  return Array.from({ length: 2 * count }, (_, i) => 2 + 2 ** 43 * (i + 1));
}

const ping: Frame = { kind: 'ping', written: 5 };

describe('the size of a message', () => {
  const payload = new Uint8Array(100);

  it('is at most 12 bytes more than a payload of 100, without optional fields', () => {
    expect(
      encodeAll([message({ seq: 2 ** 28 - 1, type: 100, payload })]).length,
    ).toBeLessThanOrEqual(112);
  });

  it('is at most 16 bytes more with a channel and a ttl', () => {
    const frame = message({ seq: 2 ** 28 - 1, type: 100, channel: 9, ttlMs: 60_000, payload });
    expect(encodeAll([frame]).length).toBeLessThanOrEqual(116);
  });
});

describe('the preamble', () => {
  it('is eight bytes and no frame', () => {
    const encoder = new FrameEncoder();
    encoder.appendPreamble();
    expect(encoder.framesWritten).toBe(0);
    expect(Buffer.from(concat(encoder.take())).toString('hex')).toBe('57494c434f0d0a01');
  });

  it('comes whole also after a frame that could not be written', () => {
    const encoder = new FrameEncoder();
    expect(() => {
      encoder.append(message({ ttlMs: -1 }));
    }).toThrow(TypeError);
    encoder.appendPreamble();
    expect(concat(encoder.take())).toHaveLength(8);
  });
});

describe('taking what was appended', () => {
  it('gives nothing when nothing was appended', () => {
    const encoder = new FrameEncoder();
    expect(encoder.take()).toEqual([]);
    encoder.append(ping);
    encoder.take();
    expect(encoder.take()).toEqual([]);
    expect(encoder.pendingBytes).toBe(0);
  });

  it('gives many frames in one buffer', () => {
    const encoder = new FrameEncoder();
    for (let seq = 1; seq <= 30; seq++)
      encoder.append(message({ seq, payload: new Uint8Array(40) }));
    expect(encoder.take()).toHaveLength(1);
    expect(encoder.framesWritten).toBe(30);
  });

  it('gives as many bytes as were pending', () => {
    const encoder = new FrameEncoder();
    encoder.appendPreamble();
    for (let seq = 1; seq <= 400; seq++) {
      encoder.append(message({ seq, payload: new Uint8Array(seq * 37) }));
      encoder.append(ping);
    }
    const pending = encoder.pendingBytes;
    expect(concat(encoder.take())).toHaveLength(pending);
  });

  it('never touches again what was taken', () => {
    const encoder = new FrameEncoder();
    const taken: { bytes: Uint8Array; then: string }[] = [];
    for (let seq = 1; seq <= 3_000; seq++) {
      encoder.append(message({ seq, payload: new Uint8Array(seq % 300) }));
      if (seq % 7 > 0) continue;
      for (const bytes of encoder.take())
        taken.push({ bytes, then: Buffer.from(bytes).toString('hex') });
    }
    for (const { bytes, then } of taken) expect(Buffer.from(bytes).toString('hex')).toBe(then);
  });
});

describe('the memory of an encoder', () => {
  it('is a few KiB for a single small frame', () => {
    const encoder = new FrameEncoder();
    encoder.append(ping);
    const [bytes] = encoder.take();
    expect(bytes?.buffer.byteLength).toBeLessThanOrEqual(4 * 1024);
  });

  it('grows with the batch, up to buffers of 64 KiB', () => {
    const encoder = new FrameEncoder();
    for (let seq = 1; seq <= 3_000; seq++)
      encoder.append(message({ seq, payload: new Uint8Array(100) }));
    const sizes = encoder.take().map((bytes) => bytes.buffer.byteLength);
    expect(Math.max(...sizes)).toBe(64 * 1024);
    expect(sizes.length).toBeLessThan(12);
  });

  it('shares one buffer among small batches', () => {
    const encoder = new FrameEncoder();
    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 100; i++) {
      encoder.append(ping);
      for (const bytes of encoder.take()) buffers.add(bytes.buffer);
    }
    expect(buffers.size).toBe(1);
  });

  it('puts a batch that is as large as the one before into one buffer', () => {
    const encoder = new FrameEncoder();
    const pieces = Array.from({ length: 20 }, () => {
      for (let seq = 1; seq <= 64; seq++)
        encoder.append(message({ seq, payload: new Uint8Array(100) }));
      return encoder.take().length;
    });
    expect(new Set(pieces.slice(1))).toEqual(new Set([1]));
  });

  it('lets go of a large buffer when a small batch follows', () => {
    const encoder = new FrameEncoder();
    for (let seq = 1; seq <= 300; seq++)
      encoder.append(message({ seq, payload: new Uint8Array(100) }));
    encoder.take();
    const small = Array.from({ length: 3 }, () => {
      encoder.append(ping);
      return encoder.take().map((bytes) => bytes.buffer.byteLength);
    });
    expect(small.slice(1)).toEqual([[4 * 1024], [4 * 1024]]);
  });

  it('does not hold a copy of a payload of 8 KiB or more', () => {
    const payload = new Uint8Array(8 * 1024).fill(7);
    const encoder = new FrameEncoder();
    encoder.append(message({ payload }));
    const taken = encoder.take();
    expect(taken).toContain(payload);
    expect(decodeAll(concat(taken)).frames).toEqual([message({ payload })]);
  });

  it('copies a smaller one, which may change afterwards', () => {
    const payload = new Uint8Array(8 * 1024 - 1).fill(7);
    const encoder = new FrameEncoder();
    encoder.append(message({ payload }));
    payload.fill(9);
    const [frame] = decodeAll(concat(encoder.take())).frames;
    expect((frame as MessageFrame).payload[0]).toBe(7);
  });
});

describe('the checksum', () => {
  it('is left out where both sides declared integrity, but never in the opening', () => {
    const refuse: Frame = { kind: 'refuse', code: 'X', reason: 'y', retryAfterMs: undefined };
    expect(encodeAll([ping], true)).toHaveLength(encodeAll([ping], false).length + 4);
    expect(encodeAll([refuse], true)).toEqual(encodeAll([refuse], false));
  });

  it('may be switched between two frames', () => {
    const encoder = new FrameEncoder();
    encoder.append(ping);
    encoder.hasChecksum = false;
    encoder.append(ping);
    expect(encoder.pendingBytes).toBe(7 + 3);
  });
});

describe('what is too long', () => {
  it('is cut at a whole character in a code and a reason', () => {
    const frame = answer({ outcome: 'rejected', code: 'é'.repeat(100), reason: '😀'.repeat(300) });
    const [decoded] = decodeAll(encodeAll([frame])).frames;
    expect(decoded).toMatchObject({ code: 'é'.repeat(64), reason: '😀'.repeat(256) });
  });

  it('has its lone surrogates replaced in a reason', () => {
    const frame = answer({ outcome: 'rejected', code: 'X', reason: 'cut \ud83d' });
    const [decoded] = decodeAll(encodeAll([frame])).frames;
    expect(decoded).toMatchObject({ reason: 'cut \ufffd' });
  });

  it('is left out of an ACK: ranges that do not fit deny nothing', () => {
    const ranges = highRanges(64);
    const channels = Array.from({ length: 64 }, (_, i) => ({
      channel: MAX - 64 + i,
      received: MAX,
      handled: 1,
      ranges,
      window: { messages: MAX, bytes: MAX },
      partial: { seq: MAX, offset: MAX, granted: MAX },
    }));
    const [decoded] = decodeAll(encodeAll([ack(channels)])).frames;
    const { channels: arrived } = decoded as AckFrame;
    expect(arrived).toHaveLength(64);
    expect(arrived[0]?.ranges).toEqual(ranges);
    expect(arrived[63]?.ranges).toEqual([]);
    expect(arrived[63]?.received).toBe(MAX);
  });
});

const WRONG: readonly (readonly [string, Frame])[] = [
  ['seq 0', message({ seq: 0 })],
  ['a seq beyond 2^53 - 1', message({ seq: MAX + 1 })],
  ['a fraction', message({ seq: 1.5 })],
  ['NaN', message({ type: Number.NaN })],
  ['a negative type', message({ type: -1 })],
  ['a message in channel 0', message({ channel: 0 })],
  ['a ttl that is too long', message({ ttlMs: LIMITS.durationMs + 1 })],
  ['a payload of more than 64 KiB', message({ payload: new Uint8Array(LIMITS.fragmentBytes + 1) })],
  ['an empty id', message({ id: '' })],
  ['an id that is too long', message({ id: 'x'.repeat(LIMITS.messageIdBytes + 1) })],
  ['an id with a lone surrogate', message({ id: '\ud800' })],
  ['total bytes that are not more', message({ totalBytes: 3, payload: new Uint8Array(3) })],
  ['total bytes without payload', message({ totalBytes: 3 })],
  ['too many total bytes', message({ totalBytes: 2 ** 30 + 1, payload: new Uint8Array(3) })],
  [
    'an extension under a tag of ours',
    message({ extensions: [{ tag: 2, value: new Uint8Array(1) }] }),
  ],
  [
    'extensions out of order',
    message({ extensions: [65, 64].map((tag) => ({ tag, value: new Uint8Array(0) })) }),
  ],
  [
    'more than 16 extensions',
    message({
      extensions: Array.from({ length: 17 }, (_, i) => ({ tag: 64 + i, value: new Uint8Array(0) })),
    }),
  ],
  [
    'a body that is too large',
    message({
      payload: new Uint8Array(LIMITS.fragmentBytes),
      extensions: [{ tag: 64, value: new Uint8Array(1_100) }],
    }),
  ],
  ['an answer to channel 0', answer({ answeredChannel: 0 })],
  ['a lost reply with a payload', answer({ outcome: 'replyLost', payload: new Uint8Array(1) })],
  ['an expiry that has run', answer({ outcome: 'expired', hasRun: true })],
  ['an outcome that does not exist', answer({ outcome: 'forgotten' as 'reply' })],
  [
    'an empty fragment',
    { kind: 'fragment', channel: 1, seq: 1, offset: 1, payload: new Uint8Array(0) },
  ],
  [
    'a fragment at 0',
    { kind: 'fragment', channel: 1, seq: 1, offset: 0, payload: new Uint8Array(1) },
  ],
  [
    'a fragment beyond 2^53 - 1',
    { kind: 'fragment', channel: 1, seq: 1, offset: MAX, payload: new Uint8Array(1) },
  ],
  ['an empty void', { kind: 'void', channel: 1, from: 4, to: 4, reason: 'moved' }],
  ['a cancellation in channel 0', { kind: 'cancel', channel: 0, seq: 1 }],
  [
    'a retry that is too late',
    { kind: 'notice', notice: 'goingAway', afterMs: LIMITS.durationMs + 1 },
  ],
  ['nine addresses to go to', refuse(Array.from({ length: 9 }, () => 'a:1'))],
  ['an address without a name', refuse([''])],
  ['an address that is too long', refuse(['a'.repeat(LIMITS.addressBytes + 1)])],
  [
    'credentials that are too long',
    { kind: 'credentials', credentials: new Uint8Array(LIMITS.credentialsBytes + 1) },
  ],
  ['channels of an ACK out of order', ack([2, 1].map((channel) => channelAck({ channel })))],
  ['handled above received', ack([channelAck({ received: 3, handled: 4 })])],
  ['a range beyond received', ack([channelAck({ received: 5, ranges: [3, 6] })])],
  ['ranges that touch', ack([channelAck({ received: 9, ranges: [3, 5, 5, 6] })])],
  ['half a range', ack([channelAck({ received: 9, ranges: [3] })])],
  ['65 ranges', ack([channelAck({ received: MAX, ranges: highRanges(65) })])],
  [
    'a partial message that was received',
    ack([channelAck({ received: 9, partial: { seq: 8, offset: 0, granted: 0 } })]),
  ],
  [
    'granted below the offset',
    ack([channelAck({ received: 9, partial: { seq: 9, offset: 5, granted: 4 } })]),
  ],
  [
    'a status without a number',
    { kind: 'statusAck', query: 1, status: 'lost' as 'pending', reason: '' },
  ],
  ['a type without a name', { kind: 'types', types: [{ number: 1, name: '' }], channels: [] }],
];

function channelAck(parts: Partial<AckFrame['channels'][number]>): AckFrame['channels'][number] {
  return {
    channel: 1,
    received: 1,
    handled: 1,
    ranges: [],
    window: { messages: 0, bytes: 0 },
    partial: undefined,
    ...parts,
  };
}

describe('a value that the wire can not say', () => {
  for (const [what, frame] of WRONG) {
    it(`throws, and the encoder goes on as if nothing had been: ${what}`, () => {
      const encoder = new FrameEncoder();
      encoder.append(ping);
      expect(() => {
        encoder.append(frame);
      }).toThrow(TypeError);
      encoder.append(ping);
      expect(encoder.framesWritten).toBe(2);
      expect(decodeAll(concat(encoder.take())).frames).toEqual([ping, ping]);
    });
  }
});
