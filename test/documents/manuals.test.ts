import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventsOf } from '../house/options-document.ts';
import { pagesOfPackages } from './programs.ts';

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

test('who installs a package finds its pages beside its manual', () => {
  const packages = new Set(pagesOfPackages().map((path) => path.replace(/\/docs\/.*$/, '')));
  expect(packages.size).toBeGreaterThan(3);
  for (const path of packages) {
    const url = new URL(`../../${path}/package.json`, import.meta.url);
    const { files } = JSON.parse(readFileSync(url, 'utf8')) as { readonly files: string[] };
    expect([path, ...files]).toContain('docs');
  }
});
