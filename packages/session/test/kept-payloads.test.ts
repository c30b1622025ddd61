import type { MessageFrame } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { IncomingMessage } from '../src/incoming-message.ts';
import { KeptPayloads } from '../src/kept-payloads.ts';

const READ_BYTES = 64 * 1024;

describe('a payload', () => {
  test('is copied where its connection uses the memory of a read again', () => {
    const { payloads, read, keep } = make(false);
    const kept = keep(20_000);
    read.fill(9);
    expect(kept.payload).toEqual(new Uint8Array(20_000).fill(1));
    payloads.settle();
    expect(kept.payload).toEqual(new Uint8Array(20_000).fill(1));
  });

  test('stays where it was read for the turn, and is copied if it is not handled by then', () => {
    const { payloads, read, keep } = make(true);
    const [handled, waiting] = [keep(20_000), keep(20_000)];
    expect(handled.payload.buffer).toBe(read.buffer);
    handled.payload = new Uint8Array(0);
    payloads.settle();
    expect(handled.payload.byteLength).toBe(0);
    expect(waiting.payload).toEqual(new Uint8Array(20_000).fill(1));
    expect(waiting.payload.buffer.byteLength).toBe(20_000);
  });

  test('stays for good where it is half of the read', () => {
    const { payloads, read, keep } = make(true);
    const kept = keep(READ_BYTES / 2);
    payloads.settle();
    expect(kept.payload.buffer).toBe(read.buffer);
  });

  test('that is small is copied at once', () => {
    const { read, keep } = make(true);
    expect(keep(100).payload.buffer).not.toBe(read.buffer);
  });

  test('of a reply is copied: nobody knows how long it is kept', () => {
    const { payloads, read } = make(true);
    const reply = { kind: 'answer', payload: read.subarray(0, 20_000) } as const;
    expect(payloads.keep(reply).buffer).not.toBe(read.buffer);
  });
});

function make(areReadsHandedOver: boolean) {
  const payloads = new KeptPayloads();
  payloads.areReadsHandedOver = areReadsHandedOver;
  const read = new Uint8Array(READ_BYTES).fill(1);
  const keep = (bytes: number): IncomingMessage => {
    const frame = { kind: 'message', payload: read.subarray(0, bytes) } as const;
    const message = messageWith(payloads.keep(frame));
    payloads.held(message);
    return message;
  };
  return { payloads, read, keep };
}

function messageWith(payload: MessageFrame['payload']): IncomingMessage {
  return new IncomingMessage({
    ...{ channel: 1, channelName: 'default', seq: 1, type: 'a', id: undefined, isResent: false },
    ...{
      extensions: [],
      expiresAtMs: Infinity,
      acceptedAtMs: 0,
      cost: payload.byteLength,
      attempts: 0,
      payload,
    },
  });
}
