import { expect, test } from 'vitest';
import { HANDLED, Pair } from './pair.ts';

const FAREWELL = { code: 'WILCO_CLOSED', reason: 'bye', retryAfterMs: undefined } as const;

test.each(['end', 'detach'] as const)(
  'after a goodbye (%s) no handler is started on what waits, though one that runs may finish',
  (mode) => {
    const pair = new Pair();
    pair.connect();
    pair.server.respond = () => undefined;
    pair.send(pair.client);
    pair.send(pair.client);
    pair.advance(10);
    expect(pair.server.deliveries.map(({ seq }) => seq)).toEqual([1]);
    pair.server.session.close({ mode, ...FAREWELL }, pair.nowMs);
    pair.advance(20);
    const [first] = pair.server.deliveries;
    if (first !== undefined) pair.server.session.handlerFinished(first, HANDLED, pair.nowMs);
    pair.advance(400_000);
    expect(pair.server.deliveries.map(({ seq }) => seq)).toEqual([1]);
  },
);

test('a session whose records are dropped persists nothing more, whatever its handlers still do', () => {
  const pair = new Pair({}, { server: { isVolatile: false } });
  pair.connect();
  pair.server.respond = () => undefined;
  pair.server.commitMs = 1;
  pair.send(pair.client);
  pair.advance(10);
  expect(pair.server.deliveries).toHaveLength(1);
  pair.server.session.surrender(pair.nowMs);
  pair.advance(20);
  const commits = pair.server.commits.length;
  const [first] = pair.server.deliveries;
  if (first !== undefined) pair.server.session.handlerFinished(first, HANDLED, pair.nowMs);
  pair.server.isFlushWanted = true;
  pair.advance(1_000);
  expect(pair.server.commits).toHaveLength(commits);
});
