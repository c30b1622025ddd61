import { defineMessage, Rejection } from '@wilco/protocol';
import { listen } from '@wilco/server';
import { afterEach, describe, expect, it } from 'vitest';
import { PlainPeer } from '../vectors/plain-peer.mjs';

interface Order {
  readonly id: number;
}

const PlaceOrder = defineMessage<Order, { ok: boolean }>('orders.place');
const Note = defineMessage<Order>('note');
const Notice = defineMessage<Order>('notice');

/** MessagePack of `{ id }`, for ids up to 127. */
function order(id: number): Uint8Array {
  return Uint8Array.of(0x81, 0xa2, 0x69, 0x64, id);
}

/** MessagePack of `{ ok: true }`, as the vectors write bytes. */
const OK = '81a26f6bc3';

type Server = Awaited<ReturnType<typeof listen>>;

let server: Server | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A server of ours, and a peer that shares no code with it. */
async function setUp(): Promise<{ server: Server; peer: PlainPeer }> {
  const started = await listen({ host: '127.0.0.1', port: 0 });
  server = started;
  const peer = new PlainPeer({ host: '127.0.0.1', port: started.address.port });
  return { server: started, peer };
}

/** A promise and its key. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const window = { messages: 64, bytes: 65_536 };
const told = { channel: 1, received: 2, handled: 1, ranges: [], window };
const message = {
  kind: 'message',
  channel: 1,
  seq: 1,
  type: 1,
  isResent: false,
  ackNow: false,
  extensions: [],
  payload: '80',
};

/** What breaks a rule of PROTOCOL.md, the rule, and the code with which the server ends the connection. */
const BREACHES = [
  ['P-6', { kind: 'ping', written: 1 }, 'WILCO_FRAME_LOST'],
  ['P-6', { kind: 'probe', nonce: 1, written: 7 }, 'WILCO_FRAME_LOST'],
  ['M-3', { ...message, seq: 2 }, 'WILCO_FRAME_LOST'],
  ['M-7', { ...message, channel: 9 }, 'WILCO_CHANNEL_UNKNOWN'],
  [
    'A-9',
    { kind: 'ack', number: 2, delayUs: 0, window, channels: [told] },
    'WILCO_ACK_OUT_OF_RANGE',
  ],
  ['O-1', { kind: 'refuse', code: '', reason: '' }, 'WILCO_FRAME_UNEXPECTED'],
  ['W-4', { kind: 'cancel', channel: 0, seq: 1 }, 'WILCO_FRAME_MALFORMED'],
] as const;

describe('a client that was written after PROTOCOL.md alone', () => {
  it('opens, sends, gets its reply and closes', async () => {
    const { server: here, peer } = await setUp();
    const seen: number[] = [];
    here.handle(PlaceOrder, ({ id }) => {
      seen.push(id);
      return { ok: true };
    });

    expect((await peer.open()).newReason).toBe('first');
    const seq = peer.send('orders.place', order(7));
    const answer = await peer.outcome(seq);
    expect(answer).toMatchObject({ outcome: 'reply', answeredChannel: 1, payload: OK });
    expect(seen).toEqual([7]);

    const goodbye = await peer.close();
    expect(goodbye.channels).toContainEqual({ channel: 1, started: 2 });
  });

  it('is told by the ACK alone that a handler without a reply is done', async () => {
    const { server: here, peer } = await setUp();
    here.handle(Note, () => undefined);
    await peer.open();
    expect(await peer.outcome(peer.send('note', order(1)))).toBeUndefined();
    expect(peer.acknowledged).toMatchObject({ received: 2, handled: 2 });
    await peer.close();
  });

  it('gets a rejection, and keeps its connection, for what has no handler or fails', async () => {
    const { server: here, peer } = await setUp();
    here.handle(PlaceOrder, () => {
      throw new Rejection('OUT_OF_STOCK', 'none left', { isRetryable: true });
    });
    await peer.open();
    const unknown = peer.send('nobody.handles.this', order(1));
    const failing = peer.send('orders.place', order(2));
    expect(await peer.outcome(unknown)).toMatchObject({
      outcome: 'rejected',
      code: 'WILCO_TYPE_UNKNOWN',
      hasRun: false,
    });
    expect(await peer.outcome(failing)).toMatchObject({
      outcome: 'rejected',
      code: 'OUT_OF_STOCK',
      reason: 'none left',
      hasRun: true,
      isRetryable: true,
    });
    await peer.close();
  });

  it('loses its connection while the handler runs, resumes, and gets the reply there', async () => {
    const { server: here, peer } = await setUp();
    const { opened, open } = gate();
    let runs = 0;
    here.handle(PlaceOrder, async () => {
      runs += 1;
      await opened;
      return { ok: true };
    });

    const first = await peer.open();
    const seq = peer.send('orders.place', order(1));
    await peer.received(seq);
    peer.lose();
    open();
    const second = await peer.open();

    expect(second.newReason).toBeUndefined();
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.token).not.toBe(first.token);
    expect(await peer.outcome(seq)).toMatchObject({ outcome: 'reply', payload: OK });
    expect(runs).toBe(1);
    await peer.close();
  });

  it('resumes again and again, and everything is handled once and in order', async () => {
    const { server: here, peer } = await setUp();
    const seen: number[] = [];
    here.handle(PlaceOrder, ({ id }) => {
      seen.push(id);
      return { ok: true };
    });

    await peer.open();
    const seqs: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      // Written and perhaps cut off, then sent with no connection, then sent again.
      seqs.push(peer.send('orders.place', order(3 * round)));
      peer.lose();
      seqs.push(peer.send('orders.place', order(3 * round + 1)));
      await peer.open();
      seqs.push(peer.send('orders.place', order(3 * round + 2)));
    }
    const answers = await Promise.all(seqs.map((seq) => peer.outcome(seq)));

    expect(answers.every((answer) => answer?.payload === OK)).toBe(true);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, id) => id));
    await peer.close();
  });

  it('gets what the server sends, once, across a lost connection', async () => {
    const { server: here, peer } = await setUp();
    const handled: Promise<unknown>[] = [];
    here.on('session', (session) => {
      for (let id = 1; id <= 3; id += 1) handled.push(session.send(Notice, { id }).handled);
    });
    await peer.open();
    peer.lose();
    await peer.open();
    await peer.probe(1);
    await Promise.all(handled);
    expect(peer.messages.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2, 3]);
    await peer.close();
  });

  it('is answered at once when it asks, with the number of frames that came', async () => {
    const { peer } = await setUp();
    await peer.open();
    expect(await peer.probe(41)).toMatchObject({ nonce: 41, seen: 0 });
    expect(await peer.probe(42)).toMatchObject({ nonce: 42 });
    await peer.close();
  });

  it.each(BREACHES)('breaks %s, is told why, and can resume', async (_, frame, code) => {
    const { server: here, peer } = await setUp();
    here.handle(PlaceOrder, () => ({ ok: true }));
    await peer.open();
    // The type is told, so that only the one rule is broken.
    if (frame.kind === 'message')
      peer.say({ kind: 'types', types: [{ number: 1, name: 'orders.place' }], channels: [] });
    peer.say(frame);
    expect(await peer.ended()).toMatchObject({ mode: 'detach', code });

    expect((await peer.open()).newReason).toBeUndefined();
    expect(await peer.outcome(peer.send('orders.place', order(1)))).toMatchObject({ payload: OK });
    await peer.close();
  });

  it('can not resume a session that it has ended', async () => {
    const { peer } = await setUp();
    await peer.open();
    await peer.close();
    await expect(peer.open()).rejects.toThrow('the session was not resumed');
  });
});
