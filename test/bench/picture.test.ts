import { expect, test } from 'vitest';
import { figuresOf, trafficRun } from './figures-of.ts';
import { pictureOf } from './picture.ts';

const FIGURES = {
  ...figuresOf([
    trafficRun('P64', 'socket-io', 1, 100_000, 10),
    trafficRun('P64', 'wilco', 1, 400_000, 2),
    trafficRun('P64', 'raw', 1, 4_000_000, 0.2),
    trafficRun('D1024', 'wilco', 1, 1, 1),
    { row: 'I5000', peer: 'socket-io', round: 1, memoryBytes: 16_384 },
    { row: 'I5000', peer: 'wilco', round: 1, memoryBytes: 8_192 },
  ]),
  brokers: ['socket-io'],
};

test('the picture has a bar for each peer, the best at the top, and none for a bound', () => {
  const svg = pictureOf(FIGURES);
  const names = [...svg.matchAll(/text-anchor="end">(.*?)</g)].map(([, name]) => name);
  expect(names).toEqual(['wilco', 'socket-io', 'wilco', 'socket-io']);
  const bars = [...svg.matchAll(/width="([\d.]+)" height="14" rx="2" fill="(#\w+)"/g)];
  expect(bars.map(([, width, colour]) => [Number(width), colour])).toEqual([
    [237, '#2da44e'],
    [59.3, '#b08bc9'],
    [118.5, '#2da44e'],
    [237, '#b08bc9'],
  ]);
  expect(svg).toContain('>400 k/s<');
  expect(svg).toContain('>8.0 KiB<');
});

test('a chart that would show nobody beside Wilco is left out', () => {
  expect(pictureOf(FIGURES)).not.toContain('on disk');
});

test('the letters of the picture follow the page, light or dark', () => {
  expect(pictureOf(FIGURES)).toMatch(/prefers-color-scheme: dark/);
});
