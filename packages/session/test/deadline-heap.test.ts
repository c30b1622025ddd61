import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeadlineHeap, type Timed } from '../src/deadline-heap.ts';

interface Item extends Timed {
  readonly name: number;
}

describe('a heap of deadlines', () => {
  test('gives what is due, the earliest first, and forgets what was removed', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), name: fc.nat(15), atMs: fc.nat(50) }),
      fc.record({ kind: fc.constant('remove' as const), name: fc.nat(15), atMs: fc.constant(0) }),
      fc.record({ kind: fc.constant('take' as const), name: fc.constant(0), atMs: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const heap = new DeadlineHeap<Item>();
        const items = Array.from({ length: 16 }, (_, name): Item => {
          return { name, deadlineMs: Infinity, heapIndex: -1 };
        });
        const model = new Map<number, number>();
        for (const { kind, name, atMs } of steps) {
          const item = items[name] as Item;
          if (kind === 'set') {
            heap.set(item, atMs);
            model.set(name, atMs);
          } else if (kind === 'remove') {
            heap.remove(item);
            model.delete(name);
          } else {
            const due = heap.takeDue(atMs);
            const earliestMs = Math.min(...model.values());
            expect(due?.deadlineMs).toBe(earliestMs <= atMs ? earliestMs : undefined);
            if (due !== undefined) {
              expect(model.get(due.name)).toBe(due.deadlineMs);
              model.delete(due.name);
            }
          }
          expect(heap.size).toBe(model.size);
          expect(heap.earliestMs).toBe(Math.min(...model.values()));
        }
      }),
      { numRuns: 500 },
    );
  });
});
