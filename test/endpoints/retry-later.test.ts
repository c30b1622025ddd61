import { describe, expect, test } from 'vitest';
import { defineMessage, RetryLater } from '@wilco/client';
import { virtualPair, type VirtualPair } from './virtual-pair.ts';

const Work = defineMessage<string, string>('work');

/** A server whose handler takes what begins with "late" only in its third attempt. */
async function pairOf(whenRetried?: 'inPlace' | 'aside', maxAttempts = 10) {
  const pair = await virtualPair({ server: { maxAttempts } });
  const starts: string[] = [];
  pair.server.handle(
    Work,
    (what, { attempt, isRedelivered }) => {
      starts.push(`${what} ${String(attempt)}${isRedelivered ? ' again' : ''}`);
      if (what === 'late' && attempt < 3) throw new RetryLater(1_000, 'the bank is closed');
      return what;
    },
    whenRetried === undefined ? {} : { whenRetried },
  );
  await pair.until(() => pair.client.isOnline);
  return { pair, starts };
}

function sendBoth({ client }: VirtualPair) {
  return [client.send(Work, 'late'), client.send(Work, 'next')] as const;
}

describe('a message', () => {
  test('whose handler throws RetryLater waits in its place, or aside, as its type says', async () => {
    const inPlace = await pairOf();
    const [late, next] = sendBoth(inPlace.pair);
    await inPlace.pair.run(1_500);
    expect([late.outcome, next.outcome]).toEqual([undefined, undefined]);
    await inPlace.pair.run(1_500);
    expect(inPlace.starts).toEqual(['late 1', 'late 2 again', 'late 3 again', 'next 1']);
    expect(await late.handled).toBe('late');
    await inPlace.pair.stop();

    const aside = await pairOf('aside');
    const receipts = sendBoth(aside.pair);
    await aside.pair.run(3_000);
    expect(aside.starts).toEqual(['late 1', 'next 1', 'late 2 again', 'late 3 again']);
    expect(receipts.map(({ outcome }) => outcome?.status)).toEqual(['handled', 'handled']);
    await aside.pair.stop();
  });

  test('that is put off too often is rejected, and its sender is told that a handler ran', async () => {
    const { pair } = await pairOf('inPlace', 2);
    const [late, next] = sendBoth(pair);
    await pair.run(3_000);
    expect(late.outcome).toMatchObject({
      status: 'rejected',
      code: 'WILCO_ATTEMPTS_OVER',
      hasRun: true,
      isRetryable: true,
    });
    expect(next.outcome?.status).toBe('handled');
    await pair.stop();
  });

  test('can be put off by the handler of all other types as well', async () => {
    const pair = await virtualPair();
    let isOpen = false;
    pair.server.handleOthers(() => {
      if (!isOpen) throw new RetryLater(10);
    });
    await pair.until(() => pair.client.isOnline);
    const receipt = pair.client.send(Work, 'other');
    await pair.run(50);
    expect(receipt.outcome).toBeUndefined();
    isOpen = true;
    await pair.run(50);
    expect(receipt.outcome?.status).toBe('handled');
    await pair.stop();
  });
});
