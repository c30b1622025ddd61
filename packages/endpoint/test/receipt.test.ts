import { describe, expect, test } from 'vitest';
import { messagePack } from '@wilco/codec';
import { cancelled, expired, inDoubt, type Settlement } from '@wilco/session';
import { MessageReceipt, type ReceiptOwner } from '../src/receipt.ts';
import { ManualClock } from './manual-clock.ts';

const CODEC = messagePack();
const HANDLED: Settlement = {
  status: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  isReplyLost: false,
  payload: undefined,
};
const REJECTED: Settlement = { ...HANDLED, status: 'rejected', code: 'NO', reason: 'because' };

describe('a receipt', () => {
  test('climbs the ladder, and whoever asks later gets the same answer', async () => {
    const { receipt } = make();
    const early = receipt.queued;
    receipt.markQueued();
    await early;
    receipt.markReceived();
    await receipt.received;
    receipt.settle({ ...HANDLED, payload: CODEC.encode({ line: 7 }) });
    expect(await receipt.handled).toEqual({ line: 7 });
    const outcome = { status: 'handled', reply: { line: 7 }, replyLost: false };
    expect(await receipt.settled).toEqual(outcome);
    expect(receipt.outcome).toEqual(outcome);
  });

  test('is not thenable: who awaits it gets the receipt, not the outcome', async () => {
    const { receipt } = make();
    expect(await Promise.resolve(receipt)).toBe(receipt);
  });

  test.each([
    [REJECTED, 'WILCO_REJECTED', { status: 'rejected', code: 'NO', reason: 'because' }],
    [expired('WILCO_EXPIRED', ''), 'WILCO_EXPIRED', { status: 'expired' }],
    [cancelled('WILCO_SESSION_ENDED', ''), 'WILCO_CANCELLED', { code: 'WILCO_SESSION_ENDED' }],
    [inDoubt('WILCO_STATE_LOST', ''), 'WILCO_IN_DOUBT', { status: 'inDoubt' }],
  ])('that ends otherwise rejects what waits for it: %#', async (settlement, code, outcome) => {
    const { receipt } = make();
    const waiting = [receipt.queued, receipt.received, receipt.handled, receipt.within(100)];
    receipt.settle(settlement);
    for (const promise of waiting) await expect(promise).rejects.toMatchObject({ code, outcome });
    expect(await receipt.settled).toMatchObject(outcome);
  });

  test('does not reject what was reached already', async () => {
    const { receipt } = make();
    receipt.markReceived();
    receipt.settle(inDoubt('WILCO_STATE_LOST', ''));
    await receipt.queued;
    await receipt.received;
    await expect(receipt.handled).rejects.toMatchObject({ code: 'WILCO_IN_DOUBT' });
  });

  test('settles once', async () => {
    const { receipt, settled } = make();
    receipt.settle(HANDLED);
    receipt.settle(REJECTED);
    expect(receipt.outcome?.status).toBe('handled');
    expect(settled).toHaveLength(1);
  });

  test('of a reply that can not be read is handled, its reply lost', () => {
    const { receipt } = make();
    receipt.settle({ ...HANDLED, payload: Uint8Array.of(0xc1) });
    expect(receipt.outcome).toEqual({ status: 'handled', reply: undefined, replyLost: true });
  });

  test('can be waited for only so long: the message goes its way', async () => {
    const { receipt, clock } = make();
    const patient = receipt.within(1_000);
    const hasty = expect(receipt.within(10)).rejects.toMatchObject({ code: 'WILCO_WAIT_OVER' });
    await clock.advance(20);
    await hasty;
    receipt.settle({ ...HANDLED, payload: CODEC.encode('late') });
    expect(await patient).toBe('late');
    expect(clock.pending).toBe(0);
    expect(await receipt.within(0)).toBe('late');
  });

  test.each([
    ['nobody asked for anything', (): void => {}, false],
    ['somebody waits for the outcome', ({ settled }: MessageReceipt) => void settled, true],
    ['somebody waits for the reply', ({ handled }: MessageReceipt) => void handled, true],
    ['somebody still waits for received', ({ received }: MessageReceipt) => void received, true],
    [
      'somebody saw it received, and then looked away',
      (receipt: MessageReceipt) => {
        void receipt.received;
        receipt.markReceived();
      },
      false,
    ],
  ])('knows whether its failure was told to anybody: %s', (_what, look, isObserved) => {
    const { receipt } = make();
    look(receipt);
    receipt.settle(REJECTED);
    expect(receipt.isObserved).toBe(isObserved);
  });

  test('that waits for room withdraws its message by itself', () => {
    const { receipt, withdrawn } = make();
    receipt.cancel();
    expect(withdrawn).toEqual([receipt]);
    receipt.settle(HANDLED);
    receipt.cancel();
    expect(withdrawn).toHaveLength(1);
  });
});

function make() {
  const clock = new ManualClock();
  const settled: MessageReceipt[] = [];
  const withdrawn: MessageReceipt[] = [];
  const owner: ReceiptOwner = {
    clock,
    withdraw: (given) => withdrawn.push(given),
    settled: (given) => settled.push(given),
  };
  const receipt = new MessageReceipt(owner, { name: 'test', replyCodec: CODEC }, 'one', 1);
  return { receipt, clock, settled, withdrawn };
}
