/** Sends each order of a file and counts the receipts. */
import { connect } from '@wilco/client';
import { childSettings, finish, reportProgress } from './child-report.ts';
import type { SenderSettings } from './demo-settings.ts';
import { readOrders } from './input.ts';
import { PlaceOrder } from './messages.ts';
import { pace } from './pace.ts';

const { file, port, durationMs, waitMs } = childSettings() as SenderSettings;
const counts = { written: 0, handled: 0, rejected: 0, expired: 0, cancelled: 0, inDoubt: 0 };
reportProgress(() => counts);

// The network never stays up for long here: try again soon, and keep trying soon.
const reconnect = { minMs: 20, maxMs: 100, stableAfterMs: 100 };
const client = connect({ host: '127.0.0.1', port, waitMs, reconnect });
await pace(readOrders(file), durationMs, async (order) => {
  const receipt = client.send(PlaceOrder, order, { whenFull: 'wait' });
  counts.written += 1;
  void receipt.settled.then(({ status }) => (counts[status] += 1));
  await receipt.queued;
});
await client.drain();
await client.close();
finish(counts);
