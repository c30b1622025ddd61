import { describe, expect, test } from 'vitest';
import { connect, defineMessage } from '../src/index.ts';
import { ack, welcome } from '../../endpoint/test/scripted-peer.ts';
import { start } from './scripted-server.ts';

const Order = defineMessage<number, string>('order');

describe('connecting', () => {
  test('says HELLO without a session, and READY when it is welcome', async () => {
    const { peer, client, stop } = await start();
    expect(peer().kinds).toEqual(['hello']);
    expect(peer().last('hello')).toMatchObject({
      attempt: { boot: 1, counter: 1 },
      session: undefined,
      channels: [],
    });
    await peer.answers(welcome());
    expect(peer().kinds).toEqual(['hello', 'ready']);
    await client.opened;
    expect([client.isOnline, client.id]).toEqual([true, '11'.repeat(16)]);
    await stop();
  });

  test('is given up when the server says never; nothing is left waiting', async () => {
    const { peer, client, clock, events } = await start();
    const receipt = client.send(Order, 1);
    const opened = expect(client.opened).rejects.toMatchObject({ code: 'WILCO_OVERLOADED' });
    await peer.answers({
      kind: 'refuse',
      code: 'WILCO_OVERLOADED',
      reason: '',
      retryAfterMs: undefined,
    });
    await opened;
    expect(await receipt.settled).toEqual({ status: 'cancelled', code: 'WILCO_OVERLOADED' });
    expect(events).toEqual(['closed WILCO_OVERLOADED']);
    expect(clock.pending).toBe(0);
    expect(() => client.send(Order, 2)).toThrow('WILCO_CLOSED');
  });

  test('is tried again at once, then after a random time below a bound that doubles', async () => {
    const { clock, dialledAtMs, stop } = await start({ isReachable: false });
    await clock.advance(20_000);
    const waits = dialledAtMs.map((atMs, index) => atMs - (dialledAtMs[index - 1] ?? atMs));
    // `fraction` is always 0.5.
    expect(waits.slice(1, 9)).toEqual([0, 125, 250, 500, 1_000, 2_000, 4_000, 8_000]);
    await stop();
  });

  test('waits at least as long as the server said', async () => {
    const { peer, clock, stop, peers } = await start();
    await peer.answers({ kind: 'refuse', code: 'WILCO_OVERLOADED', reason: '', retryAfterMs: 700 });
    await clock.advance(690);
    expect(peers).toHaveLength(1);
    await clock.advance(10);
    expect(peers).toHaveLength(2);
    await stop();
  });

  test('that takes too long, or is not answered, is given up and tried again', async () => {
    const { peer, clock, stop, peers } = await start({ welcomeTimeoutMs: 300 });
    await clock.advance(310);
    expect(peers.length).toBe(2);
    expect(peer(1).last('hello').attempt).toEqual({ boot: 1, counter: 2 });
    await stop();
  });

  test('beyond this machine in plain text needs a word', () => {
    expect(() => connect({ host: 'example.com', port: 1 })).toThrow('WILCO_INSECURE_REFUSED');
    const addresses = [{ port: 1 }, { host: 'example.com', port: 2 }];
    expect(() => connect({ addresses })).toThrow('WILCO_INSECURE_REFUSED');
    expect(() => connect({ addresses: [] })).toThrow('WILCO_OPTION_INVALID');
    expect(() => connect({ port: 0 })).toThrow('WILCO_OPTION_INVALID');
  });

  test('over a transport that leaves this machine ends the client, unless it is allowed', async () => {
    const { events } = await start({ isExposed: true });
    expect(events).toEqual(['closed WILCO_INSECURE_REFUSED']);
    const allowed = await start({ isExposed: true, insecure: true });
    expect(allowed.events).toEqual([]);
    await allowed.stop();
  });

  test('shows fresh credentials each time, and tries again when they can not be had', async () => {
    let asked = 0;
    const credentials = (): Promise<string> => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(`key ${asked}`);
    };
    const { peer, stop } = await start({ credentials });
    await peer.hears();
    const shown = peer().last('hello').credentials;
    expect(new TextDecoder().decode(shown)).toBe('key 2');
    await stop();
  });
});

describe('a connection that is lost', () => {
  test('is followed by one that resumes, and what was not acknowledged is written again', async () => {
    const { peer, client, events, stop } = await start();
    await peer.answers(welcome());
    const receipt = client.send(Order, 1);
    expect(receipt.attempts).toBe(0);
    await peer.hears();
    expect(receipt.attempts).toBe(1);
    peer().vanish();
    await peer.hears();
    expect(peer(1).last('hello')).toMatchObject({
      attempt: { counter: 2 },
      session: { id: '11'.repeat(16), token: new Uint8Array(32).fill(1) },
      expectedServer: 'scripted',
      channels: [
        { channel: 0, first: 1, reported: 1 },
        { channel: 1, first: 1, reported: 1 },
      ],
    });
    await peer.answers(welcome({ newReason: undefined, token: new Uint8Array(32).fill(2) }));
    expect(peer(1).kinds).toEqual(['hello', 'ready', 'types', 'message']);
    peer(1).say(ack(2, { 1: 2 }));
    await peer.hears();
    expect(receipt.outcome).toMatchObject({ status: 'handled' });
    expect(receipt.attempts).toBe(2);
    expect(events).toEqual(['online', 'offline WILCO_CONNECTION_LOST', 'online', 'resumed']);
    await stop();
  });

  test('by a broken frame is told why it ends', async () => {
    const { peer, stop } = await start();
    await peer.answers(welcome());
    peer().say(welcome());
    await peer.hears();
    expect(peer().last('close')).toMatchObject({ mode: 'detach', code: 'WILCO_FRAME_UNEXPECTED' });
    expect(peer(1).last('hello').attempt.counter).toBe(2);
    await stop();
  });

  test('because another took over ends the client, truly', async () => {
    const { peer, client, events, clock } = await start();
    await peer.answers(welcome());
    const written = client.send(Order, 1);
    await peer.hears();
    peer().say({ kind: 'notice', notice: 'takenOver', afterMs: undefined });
    await peer.hears();
    expect(written.outcome).toEqual({ status: 'inDoubt', code: 'WILCO_TAKEN_OVER' });
    expect(events).toEqual(['online', 'closed WILCO_TAKEN_OVER']);
    expect(clock.pending).toBe(0);
  });

  test('because the server goes away is not tried before its time', async () => {
    const { peer, clock, stop, peers } = await start();
    await peer.answers(welcome());
    peer().say({
      kind: 'close',
      mode: 'detach',
      code: 'WILCO_GOING_AWAY',
      reason: '',
      retryAfterMs: 900,
    });
    await clock.advance(890);
    expect(peers).toHaveLength(1);
    await clock.advance(10);
    expect(peers).toHaveLength(2);
    await stop();
  });
});

describe('where frames may get lost', () => {
  test('HELLO and READY are said again until they are answered', async () => {
    const { peer, clock, stop } = await start({ isReliable: false });
    await clock.advance(3_100);
    expect(peer().kinds).toEqual(['hello', 'hello', 'hello']);
    await peer.answers(welcome());
    await clock.advance(1_100);
    expect(peer().all('ready')).toHaveLength(2);
    peer().say(ack(2));
    await clock.advance(5_000);
    expect(peer().all('ready')).toHaveLength(2);
    expect(peer().all('hello')).toHaveLength(3);
    await stop();
  });
});

describe('closing', () => {
  test('says goodbye, waits for the answer, and leaves nothing behind', async () => {
    const { peer, client, events, clock } = await start();
    await peer.answers(welcome());
    const closed = client.close();
    await peer.hears();
    expect(peer().last('close')).toMatchObject({ mode: 'end', code: 'WILCO_SESSION_ENDED' });
    peer().say(ack(2), {
      kind: 'close',
      mode: 'end',
      code: '',
      reason: '',
      retryAfterMs: undefined,
    });
    peer().say({ kind: 'closeAck', channels: [] });
    await peer.hears();
    peer().vanish();
    await clock.settle();
    await closed;
    expect(events).toEqual(['online', 'closed']);
    expect(clock.pending).toBe(0);
  });

  test('does not wait longer than it was told for what does not settle', async () => {
    const { peer, client, clock } = await start({ closeTimeoutMs: 100 });
    await peer.answers(welcome());
    const written = client.send(Order, 1);
    const closed = client.close({ drainMs: 400 });
    await clock.advance(390);
    expect(peer().all('close')).toEqual([]);
    await clock.advance(300);
    await closed;
    expect(written.outcome).toMatchObject({ status: 'inDoubt' });
    expect(clock.pending).toBe(0);
  });

  test('twice is the same as once', async () => {
    const { client } = await start();
    await Promise.all([client.close({ drainMs: 0 }), client.end()]);
    await client[Symbol.asyncDispose]();
    expect(client.isOnline).toBe(false);
  });
});
