import type { Figures } from './figures.ts';
import { isReached, TARGETS, type Bound } from './targets.ts';

/** Each target, what was measured, and whether that reaches it. */
export function targetsTableOf(figures: Figures): string {
  const lines = TARGETS.map(
    ({ work, must, want }) => `| ${work} | ${cellOf(must, figures)} | ${cellOf(want, figures)} |`,
  );
  return ['| work | must | want |', '| --- | --- | --- |', ...lines, ''].join('\n');
}

function cellOf(bounds: readonly Bound[], figures: Figures): string {
  return bounds
    .map((bound) => {
      const value = bound.value(figures);
      if (value === undefined) return `${bound.text}: not measured`;
      const verdict = isReached(bound, figures) === true ? 'reached' : '**not reached**';
      return `${bound.text}: ${numberOf(value)}, ${verdict}`;
    })
    .join('<br>');
}

function numberOf(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
