import type { Tally } from './tally.ts';

/** What one way of sending came to. */
export interface LaneResult {
  readonly name: string;
  /** Orders handed over. */
  readonly written: number;
  /** Orders that the sender was told had succeeded. */
  readonly succeeded: number;
  /** How its sender ended: 0 where it was told that all of them had. */
  readonly exitCode: number | string;
  readonly tally: Tally;
  /** Faults that struck while messages were in flight, and connections made. */
  readonly network: {
    readonly connections: number;
    readonly cuts: number;
    readonly stalls: number;
    readonly resets: number;
  };
}

/** Whether nothing was lost, duplicated, out of order or invented, and everything confirmed. */
export function isFlawless({ written, succeeded, exitCode, tally }: LaneResult): boolean {
  const { arrived, lost, duplicated, outOfOrder, strange } = tally;
  const isComplete = exitCode === 0 && arrived === written && succeeded === written;
  return isComplete && lost + duplicated + outOfOrder + strange === 0;
}

/** The results side by side, one column each, as text for a terminal. */
export function resultTable(results: readonly LaneResult[]): string {
  const rows: (readonly [string, ...(string | number)[]])[] = [
    ['', ...results.map(({ name }) => name)],
    ['written', ...results.map(({ written }) => written)],
    ['"succeeded"', ...results.map(({ succeeded }) => succeeded)],
    ['arrived', ...results.map(({ tally }) => tally.arrived)],
    ['lost', ...results.map(({ tally }) => tally.lost)],
    ['duplicated', ...results.map(({ tally }) => tally.duplicated)],
    ['out of order', ...results.map(({ tally }) => tally.outOfOrder)],
    ...(results.some(({ tally }) => tally.strange > 0)
      ? [['never sent', ...results.map(({ tally }) => tally.strange)] as const]
      : []),
    [''],
    ['cut in mid-frame', ...results.map(({ network }) => network.cuts)],
    ['fallen silent', ...results.map(({ network }) => network.stalls)],
    ['reset', ...results.map(({ network }) => network.resets)],
    ['connections', ...results.map(({ network }) => network.connections)],
  ];
  return rows.map((row) => row.map(cell).join('').trimEnd()).join('\n');
}

function cell(value: string | number, column: number): string {
  if (column === 0) return `  ${String(value).padEnd(18)}`;
  return (typeof value === 'number' ? value.toLocaleString('en') : value).padStart(17);
}
