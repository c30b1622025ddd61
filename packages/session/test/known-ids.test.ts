import { describe, expect, test } from 'vitest';
import type { OutgoingMessage } from '../src/index.ts';
import { HANDLED, Pair, rejected, reply } from './pair.ts';
import { idMemory, restoredMemory, type IdMemory } from './id-memory.ts';

const OLD = 'a'.repeat(32);

/** A pair whose server remembers ids. */
function remembering(memory: IdMemory = idMemory(), isVolatile = true): Pair {
  const pair = new Pair(
    {},
    { client: { isVolatile }, server: { isVolatile, ids: memory, concurrencyOf: () => 8 } },
  );
  pair.client.commitMs = pair.server.commitMs = 0;
  pair.connect();
  return pair;
}

function endOf(pair: Pair, message: OutgoingMessage): unknown {
  const { status, code, payload } = pair.client.settlements.get(message) ?? {};
  return payload === undefined ? [status, code] : [status, code, ...payload];
}

/** A memory in which a handler was left behind under an id. */
function leftOff(id: string): IdMemory {
  const memory = idMemory();
  const place = { session: OLD, channel: 1, seq: 1 };
  const record = { scope: 'anna', id, hash: undefined, state: 'pending', place } as const;
  memory.table.restore(
    [{ ...record, end: undefined, ageWallMs: 0 }],
    undefined,
    () => false,
    () => {},
  );
  return memory;
}

/** A message of an earlier session, under the id that it had there. */
function sendMoved(pair: Pair, id: string, isResent: boolean): OutgoingMessage {
  const message = pair.send(new Pair().client, { id });
  pair.client.session.resubmit(message, isResent, pair.nowMs);
  return message;
}

describe('two messages with the same id', () => {
  test('are handled once, and both senders get the reply', () => {
    const pair = remembering();
    pair.server.respond = () => reply(7);
    const first = pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    const second = pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(endOf(pair, first)).toEqual(['handled', '', 7]);
    expect(endOf(pair, second)).toEqual(['handled', '', 7]);
  });

  test('are handled once where the second comes while the handler of the first runs', () => {
    const pair = remembering();
    pair.server.respond = undefined;
    const messages = [1, 2].map(() => pair.send(pair.client, { id: 'order 1' }));
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(pair.client.settlements.size).toBe(0);
    const [delivery] = pair.server.deliveries;
    if (delivery === undefined) throw new Error('nothing was delivered');
    pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    pair.server.isFlushWanted = true;
    pair.advance(100);
    for (const message of messages) expect(endOf(pair, message)).toEqual(['handled', '']);
  });

  test('keep nobody waiting who comes behind the second', () => {
    const pair = remembering();
    pair.server.respond = ({ seq }) => (seq === 1 ? undefined : HANDLED);
    for (const id of ['order 1', 'order 1', 'order 2']) pair.send(pair.client, { id });
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1, 3]);
  });

  test('and another body are not the same: the second is rejected and has not run', () => {
    const pair = remembering();
    pair.send(pair.client, { id: 'order 1', bytes: Uint8Array.of(1) });
    const second = pair.send(pair.client, { id: 'order 1', bytes: Uint8Array.of(2) });
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(pair.client.settlements.get(second)).toMatchObject({
      status: 'rejected',
      code: 'WILCO_ID_REUSED',
      hasRun: false,
      isRetryable: false,
    });
  });

  test('are both handled where the first was rejected and repeating can help', () => {
    const pair = remembering();
    pair.server.respond = ({ seq }) =>
      seq === 1 ? { ...rejected('BUSY'), isRetryable: true } : HANDLED;
    const first = pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    const second = pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    expect(endOf(pair, first)).toEqual(['rejected', 'BUSY']);
    expect(endOf(pair, second)).toEqual(['handled', '']);
  });

  test('are handled once where the first is withdrawn before a handler took it', () => {
    const pair = remembering();
    pair.server.respond = undefined;
    for (let i = 0; i < 8; i++) pair.send(pair.client);
    const first = pair.send(pair.client, { id: 'order 1' });
    const second = pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    pair.client.session.cancel(first);
    pair.client.isFlushWanted = true;
    pair.advance(100);
    expect(endOf(pair, first)).toEqual(['cancelled', 'WILCO_CANCELLED']);
    const [delivery] = pair.server.deliveries;
    if (delivery === undefined) throw new Error('nothing was delivered');
    pair.server.respond = () => HANDLED;
    pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    pair.server.isFlushWanted = true;
    pair.advance(100);
    expect(pair.server.handledSeqs().at(-1)).toBe(10);
    expect(endOf(pair, second)).toEqual(['handled', '']);
  });

  test('settle in the session that each came in, also where the first one is another', () => {
    const memory = idMemory();
    const [one, two] = [remembering(memory), remembering(memory)];
    one.server.respond = undefined;
    one.send(one.client, { id: 'order 1' });
    one.advance(100);
    const second = two.send(two.client, { id: 'order 1' });
    two.advance(100);
    expect(two.server.handledSeqs()).toEqual([]);
    const [delivery] = one.server.deliveries;
    if (delivery === undefined) throw new Error('nothing was delivered');
    one.server.session.handlerFinished(delivery, reply(7), one.nowMs);
    expect(two.server.isFlushWanted).toBe(true);
    two.advance(100);
    expect(endOf(two, second)).toEqual(['handled', '', 7]);
  });

  test('are two messages where nothing is remembered', () => {
    const pair = new Pair();
    pair.connect();
    for (let i = 0; i < 2; i++) pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1, 2]);
  });
});

describe('a message that was sent again from a session that is over', () => {
  const id = `${OLD}.c.default.3`;

  function following(received: number, handled: number): Pair {
    const memory = idMemory();
    const channel = {
      channel: 1,
      name: 'default',
      received,
      started: received,
      handled,
      ranges: [],
    };
    memory.past.set(OLD, { session: OLD, channels: [channel] });
    return remembering(memory);
  }

  test('and was handled there is not handled again', () => {
    const pair = following(5, 4);
    const message = sendMoved(pair, id, true);
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([]);
    expect(endOf(pair, message)).toEqual(['handled', '']);
  });

  test('and never came there is handled, with its mark', () => {
    const pair = following(3, 3);
    sendMoved(pair, id, true);
    pair.advance(100);
    expect(pair.server.deliveries).toMatchObject([{ seq: 1, isResent: true }]);
  });

  test('is handled where its sender knows that no copy was, whatever the place says', () => {
    const pair = following(5, 4);
    sendMoved(pair, id, false);
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
  });

  test('is handled where the session is none that this one follows', () => {
    const pair = remembering();
    sendMoved(pair, id, true);
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
  });
});

describe('an id in a store', () => {
  test('is kept in the same commit as its message, and its end with the mark', () => {
    const pair = remembering(idMemory(), false);
    pair.server.commitMs = undefined;
    pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    const kinds = (): string[] =>
      pair.server.commits.flatMap(({ operations }) => operations.map(({ type }) => type));
    expect(kinds()).toContain('putIncoming');
    expect(kinds()).toContain('putEntry');
    expect(pair.server.commits).toHaveLength(1);
    pair.server.completeCommit();
    pair.advance(100);
    const last = pair.server.commits.at(-1)?.operations.map(({ type }) => type);
    expect(last).toEqual(expect.arrayContaining(['dropIncoming', 'putEntry']));
  });

  test('whose handler was left behind has the next message marked in the commit that keeps it', () => {
    const pair = remembering(leftOff('order 1'), false);
    pair.server.commitMs = undefined;
    pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    const [commit] = pair.server.commits;
    const records = commit?.operations.filter(({ type }) => type === 'putIncoming');
    expect(records?.at(-1)).toMatchObject({ record: { attempts: 1 } });
  });

  test('whose handler was left behind still refuses what is not understood, and says that one may have run', () => {
    const pair = remembering(leftOff('order 1'), false);
    pair.send(pair.client);
    pair.advance(100);
    pair.inject(pair.server, {
      ...{ kind: 'message', channel: 1, seq: 2, type: 0, id: 'order 1', payload: Uint8Array.of(1) },
      ...{ ttlMs: undefined, isResent: false, ackNow: false, totalBytes: undefined },
      extensions: [{ tag: 65, value: Uint8Array.of(1) }],
    });
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(pair.server.frames.find(({ kind }) => kind === 'answer')).toMatchObject({
      ...{ answeredSeq: 2, outcome: 'rejected', code: 'WILCO_EXTENSION_UNKNOWN', hasRun: true },
    });
  });

  test('keeps a message from being handled twice across a restart', () => {
    const pair = remembering(idMemory(), false);
    pair.server.respond = () => reply(7);
    pair.send(pair.client, { id: 'order 1' });
    pair.advance(100);
    const again = remembering(restoredMemory(pair.server.store), false);
    const second = again.send(again.client, { id: 'order 1' });
    again.advance(100);
    expect(again.server.handledSeqs()).toEqual([]);
    expect(endOf(again, second)).toEqual(['handled', '', 7]);
  });

  test('stands after a restart for the message that was found in the inbox', () => {
    let memory = idMemory();
    const server = {
      isVolatile: false,
      concurrencyOf: () => 8,
      get ids() {
        return memory;
      },
    };
    const pair = new Pair({}, { client: { isVolatile: false }, server });
    pair.client.commitMs = pair.server.commitMs = 0;
    pair.server.respond = undefined;
    pair.connect();
    const messages = [1, 2].map(() => pair.send(pair.client, { id: 'order 1' }));
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
    pair.cut();
    memory = restoredMemory(pair.server.store);
    pair.server.respond = () => reply(7);
    pair.server.restart();
    pair.connect();
    pair.advance(60_000);
    expect(pair.server.handledSeqs()).toEqual([1, 1]);
    for (const message of messages) expect(endOf(pair, message)).toEqual(['handled', '', 7]);
  });
});
