import { readFigures, summaryOf, type Figures, type Summary } from './figures.ts';
import { ROWS, type Row } from './rows.ts';

/** The part of README.md about speed: what the benchmark last kept. */
export function figuresDocument(): string {
  const figures = readFigures(new URL('figures.json', import.meta.url));
  const meanings = Object.entries(figures.meanings).map(
    ([name, meaning]) => `- **${name}**: ${meaning}`,
  );
  return `\n${tableOf(figures)}\n${conditionsOf(figures)}\n${meanings.join('\n')}\n\n`;
}

/** The figures as a table of Markdown: medians. */
export function tableOf(figures: Figures): string {
  const peers = Object.keys(figures.meanings);
  const lines = ROWS.flatMap((row) => {
    const cells = peers.map((peer) => cellOf(row, summaryOf(figures, row, peer)));
    return cells.every((cell) => cell === '–') ? [] : [`| ${[row.title, ...cells].join(' | ')} |`];
  });
  return [
    `| | ${peers.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(peers.length)}`,
    ...lines,
    '',
  ].join('\n');
}

/** Where and with what the figures were taken, in a sentence. */
export function conditionsOf({ startedAt, machine, versions, measureMs, runs }: Figures): string {
  const rounds = Math.max(...runs.map(({ round }) => round));
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`} of ${measureMs / 1_000} s ` +
    `on ${startedAt.slice(0, 10)}: ` +
    `${machine['cores']} cores of ${machine['cpu']}, ${machine['system']}${busyness(machine)}; ` +
    `${all.join(', ')}.\n`
  );
}

/** Whether other work was going on: then only figures of one row compare, and rates are low. */
function busyness({ cores, loadAverage }: Figures['machine']): string {
  if (Number(loadAverage) <= Number(cores)) return '';
  return `, busy with other work as well (load average ${loadAverage})`;
}

/** For traffic: messages a second, and CPU time for each. For idle connections: memory for each. */
function cellOf(row: Row, summary: Summary | undefined): string {
  if (summary === undefined) return '–';
  if (row.kind === 'idle') return `${(summary.memoryBytes / 1_024).toFixed(1)} KiB`;
  if (row.kind === 'heartbeats') return `${(summary.coreShare * 100).toFixed(1)} % of a core`;
  const { rate, cpuMicros, p50Micros, p99Micros } = summary;
  const roundTrip =
    p50Micros === undefined || p99Micros === undefined
      ? ''
      : `, ${p50Micros.toFixed(0)}/${p99Micros.toFixed(0)} µs`;
  return `${countOf(rate)}/s (${microsOf(cpuMicros)} µs${roundTrip})`;
}

function countOf(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)} M`;
  return rate >= 1e4 ? `${(rate / 1e3).toFixed(0)} k` : rate.toFixed(0);
}

function microsOf(micros: number): string {
  return micros >= 100 ? micros.toFixed(0) : micros.toPrecision(2);
}
