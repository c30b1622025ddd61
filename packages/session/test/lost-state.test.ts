import { WilcoError } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { Pair } from './pair.ts';

/** A pair of which the client has sent so many messages that were handled. */
function talked(messages: number): Pair {
  const pair = new Pair();
  pair.connect();
  for (let i = 0; i < messages; i++) pair.send(pair.client);
  pair.advance(10);
  return pair;
}

describe('comparing two memories', () => {
  const offer = (first: number, reported: number, channel = 1) => ({ channel, first, reported });

  test.each([
    ['the same run goes on, wherever it begins', 'c1', [offer(1, 4)], 'continues'],
    ['a new run that begins where the old one ended goes on', 'c2', [offer(4, 4)], 'continues'],
    ['a new run that skips ahead goes on', 'c2', [offer(9, 4)], 'continues'],
    ['a new run that may use a seq again has lost state', 'c2', [offer(3, 3)], 'peerStateLost'],
    ['a new run that names no channel has lost state', 'c2', [], 'peerStateLost'],
    [
      'a peer that was told more than is known here: this side has',
      'c1',
      [offer(1, 5)],
      'ownStateLost',
    ],
    [
      'in a channel that is not known here as well',
      'c1',
      [offer(1, 4), offer(1, 2, 7)],
      'ownStateLost',
    ],
    ['a channel in which nothing was reported proves nothing', 'c1', [offer(1, 1, 7)], 'continues'],
  ] as const)('%s', (_name, runId, offers, judgement) => {
    expect(talked(3).server.session.opening.judge(runId, offers)).toBe(judgement);
  });

  test('a new run that may use a seq again of which a part has come has lost state', () => {
    const pair = talked(3);
    pair.fate = ({ kind }) => (kind === 'fragment' ? 'lose' : 'pass');
    pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.advance(5);
    const { opening } = pair.server.session;
    const judge = opening.judge.bind(opening);
    expect(judge('c2', [offer(4, 4)])).toBe('peerStateLost');
    expect(judge('c2', [offer(5, 4)])).toBe('continues');
    expect(judge('c1', [offer(1, 4)])).toBe('continues');
  });

  test('finds nothing wrong where nothing was ever sent', () => {
    const pair = new Pair();
    for (const side of [pair.client, pair.server]) {
      const other = pair.other(side);
      expect(side.session.opening.judge(other.runId, other.session.opening.offers())).toBe(
        'continues',
      );
      expect(side.session.opening.judge('another', [])).toBe('continues');
    }
  });
});

describe('a session that kills its connections', () => {
  const death = (): WilcoError => new WilcoError('WILCO_FRAME_MALFORMED', 'byte 7');

  test('is given up after three protocol errors at one place, not after a fourth', () => {
    const pair = talked(1);
    for (let i = 0; i < 3; i++) {
      expect(pair.server.end).toBeUndefined();
      if (i > 0) pair.connect();
      pair.server.session.connectionLost(death(), pair.nowMs);
      pair.client.session.connectionLost(undefined, pair.nowMs);
    }
    expect(pair.server.end?.code).toBe('WILCO_POISONED');
    expect(pair.client.end).toBeUndefined();
  });

  test('is not, when something got through, or something else ended a connection between', () => {
    for (const between of ['progress', 'network'] as const) {
      const pair = talked(1);
      for (let i = 0; i < 6; i++) {
        pair.cut(death());
        pair.connect();
        if (between === 'progress') pair.send(pair.client);
        else {
          pair.cut();
          pair.connect();
        }
        pair.advance(10);
      }
      expect([pair.client.end, pair.server.end]).toEqual([undefined, undefined]);
    }
  });
});
