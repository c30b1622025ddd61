import { expect, test } from 'vitest';
import { HANDLED, Pair, rejected, reply } from './pair.ts';

test.each([
  ['handled, where there is nothing more to say', HANDLED, 2],
  ['not handled, where it was refused', rejected('NO'), 1],
  ['not handled, where its reply is still to be told', reply(1), 1],
] as const)(
  'what a handler finishes once its session is over is said to be %s',
  (_what, result, handled) => {
    const pair = new Pair({ server: { resumeWindowMs: 1_000 } });
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    pair.cut();
    pair.advance(2_000);
    const { session, deliveries } = pair.server;
    expect(session.phase).toBe('ended');
    for (const one of deliveries) session.handlerFinished(one, result, pair.nowMs);
    const { channels } = session.knowledge.remains(pair.nowMs);
    expect(channels.map((one) => [one.received, one.handled])).toEqual([[2, handled]]);
  },
);
