import { medianOf, readFigures, type Figures, type Run } from './figures.ts';
import { escapeText, svgOf } from './svg.ts';

/** One chart of the picture: a bar for each peer. */
interface Chart {
  readonly title: string;
  readonly row: string;
  readonly pick: (run: Run) => number | undefined;
  readonly write: (value: number) => string;
  /** The best is at the top. */
  readonly best: 'most' | 'least';
}

const RATE: Pick<Chart, 'pick' | 'write' | 'best'> = {
  pick: (run) => run.traffic?.rate,
  write: (rate) => (rate >= 1e4 ? `${(rate / 1e3).toFixed(0)} k/s` : `${rate.toFixed(0)}/s`),
  best: 'most',
};
const CHARTS: readonly Chart[] = [
  { title: '100 B, 64 in flight, one core', row: 'P64', ...RATE },
  { title: '100 B, 1,024 in flight, all cores', row: 'A1024', ...RATE },
  { title: '100 B, 1,024 in flight, on disk', row: 'D1024', ...RATE },
  {
    title: '5,000 idle connections: memory for each',
    row: 'I5000',
    pick: (run) => run.memoryBytes,
    write: (bytes) => `${(bytes / 1_024).toFixed(1)} KiB`,
    best: 'least',
  },
];
const WIDTH = 860;
const CHART_WIDTH = 415;
const NAME_WIDTH = 112;
const VALUE_WIDTH = 66;
const LINE = 18;
const HEAD = 28;
const GAP = 18;
const COLOURS = { wilco: '#2da44e', application: '#5b8fc7', broker: '#b08bc9' };

/** What README.md shows of the figures that were kept. */
export function pictureDocument(): string {
  return pictureOf(readFigures(new URL('figures.json', import.meta.url)));
}

/** Bars of what was acknowledged, by whom. The bounds, which promise nothing, have none. */
export function pictureOf(figures: Figures): string {
  const drawn = CHARTS.map((chart) => barsOf(figures, chart)).filter(({ bars }) => bars.length > 1);
  const parts: string[] = [];
  let top = 0;
  for (let at = 0; at < drawn.length; at += 2) {
    const pair = drawn.slice(at, at + 2);
    for (const [column, { chart, bars }] of pair.entries()) {
      parts.push(...chartOf(chart, bars, column * (WIDTH - CHART_WIDTH), top));
    }
    top += HEAD + Math.max(...pair.map(({ bars }) => bars.length)) * LINE + GAP;
  }
  parts.push(...legendOf(top));
  return svgOf(WIDTH, top + LINE, parts);
}

interface Bar {
  readonly peer: string;
  readonly value: number;
  readonly colour: string;
}

function barsOf(figures: Figures, chart: Chart): { chart: Chart; bars: Bar[] } {
  const bars = Object.entries(figures.kinds).flatMap(([peer, kind]) => {
    const value = kind === 'bound' ? undefined : medianOf(figures, chart.row, peer, chart.pick);
    if (value === undefined) return [];
    const by = (figures.brokers ?? []).includes(peer) ? 'broker' : 'application';
    return [{ peer, value, colour: COLOURS[kind === 'wilco' ? 'wilco' : by] }];
  });
  const sign = chart.best === 'most' ? -1 : 1;
  return { chart, bars: bars.toSorted((a, b) => sign * (a.value - b.value)) };
}

function chartOf(chart: Chart, bars: readonly Bar[], left: number, top: number): string[] {
  const longest = Math.max(...bars.map(({ value }) => value));
  const room = CHART_WIDTH - NAME_WIDTH - VALUE_WIDTH;
  const lines = bars.map(({ peer, value, colour }, index) => {
    const y = top + HEAD + index * LINE;
    const width = Math.max(1, (value / longest) * room).toFixed(1);
    const after = left + NAME_WIDTH + Number(width) + 5;
    return (
      `<text x="${left + NAME_WIDTH - 6}" y="${y + 12}" text-anchor="end">${escapeText(peer)}</text>` +
      `<rect x="${left + NAME_WIDTH}" y="${y + 1}" width="${width}" height="${LINE - 4}" rx="2" fill="${colour}"/>` +
      `<text class="faint" x="${after.toFixed(1)}" y="${y + 12}">${chart.write(value)}</text>`
    );
  });
  return [
    `<text class="title" x="${left}" y="${top + 16}">${escapeText(chart.title)}</text>`,
    ...lines,
  ];
}

function legendOf(top: number): string[] {
  const entries = [
    [COLOURS.wilco, 'Wilco: its receipt says handled'],
    [COLOURS.application, 'the application acknowledges'],
    [COLOURS.broker, 'a broker in between acknowledges'],
  ] as const;
  return entries.map(
    ([colour, text], index) =>
      `<rect x="${index * 240}" y="${top}" width="12" height="12" rx="2" fill="${colour}"/>` +
      `<text class="faint" x="${index * 240 + 18}" y="${top + 10}">${text}</text>`,
  );
}
