import type { AckFrame } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { HANDLED, Pair, reply } from './pair.ts';

function acksOf(pair: Pair): AckFrame[] {
  return pair.server.frames.filter((frame) => frame.kind === 'ack');
}

/** A pair whose client has sent so much, and whose server has handled it. */
function talked(messages: number): Pair {
  const pair = new Pair();
  pair.connect();
  for (let i = 0; i < messages; i++) pair.send(pair.client);
  pair.advance(10);
  return pair;
}

const WINDOW = { messages: 64, bytes: 65_536 };

function ack(entry: Partial<AckFrame['channels'][number]>, number = 1_000): AckFrame {
  return {
    kind: 'ack',
    number,
    delayUs: 0,
    window: WINDOW,
    channels: [
      {
        channel: 1,
        received: 1,
        handled: 1,
        ranges: [],
        window: WINDOW,
        partial: undefined,
        ...entry,
      },
    ],
  };
}

describe('an acknowledgement', () => {
  test('leaves once for all that one read brought', () => {
    const pair = talked(40);
    expect(pair.takeTrace().filter((line) => line.includes('→ ack'))).toEqual([
      'server → ack 1:41/41',
    ]);
  });

  test('rides ahead of data in the same flush', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client);
    pair.settle();
    pair.send(pair.server);
    pair.server.isFlushWanted = false;
    pair.advance(10);
    const kinds = pair.server.frames.map(({ kind }) => kind);
    expect(kinds).toEqual(['ack', 'types', 'message']);
  });

  test('waits for the ack delay, and no longer, while input does not run dry', () => {
    const pair = new Pair({ server: { ackDelayMs: 20 } });
    pair.connect();
    pair.server.isInputDry = false;
    pair.send(pair.client);
    pair.advance(20);
    expect(acksOf(pair)).toHaveLength(0);
    pair.advance(1);
    expect(pair.trace.at(-1)).toBe('21 server → ack 1:2/2');
    expect(acksOf(pair)[0]?.delayUs).toBe(20_000);
  });

  test('leaves at once for the 16th message or 64 KiB, while input does not run dry', () => {
    for (const [count, bytes] of [
      [16, 1],
      [2, 32_768],
    ] as const) {
      const pair = new Pair();
      pair.connect();
      pair.server.isInputDry = false;
      for (let i = 0; i < count; i++) pair.send(pair.client, { bytes: new Uint8Array(bytes) });
      pair.advance(1);
      expect(acksOf(pair)).toHaveLength(1);
    }
  });

  test.each([
    [{ ackMessages: 3 }, 2, 1, 0],
    [{ ackMessages: 3 }, 3, 1, 1],
    [{ ackBytes: 1_000 }, 1, 999, 0],
    [{ ackBytes: 1_000 }, 1, 1_000, 1],
  ])(
    'leaves as soon as %o says, while input does not run dry: %i of %i bytes',
    (server, count, bytes, acks) => {
      const pair = new Pair({ server });
      pair.connect();
      pair.server.isInputDry = false;
      for (let i = 0; i < count; i++) pair.send(pair.client, { bytes: new Uint8Array(bytes) });
      pair.advance(5);
      expect(acksOf(pair)).toHaveLength(acks);
    },
  );

  test('leaves at once where the ack delay is 0', () => {
    const pair = new Pair({ server: { ackDelayMs: 0 } });
    pair.connect();
    pair.server.isInputDry = false;
    pair.send(pair.client);
    pair.advance(1);
    expect(acksOf(pair)).toHaveLength(1);
  });

  test('holds at most 64 ranges, and denies nothing by what it leaves out', () => {
    const options = { windowMessages: 400, windowMessagesMax: 400 };
    const pair = new Pair(
      { client: options, server: options },
      { server: { concurrencyOf: () => 400 } },
    );
    pair.server.respond = ({ seq }) => (seq % 2 === 0 ? HANDLED : undefined);
    pair.connect();
    const messages = Array.from({ length: 300 }, () => pair.send(pair.client));
    pair.advance(100);
    for (const { channels } of acksOf(pair)) {
      for (const { ranges } of channels) expect(ranges.length).toBeLessThanOrEqual(128);
    }
    // What 64 ranges can not say yet is said as soon as it can.
    for (const delivery of pair.server.deliveries) {
      pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    }
    pair.advance(100);
    for (const message of messages) {
      expect(pair.client.settlements.get(message)?.status).toBe('handled');
    }
  });

  test('costs nothing when it is lost, as long as another follows', () => {
    const pair = new Pair();
    let lost = 0;
    // A link where nothing else is lost, and no count is compared.
    pair.isReliable = false;
    pair.fate = (frame) => {
      if (frame.kind !== 'ack' || lost >= 3) return 'pass';
      lost += 1;
      return 'lose';
    };
    pair.connect();
    for (let i = 0; i < 4; i++) {
      pair.send(pair.client);
      pair.advance(10);
    }
    expect(lost).toBe(3);
    expect(pair.client.session.unsettledCount).toBe(0);
    expect(pair.client.session.stats(pair.nowMs).repeats).toBe(0);
  });

  test('changes nothing when it is old or comes twice', () => {
    const pair = talked(3);
    for (const frame of [...acksOf(pair), ack({ received: 2, handled: 1 }, 1)]) {
      pair.inject(pair.client, frame);
    }
    expect(pair.isConnected).toBe(true);
    expect(pair.client.settlements.size).toBe(3);
  });

  test('with an old number brings no window back', () => {
    const pair = talked(1);
    const none = { messages: 0, bytes: 0 };
    pair.inject(pair.client, ack({ received: 2, handled: 2, window: none }, 1));
    pair.send(pair.client);
    pair.advance(10);
    expect(pair.client.session.unsettledCount).toBe(0);
  });

  test('of a channel without anything in it is no fault', () => {
    const pair = talked(1);
    pair.inject(pair.client, ack({ channel: 9, received: 1 }));
    expect(pair.isConnected).toBe(true);
  });
});

describe('an acknowledgement of what was never sent ends the connection', () => {
  const partial = (
    seq: number,
    offset: number,
  ): { partial: AckFrame['channels'][0]['partial'] } => ({
    partial: { seq, offset, granted: offset },
  });

  test.each([
    ['a position one too far', ack({ received: 5, handled: 1 })],
    ['the largest position', ack({ received: Number.MAX_SAFE_INTEGER, handled: 1 })],
    ['handled as well', ack({ received: 5, handled: 5 })],
    ['a channel that was never used', ack({ channel: 7, received: 2 })],
    ['an answer', ack({ channel: 0, received: 2 })],
    [
      'a part of a message that was never begun',
      ack({ received: 4, handled: 4, ...partial(4, 1) }),
    ],
    ['a part of one far ahead', ack({ received: 4, handled: 4, ...partial(99, 1) })],
  ])('%s', (_name, frame) => {
    const pair = talked(3);
    pair.inject(pair.client, frame);
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_ACK_OUT_OF_RANGE']);
  });

  test('exactly what was sent is believed', () => {
    const pair = new Pair();
    pair.fate = () => 'lose';
    pair.connect();
    for (let i = 0; i < 3; i++) pair.send(pair.client);
    pair.settle();
    pair.inject(pair.client, ack({ received: 4, handled: 4 }));
    expect(pair.client.dropped).toEqual([]);
    expect(pair.client.session.unsettledCount).toBe(0);
  });

  test('an offset beyond what was sent of an unfinished message', () => {
    const pair = new Pair();
    pair.fate = (frame) => (frame.kind === 'ack' ? 'lose' : 'pass');
    pair.connect();
    pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.advance(1);
    pair.inject(pair.client, ack({ partial: { seq: 1, offset: 16_384, granted: 16_384 } }));
    expect(pair.client.dropped).toEqual([]);
    pair.inject(pair.client, ack({ partial: { seq: 1, offset: 16_385, granted: 16_385 } }, 1_001));
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_ACK_OUT_OF_RANGE']);
  });

  test('an answer to a seq that was never written, and to one in a channel that was never used', () => {
    for (const [answeredChannel, answeredSeq] of [
      [1, 4],
      [5, 1],
    ] as const) {
      const pair = talked(3);
      pair.inject(pair.client, {
        kind: 'answer',
        seq: 1,
        answeredChannel,
        answeredSeq,
        answeredId: undefined,
        outcome: 'reply',
        code: '',
        reason: '',
        hasRun: false,
        isRetryable: false,
        ackNow: false,
        totalBytes: undefined,
        extensions: [],
        payload: Uint8Array.of(1),
      });
      expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_ACK_OUT_OF_RANGE']);
    }
  });
});

describe('an answer', () => {
  test('is not counted as handled until it is acknowledged, so a reply is not taken for its absence', () => {
    const pair = new Pair();
    pair.server.respond = () => reply(9);
    pair.connect();
    const message = pair.send(pair.client);
    // The answer is lost with the connection; the acknowledgement ahead of it was not.
    pair.fate = (frame) => (frame.kind === 'ack' ? 'cut' : 'pass');
    pair.advance(10);
    expect(pair.client.settlements.size).toBe(0);
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(10);
    expect(pair.client.settlements.get(message)?.payload).toEqual(Uint8Array.of(9));
    expect(pair.server.handledSeqs()).toEqual([1]);
  });

  test('is sent again at a resume until the peer has it, and settles its message once', () => {
    const pair = new Pair();
    pair.server.respond = () => reply(9);
    pair.connect();
    pair.send(pair.client);
    // It arrives, and the acknowledgement of it does not.
    pair.fate = (frame, from) => (from === pair.client && frame.kind === 'ack' ? 'lose' : 'pass');
    pair.advance(10);
    expect(pair.client.settlements.size).toBe(1);
    expect(pair.server.session.isQuiet).toBe(false);
    pair.cut();
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(10);
    expect(pair.server.session.isQuiet).toBe(true);
    // The client's READY said that it has the answer: it was not written again.
    expect(pair.server.frames.filter(({ kind }) => kind === 'answer')).toHaveLength(1);
  });
});
