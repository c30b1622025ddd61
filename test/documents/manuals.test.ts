import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventsOf } from '../house/options-document.ts';

const SHARED = eventsOf('endpoint/src/endpoint.ts', 'EndpointEvents');

test.each([
  ['client', 'ClientEvents'],
  ['server', 'ServerEvents'],
])('the manual of the %s says of each event what to do', (side, name) => {
  const url = new URL(`../../packages/${side}/README.md`, import.meta.url);
  const [, table = ''] = readFileSync(url, 'utf8').split('| event | when | what to do |');
  const rows = table.split('\n\n')[0]?.matchAll(/^\| `(\w+)` \|/gm) ?? [];
  const events = [...eventsOf(`${side}/src/events.ts`, name), ...SHARED];
  expect([...rows].map(([, event]) => event).toSorted()).toEqual(events.toSorted());
});
