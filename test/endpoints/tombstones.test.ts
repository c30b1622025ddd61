import { memoryStore } from '@wilco/store';
import { defineMessage, Rejection } from '@wilco/protocol';
import type { StateLost } from '@wilco/client';
import { describe, expect, test } from 'vitest';
import { virtualPair, type VirtualPair, type VirtualPairOptions } from './virtual-pair.ts';

const Order = defineMessage<string, string | undefined>('order');

interface Away extends VirtualPair {
  /** What handlers took, and which of it was marked. */
  readonly taken: string[];
  readonly lost: StateLost[];
  /** Lets the client come back. */
  comeBack(): void;
}

/**
 * A client whose words reach the server and whose ears are cut off: of what it has sent it knows
 * nothing when its session has ended on both sides.
 */
async function goneAway(given: VirtualPairOptions = {}): Promise<Away> {
  let isAway = false;
  const taken: string[] = [];
  const lost: StateLost[] = [];
  const pair = await virtualPair({
    ...given,
    client: { resumeWindowMs: 60_000, waitMs: 1_000, ...given.client },
    server: { resumeWindowMs: 60_000, ...given.server },
    faultsFor: () => ({ dial: isAway ? 'refused' : 'accepted' }),
  });
  pair.client.on('stateLost', (one) => lost.push(one));
  pair.server.handle(Order, async (body, { isResent }) => {
    taken.push(isResent ? `${body} resent` : body);
    if (body === 'hang') await new Promise(() => {});
    if (body === 'refuse') throw new Rejection('NO', 'out of stock');
    return body === 'plain' ? undefined : `${body} done`;
  });
  await pair.until(() => pair.client.isOnline);
  await pair.run(10);
  pair.link().blackHole('down');
  isAway = true;
  return { ...pair, taken, lost, comeBack: () => (isAway = false) };
}

describe('a client that comes back after its session has ended', () => {
  test('learns what was handled, with the replies, and nothing is handled again', async () => {
    const away = await goneAway();
    const receipts = ['plain', 'tea', 'refuse'].flatMap((body) => [
      away.client.send(Order, body),
      away.client.send(Order, body, { id: body }),
    ]);
    await away.run(100);
    expect(away.taken).toEqual(['plain', 'plain', 'tea', 'tea', 'refuse', 'refuse']);
    await away.run(120_000);
    expect(away.server.sessions).toEqual([]);
    away.comeBack();
    await away.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    expect(away.taken).toHaveLength(6);
    expect(receipts.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'handled', reply: undefined },
      { status: 'handled', reply: undefined },
      { status: 'handled', reply: 'tea done' },
      { status: 'handled', reply: 'tea done' },
      { status: 'rejected', code: 'NO', hasRun: true },
      { status: 'rejected', code: 'NO', hasRun: true },
    ]);
    expect(away.lost).toMatchObject([{ reason: 'ended', handled: 2, resent: 4, moved: 0 }]);
    await away.stop();
  });

  test('is told so, too, where it would have them in doubt', async () => {
    const away = await goneAway({ client: { whenSessionLost: 'inDoubt' } });
    const receipts = ['plain', 'tea'].map((body) => away.client.send(Order, body));
    await away.run(120_000);
    expect(receipts.map(({ outcome }) => outcome)).toEqual([undefined, undefined]);
    away.comeBack();
    await away.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    expect(receipts.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'handled' },
      { status: 'handled', reply: 'tea done' },
    ]);
    expect(away.taken).toEqual(['plain', 'tea']);
    await away.stop();
  });

  test('sends without a mark what no handler had taken', async () => {
    const away = await goneAway();
    const receipts = ['hang', 'tea'].map((body) => away.client.send(Order, body));
    await away.run(120_000);
    expect(away.taken).toEqual(['hang']);
    away.comeBack();
    await away.until(() => receipts[1]?.outcome !== undefined);
    expect(away.taken).toEqual(['hang', 'tea']);
    expect(away.lost).toMatchObject([{ reason: 'ended', handled: 0, resent: 1, moved: 1 }]);
    await away.stop();
  });

  test('waits for the handler that runs still, and no longer than for any', async () => {
    const away = await goneAway({ server: { handlerTimeoutMs: 300_000 } });
    const receipt = away.client.send(Order, 'hang');
    await away.run(120_000);
    away.comeBack();
    await away.run(60_000);
    expect(receipt.outcome).toBeUndefined();
    await away.until(() => receipt.outcome !== undefined, 600_000);
    expect(receipt.outcome).toMatchObject({
      status: 'rejected',
      code: 'WILCO_HANDLER_TIMEOUT',
      hasRun: true,
    });
    expect(away.taken).toEqual(['hang']);
    await away.stop();
  });

  test('learns it also where both were restarted meanwhile, and have stores', async () => {
    const store = memoryStore({ keep: true });
    const clientStore = memoryStore({ keep: true });
    const first = await goneAway({ server: { store }, client: { store: clientStore } });
    first.client.send(Order, 'plain');
    first.client.send(Order, 'tea', { id: 'order 1' });
    await first.run(100);
    expect(first.taken).toEqual(['plain', 'tea']);
    await first.run(120_000);
    await detached(first);
    const taken: string[] = [];
    const second = await virtualPair({ server: { store }, client: { store: clientStore } });
    second.server.handle(Order, (body) => void taken.push(body));
    await second.until(() => second.client.isOnline && second.client.stats()?.unsettled === 0);
    expect(taken).toEqual([]);
    await second.stop();
  });

  test('sends again with the mark where the server has forgotten the session', async () => {
    const away = await goneAway({ server: { tombstoneAgeMs: 1_000 } });
    away.client.send(Order, 'plain');
    await away.run(120_000);
    away.comeBack();
    await away.until(() => away.taken.length === 2);
    expect(away.taken).toEqual(['plain', 'plain resent']);
    await away.stop();
  });

  test('sends again with the mark where the server remembers as many others as it may', async () => {
    const away = await goneAway({ server: { maxTombstones: 0 } });
    away.client.send(Order, 'plain');
    await away.run(120_000);
    away.comeBack();
    await away.until(() => away.taken.length === 2);
    expect(away.taken).toEqual(['plain', 'plain resent']);
    await away.stop();
  });
});

/** Closes both sides; what stores keep stays. */
async function detached(pair: VirtualPair): Promise<void> {
  let isOver = false;
  const ends = [pair.client.close({ drainMs: 0 }), pair.server.close({ drainMs: 0 })];
  void Promise.all(ends).then(() => (isOver = true));
  await pair.until(() => isOver);
}
