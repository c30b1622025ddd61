import { count } from './send-progress.ts';

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size for people: `115 B`, `4.2 KiB`, `1.0 GiB`. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  let [value, unit] = [bytes / 1_024, 0];
  while (value >= 1_023.95 && unit < UNITS.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${value < 10 ? value.toFixed(1) : count(Math.round(value))} ${UNITS[unit] ?? ''}`;
}

const [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS] = [1_000, 60_000, 3_600_000, 86_400_000];

/** How long ago something was, for people: `12 s`, `4 min`, `3 h 12 min`, `2 days 4 h`. */
export function ageInWords(ageMs: number): string {
  if (ageMs < SECOND_MS) return 'less than 1 s';
  if (ageMs < MINUTE_MS) return `${Math.floor(ageMs / SECOND_MS)} s`;
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min`;
  if (ageMs < DAY_MS) {
    return `${Math.floor(ageMs / HOUR_MS)} h ${Math.floor((ageMs % HOUR_MS) / MINUTE_MS)} min`;
  }
  const days = Math.floor(ageMs / DAY_MS);
  return `${many(days, 'day')} ${Math.floor((ageMs % DAY_MS) / HOUR_MS)} h`;
}

/** `1 message`, `1,203 messages`. */
export function many(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A time of the clock on the wall here: `2026-11-28 03:04:05`. */
export function timeInWords(wallMs: number): string {
  return new Date(wallMs).toLocaleString('sv');
}
