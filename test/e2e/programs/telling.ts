/** How a child process tells its parent what happens, and what it is asked to do. */
import type { Order } from '../child.ts';

/** The task that the parent gave. */
export function task(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}

export function tell(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  process.send?.({ event, atMs: Date.now(), ...facts });
}

/** Takes orders. Listening for them does not keep the process alive. */
export function onOrder(listener: (order: Order) => void): void {
  process.on('message', (order) => listener(order as Order));
  process.channel?.unref();
}
