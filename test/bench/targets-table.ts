import type { Figures } from './figures.ts';
import { isReached, TARGETS, type Bound } from './targets.ts';

/** Each target of which something was measured, and whether that reaches it. */
export function targetsTableOf(figures: Figures): string {
  const lines = TARGETS.flatMap(({ work, must, want }) => {
    const isMeasured = [...must, ...want].some(({ value }) => value(figures) !== undefined);
    return isMeasured ? [`| ${work} | ${cellOf(must, figures)} | ${cellOf(want, figures)} |`] : [];
  });
  if (lines.length === 0) return '';
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
