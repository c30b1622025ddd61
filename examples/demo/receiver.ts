/** Writes each order to a file, and then confirms it. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { listen } from '@wilco/server';
import { childSettings, report, reportProgress, reportWhenStopped } from './child-report.ts';
import type { ReceiverSettings } from './demo-settings.ts';
import { toLine } from './input.ts';
import { PlaceOrder } from './messages.ts';

const { file, waitMs } = childSettings() as ReceiverSettings;
const output = openSync(file, 'w');
let lines = 0;

const server = await listen({ host: '127.0.0.1', port: 0, waitMs });
server.handle(PlaceOrder, (order) => {
  writeSync(output, `${toLine(order)}\n`);
  lines += 1;
  return { line: lines };
});

reportProgress(() => ({ lines }));
reportWhenStopped(async () => {
  await server.close();
  closeSync(output);
  return { lines };
});
report({ type: 'ready', port: server.address.port });
