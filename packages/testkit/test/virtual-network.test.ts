import { describe, expect, test } from 'vitest';
import { world, pair, attach, frame, latin, text } from './virtual-world.ts';

describe('a virtual link without faults', () => {
  test('carries bytes both ways, a millisecond each', async () => {
    const { dialler, acceptor, clock, open } = pair();
    await open();
    dialler.connection.write(text('ping'));
    acceptor.connection.write(text('pong'));
    clock.advanceTo(100);
    expect(dialler.seen).toEqual(['1 opened', '2 pong']);
    expect(acceptor.seen).toEqual(['2 ping']);
  });

  test('tells the other side of an end, after the bytes before it', async () => {
    const { dialler, acceptor, clock, open } = pair();
    await open();
    dialler.connection.write(text('last words'));
    dialler.connection.end();
    clock.advanceTo(100);
    expect(acceptor.seen).toEqual(['2 last words', '3 ended']);
    acceptor.connection.write(text('heard'));
    clock.advanceTo(200);
    expect(dialler.seen.at(-1)).toBe('101 heard');
  });

  test('takes nothing after it was destroyed', async () => {
    const { dialler, acceptor, clock, open } = pair();
    await open();
    acceptor.connection.write(text('too late'));
    dialler.connection.destroy();
    dialler.connection.write(text('ignored'));
    clock.advanceTo(100);
    expect(dialler.seen).toEqual(['1 opened', '1 closed']);
    expect(acceptor.seen).toEqual(['2 ended', '2 closed']);
  });

  test('is refused where nobody listens', async () => {
    const { network, clock } = world();
    const seen: string[] = [];
    const connection = network.host('a').transport().connect({ host: 'b', port: 1 });
    attach(connection, clock, seen);
    clock.advanceTo(100);
    expect(seen).toEqual(['1 failed: connect ECONNREFUSED b:1', '1 closed']);
  });

  test('gives a port to one listener at a time, and free ports on request', async () => {
    const { network } = world();
    const transport = network.host('b').transport();
    const listener = await transport.listen({ port: 7411 }, () => {});
    await expect(transport.listen({ port: 7411 }, () => {})).rejects.toMatchObject({
      code: 'WILCO_LISTEN_FAILED',
    });
    await listener.close();
    await expect(transport.listen({ port: 7411 }, () => {})).resolves.toBeDefined();
    expect((await transport.listen({ port: 0 }, () => {})).address.port).toBeGreaterThan(1024);
  });
});

describe('a faulty path', () => {
  test('cuts bytes into pieces of any size, without losing one', async () => {
    const { dialler, acceptor, clock, open, network } = pair({
      up: { segmentBytes: 3, jitterMs: 5 },
    });
    await open();
    dialler.connection.write(text('abcdefghijklmnopqrstuvwxyz'));
    clock.advanceTo(1_000);
    expect(acceptor.bytes()).toBe('abcdefghijklmnopqrstuvwxyz');
    expect(acceptor.seen.length).toBeGreaterThan(8);
    expect(network.counts.segmented).toBeGreaterThan(8);
  });

  test('hands on together what arrived together', async () => {
    const { dialler, acceptor, clock, open } = pair({ up: { readDelayMs: 10 } });
    await open();
    for (const letter of 'abc') dialler.connection.write(text(letter));
    clock.advanceTo(100);
    expect(acceptor.seen).toEqual(['12 abc']);
  });

  test('is as fast as its bandwidth', async () => {
    const { dialler, acceptor, clock, open } = pair({ up: { bytesPerMs: 10 } });
    await open();
    dialler.connection.write(new Uint8Array(1_000));
    dialler.connection.write(text('end'));
    clock.advanceTo(1_000);
    expect(acceptor.seen.at(-1)).toMatch(/^102\.\d+ end$/);
  });

  test('keeps what does not fit the buffers of the system as unsent', async () => {
    const { dialler, clock, open, network } = pair({ up: { bufferBytes: 100, latencyMs: 50 } });
    await open();
    dialler.connection.write(new Uint8Array(250));
    expect(dialler.connection.unsentBytes).toBe(150);
    clock.advanceTo(60);
    expect(dialler.connection.unsentBytes).toBe(50);
    clock.advanceTo(300);
    expect(dialler.connection.unsentBytes).toBe(0);
    expect(network.counts.fullBuffer).toBe(1);
  });

  test.each([
    ['zero', 0, 0],
    ['stuck', 150, 150],
  ] as const)('may lie about what is unsent: %s', async (unsentReport, at1, at300) => {
    const { dialler, clock, open } = pair({ up: { bufferBytes: 100, unsentReport } });
    await open();
    dialler.connection.write(new Uint8Array(250));
    expect(dialler.connection.unsentBytes).toBe(at1);
    clock.advanceTo(300);
    expect(dialler.connection.unsentBytes).toBe(at300);
  });

  test('damages one bit of one byte', async () => {
    const { dialler, acceptor, clock, open } = pair({ up: { corruptAt: 5 } });
    await open();
    dialler.connection.write(text('aaa'));
    dialler.connection.write(text('aaaa'));
    clock.advanceTo(100);
    const damaged = [...acceptor.bytes()].map((letter) => (letter === 'a' ? '.' : '!')).join('');
    expect(damaged).toBe('.....!.');
  });

  test.each([1, 2, 100])('swallows one whole frame, cut into pieces of %i', async (size) => {
    const { dialler, acceptor, clock, open, network } = pair({ up: { eatenFrame: 1 } });
    await open();
    const frames = [
      ...'WILCO\r\n1',
      frame(1, 'hello'),
      frame(4, 'ready'),
      frame(16, 'a'),
      frame(130, 'b'.repeat(200)),
      frame(16, 'c'),
    ];
    const stream = frames.join('');
    for (let offset = 0; offset < stream.length; offset += size) {
      dialler.connection.write(latin(stream.slice(offset, offset + size)));
    }
    clock.advanceTo(100);
    expect(acceptor.bytes()).toBe(stream.replace(frame(130, 'b'.repeat(200)), ''));
    expect(network.counts.eatenFrame).toBe(1);
  });
});

describe('the fate of a link', () => {
  test('cut: what is beyond is lost, and both sides hear of it', async () => {
    const { dialler, acceptor, clock, open, network } = pair(
      {},
      { kind: 'cut', path: 'up', afterBytes: 10, lateMs: 0 },
    );
    await open();
    dialler.connection.write(text('12345678'));
    dialler.connection.write(text('mid-frame'));
    dialler.connection.write(text('lost'));
    clock.advanceTo(100);
    expect(acceptor.seen).toEqual(['2 12345678', '2 mi', '2 ended', '2 closed']);
    expect(dialler.seen).toEqual(['1 opened', '2 ended', '2 closed']);
    expect(network.counts).toMatchObject({ cut: 1, cutMidFrame: 1 });
  });

  test('cut, late: one side goes on reading when the other has dialled anew', async () => {
    const { dialler, acceptor, clock, open, dial, network } = pair(
      {},
      { kind: 'cut', path: 'up', afterBytes: 8, lateMs: 50 },
    );
    await open();
    dialler.connection.write(text('from the past'));
    clock.advanceTo(10);
    expect(dialler.seen).toEqual(['1 opened', '2 ended', '2 closed']);
    dial();
    clock.advanceTo(200);
    expect(acceptor.seen).toEqual(['52 from the', '53 ended', '53 closed']);
    expect(network.counts.lateBytes).toBe(1);
  });

  test('reset: an error for both, and nothing after it', async () => {
    const { dialler, acceptor, clock, open, link } = pair();
    await open();
    dialler.connection.write(text('lost'));
    link().reset();
    clock.advanceTo(100);
    expect(acceptor.seen).toEqual(['1 failed: ECONNRESET', '1 closed']);
    expect(dialler.seen).toEqual(['1 opened', '1 failed: ECONNRESET', '1 closed']);
  });

  test('black hole: bytes are swallowed, the buffer fills, and nobody is told', async () => {
    const fate = { kind: 'blackHole', path: 'up', afterBytes: 8, lateMs: 0 } as const;
    const { dialler, acceptor, clock, open, network } = pair({ up: { bufferBytes: 100 } }, fate);
    await open();
    dialler.connection.write(text('12345678'));
    clock.advanceTo(10);
    dialler.connection.write(new Uint8Array(250));
    acceptor.connection.write(text('backward'));
    clock.advanceTo(100_000);
    expect(dialler.connection.unsentBytes).toBe(150);
    expect(dialler.seen).toEqual(['1 opened', '11 backward']);
    dialler.connection.destroy();
    clock.advanceTo(200_000);
    expect(acceptor.seen).toEqual(['2 12345678']);
    expect(network.counts.blackHoleUp).toBe(1);
  });

  test('half close: one direction ends, the other lives', async () => {
    const { dialler, acceptor, clock, open } = pair(
      {},
      { kind: 'halfClose', path: 'down', afterBytes: 2, lateMs: 0 },
    );
    await open();
    acceptor.connection.write(text('1234'));
    clock.advanceTo(10);
    dialler.connection.write(text('still here'));
    clock.advanceTo(100);
    expect(dialler.seen).toEqual(['1 opened', '2 12', '3 ended']);
    expect(acceptor.seen).toEqual(['11 still here']);
  });

  test('its end is told in the order, and with the gaps and repetitions, that it was drawn', async () => {
    const { dialler, acceptor, clock, open, link } = pair({
      farewells: [
        ['failed', 'failed', 'ended'],
        ['closed', 'ended'],
      ],
    });
    await open();
    link().cut();
    clock.advanceTo(100);
    expect(dialler.seen.slice(1)).toEqual([
      '1 failed: the connection was cut',
      '1 failed: the connection was cut',
      '1 ended',
    ]);
    expect(acceptor.seen).toEqual(['1 closed', '1 ended']);
  });

  test('refused, slow, or never answered', async () => {
    const { network, clock } = world((number) => ({
      dial: (['refused', 'unanswered', 'accepted'] as const)[number - 1] ?? 'accepted',
      dialDelayMs: 100,
    }));
    await network
      .host('b')
      .transport()
      .listen({ port: 1 }, (connection) => attach(connection, clock, []));
    const seen = [1, 2, 3].map(() => {
      const events: string[] = [];
      attach(network.host('a').transport().connect({ host: 'b', port: 1 }), clock, events);
      return events;
    });
    clock.advanceTo(1_000_000);
    expect(seen).toEqual([
      ['100 failed: connect ECONNREFUSED b:1', '100 closed'],
      [],
      ['100 opened'],
    ]);
    expect(network.counts).toMatchObject({ refused: 1, unanswered: 1, slowDial: 2 });
  });
});

describe('an unreliable link', () => {
  test('loses, repeats and reorders whole writes, and cuts none', async () => {
    const up = { lossRate: 0.2, repeatRate: 0.2, delayRate: 0.3, delayMs: 20, segmentBytes: 1 };
    const { dialler, acceptor, clock, open, network } = pair({ up }, undefined, false);
    await open();
    expect(dialler.connection.isReliable).toBe(false);
    for (let index = 0; index < 100; index++) {
      dialler.connection.write(text(`message ${index}`));
      clock.advanceTo(clock.nowMs() + 1);
    }
    clock.advanceTo(1_000);
    const numbers = acceptor.seen.map((line) => Number(/message (\d+)$/.exec(line)?.[1]));
    expect(numbers.every((number) => Number.isInteger(number))).toBe(true);
    expect(new Set(numbers).size).toBeLessThan(100);
    expect(numbers.length).toBeGreaterThan(new Set(numbers).size);
    expect(numbers).not.toEqual(numbers.toSorted((a, b) => a - b));
    const { lost, repeated, delayed } = network.counts;
    expect(Math.min(lost, repeated, delayed)).toBeGreaterThan(3);
  });
});
