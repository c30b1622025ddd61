import { expect } from 'vitest';
import type { Pair } from './pair.ts';
import type { Side } from './side.ts';

/** What must be true of a conversation at any moment, checked against what both sides lived through. */
export function checkHistory(pair: Pair): void {
  for (const side of [pair.client, pair.server]) {
    checkReceiver(side, pair.other(side));
    checkReceipts(side, pair.other(side));
    checkCounts(side, pair.nowMs);
  }
}

/** And at its end: everything is settled, and nothing waits. */
export function checkEnd(pair: Pair): void {
  checkHistory(pair);
  for (const side of [pair.client, pair.server]) {
    expect(side.session.unsettledCount).toBe(0);
    expect(side.settlements.size).toBe(side.sent.length);
    if (side.end === undefined) expect(side.session.isQuiet).toBe(true);
    expect(side.session.stats(pair.nowMs).inFlight).toBe(0);
    expect(side.session.stats(pair.nowMs).unsettledBytes).toBe(0);
  }
}

/** Each seq once, in order, byte for byte. */
function checkReceiver(receiver: Side, sender: Side): void {
  const last = new Map<string, number>();
  for (const { channelName, seq, bytes } of receiver.taken) {
    expect(seq, `order in ${channelName}`).toBeGreaterThan(last.get(channelName) ?? 0);
    last.set(channelName, seq);
    const sent = sender.sent.find(
      ({ message }) => message.seq === seq && message.channelName === channelName,
    );
    expect(bytes).toBe(sent?.bytes);
  }
}

/** What is counted is what happened, in a process that never died. */
function checkCounts(side: Side, nowMs: number): void {
  if (side.runId.endsWith("'")) return;
  const { sent, settled, unsettled, queued, inFlight, received } = side.session.stats(nowMs);
  const endings = Object.values(settled).reduce((sum, count) => sum + count, 0);
  expect(endings).toBe(side.settlements.size);
  expect(sent).toBe(side.sent.length);
  expect(unsettled).toBe(sent - endings);
  expect(queued).toBeGreaterThanOrEqual(0);
  expect(queued).toBeLessThanOrEqual(unsettled);
  expect(inFlight).toBeGreaterThanOrEqual(unsettled - queued);
  expect(received).toBeGreaterThanOrEqual(side.taken.length);
}

/** What a receipt says is what the handlers know. */
function checkReceipts(sender: Side, receiver: Side): void {
  for (const { message } of sender.sent) {
    const settlement = sender.settlements.get(message);
    if (settlement === undefined) continue;
    const isTaken = receiver.taken.some(
      ({ channelName, seq }) => seq === message.seq && channelName === message.channelName,
    );
    if (settlement.status === 'handled' || settlement.hasRun) expect(isTaken).toBe(true);
    if (settlement.status === 'expired' || settlement.status === 'cancelled') {
      expect(isTaken, `#${String(message.seq)} ${settlement.status}`).toBe(false);
    }
  }
}
