/** A thousand reconnects leave nothing behind. */
import { expect } from 'vitest';
import { Child } from './child.ts';
import { test } from './endpoints.ts';

const WARM_UP = 500;
const ROUNDS = 1_000;
/** The heap of a process is never quite still; what belongs to one connection is several times this. */
const BYTES_PER_ROUND = 1_500;

test('a thousand reconnects leave no timer, listener, socket or memory behind, and lose nothing', async ({
  here,
}) => {
  const child = here.add(
    new Child('reconnects', { warmUp: WARM_UP, rounds: ROUNDS }, { nodeOptions: ['--expose-gc'] }),
  );
  const done = await child.until('done');
  const before = done['before'] as Record<string, number>;
  const after = done['after'] as Record<string, number>;
  const { heapBytes: heapBefore = 0, externalBytes: externalBefore = 0, ...heldBefore } = before;
  const { heapBytes: heapAfter = 0, externalBytes: externalAfter = 0, ...heldAfter } = after;
  expect(heldAfter).toEqual(heldBefore);
  expect(heldAfter).toMatchObject({ sockets: 2, listening: 1 });
  expect(heapAfter - heapBefore).toBeLessThan(ROUNDS * BYTES_PER_ROUND);
  expect(externalAfter - externalBefore).toBeLessThan(ROUNDS * BYTES_PER_ROUND);
  expect(done).toMatchObject({ resumed: WARM_UP + ROUNDS, isOnceInOrder: true, sessions: 1 });
  expect(done['handled']).toBe(done['sent']);
  // It was closed, so it ends by itself.
  expect(await child.exit).toEqual({ code: 0, signal: undefined });
});
