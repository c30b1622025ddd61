import { setTimeout as delay } from 'node:timers/promises';

/** How fine the pace is. Several items that fall into one step are taken in a row. */
const STEP_MS = 5;

/** Gives `items` to `take`, spread evenly over `durationMs`. What has to wait is made up for later. */
export async function pace<Item>(
  items: readonly Item[],
  durationMs: number,
  take: (item: Item) => Promise<void> | undefined,
): Promise<void> {
  const startMs = performance.now();
  for (const [index, item] of items.entries()) {
    const dueMs = startMs + (index / items.length) * durationMs;
    while (performance.now() < dueMs) await delay(STEP_MS);
    await take(item);
  }
}
