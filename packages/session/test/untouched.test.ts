import { describe, expect, test } from 'vitest';
import { WindowBudget } from '../src/index.ts';
import { Pair } from './pair.ts';

/** What was asked for makes the parts of the engine, as the first message would. */
function wake(pair: Pair): void {
  for (const side of [pair.client, pair.server]) side.session.knowledge.sent();
}

describe('a session through which nothing has passed', () => {
  test('says at the opening what one says whose parts are there', () => {
    const [idle, awake] = [new Pair(), new Pair()];
    wake(awake);
    for (const name of ['client', 'server'] as const) {
      const [one, other] = [idle[name].session, awake[name].session];
      expect(one.opening.offers()).toEqual(other.opening.offers());
      expect(one.opening.announcement()).toEqual(other.opening.announcement());
      expect(one.opening.fullAck(0)).toEqual(other.opening.fullAck(0));
      for (const reported of [1, 2]) {
        const offers = [{ channel: 1, first: 1, reported }];
        expect(one.opening.judge('run', offers)).toBe(other.opening.judge('run', offers));
      }
      expect(one.stats(0)).toEqual(other.stats(0));
    }
  });

  test('sends the same heartbeats at the same times', () => {
    const [idle, awake] = [new Pair(), new Pair()];
    idle.connect();
    awake.connect();
    wake(awake);
    idle.advance(60_000);
    awake.advance(60_000);
    expect(idle.trace.filter((line) => line.includes('ping')).length).toBeGreaterThan(5);
    expect(idle.trace).toEqual(awake.trace);
    expect(idle.server.session.stats(60_000)).toEqual(awake.server.session.stats(60_000));
  });

  test('goes on when a message comes after any time, as if its parts had been there', () => {
    for (const waitMs of [0, 1, 9_900, 10_000, 25_000]) {
      const [idle, awake] = [new Pair(), new Pair()];
      for (const pair of [idle, awake]) {
        pair.connect();
        if (pair === awake) wake(pair);
        pair.advance(waitMs);
        pair.send(pair.server);
        pair.send(pair.client);
        pair.advance(30_000);
      }
      expect(idle.trace).toEqual(awake.trace);
      expect(idle.client.settlements.size + idle.server.settlements.size).toBe(2);
    }
  });

  test('loses a peer that is silent', () => {
    const pair = new Pair();
    pair.connect();
    pair.fate = (_frame, from) => (from === pair.client ? 'lose' : 'pass');
    pair.advance(60_000);
    expect(pair.server.dropped[0]?.code).toBe('WILCO_PEER_SILENT');
  });

  test('notices a frame that was eaten on the way', () => {
    const pair = new Pair();
    pair.connect();
    pair.fate = ({ kind }, from, index) =>
      kind === 'ping' && from === pair.client && index === 1 ? 'lose' : 'pass';
    pair.advance(60_000);
    expect(pair.server.dropped[0]?.code).toBe('WILCO_FRAME_LOST');
  });

  test('gives back its window when others want the memory', () => {
    const budget = new WindowBudget(4_000_000);
    const pair = new Pair({}, { server: { budget } });
    pair.connect();
    pair.advance(5_000);
    const before = budget.reservedBytes;
    const asker = { giveBack: () => 0 };
    budget.takeBack(1_000_000, asker, 1_000, pair.nowMs);
    pair.settle();
    pair.advance(100);
    expect(budget.reservedBytes).toBeLessThan(before / 10);
    expect(pair.client.session.stats(pair.nowMs).windowAnnounced).toEqual(
      pair.server.session.stats(pair.nowMs).windowGranted,
    );
  });
});
