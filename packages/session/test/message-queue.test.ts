import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IncomingMessage } from '../src/incoming-message.ts';
import { MessageQueue } from '../src/message-queue.ts';

function message(seq: number): IncomingMessage {
  return new IncomingMessage({
    channel: 1,
    channelName: 'default',
    seq,
    type: 'note',
    id: undefined,
    isResent: false,
    extensions: [],
    acceptedAtMs: 0,
    expiresAtMs: Infinity,
    cost: 0,
    attempts: 0,
    payload: new Uint8Array(0),
  });
}

describe('a queue of messages', () => {
  test('keeps their order, whatever is taken out of it', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), at: fc.nat(100) }),
      fc.record({ kind: fc.constant('shift' as const), at: fc.nat(100) }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new MessageQueue();
        const model: IncomingMessage[] = [];
        let seq = 0;
        for (const { kind, at } of steps) {
          if (kind === 'push') {
            for (let i = 0; i < at; i++) {
              const next = message(++seq);
              queue.push(next);
              model.push(next);
            }
          } else if (kind === 'shift') {
            for (let i = 0; i < at; i++) queue.shift();
            model.splice(0, at);
          } else {
            const index = at % (model.length + 1);
            expect(queue.remove(model[index] ?? message(0))).toBe(index < model.length);
            const [taken] = model.splice(index, 1);
            // Every other one comes back.
            if (taken !== undefined && at % 2 === 0) {
              queue.insert(taken);
              model.splice(index, 0, taken);
            }
          }
          expect(queue.first).toBe(model[0]);
          expect([...queue]).toEqual(model);
        }
      }),
    );
  });
});
