import { InvalidArgumentError } from 'commander';

/** Where to connect to: host and port, or the path of a Unix socket. */
export interface Target {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: string | undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 1024,
  KiB: 1024,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
};
/** The longest that a timer can wait: 24.8 days. */
const LONGEST_MS = 0x7fff_ffff;

/** `500ms`, `2s`, `1.5m`, `1h` or `7d` as milliseconds. */
export function durationMs(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (UNIT_MS[unit ?? ''] ?? Number.NaN));
  if (value >= 0 && value <= LONGEST_MS) return value;
  throw new InvalidArgumentError('Wanted a duration such as 500ms, 2s, 5m or 1h, up to 24d.');
}

/** A duration of at least a millisecond. */
export function gapMs(text: string): number {
  const value = durationMs(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Wanted a duration above 0, such as 500ms or 2s.');
}

/** `65536`, `64KiB`, `16M` or `1GiB` as bytes. */
export function sizeBytes(text: string): number {
  const [, number, unit] = /^(\d+)(B|K|KiB|M|MiB|G|GiB)?$/.exec(text) ?? [];
  const value = Number(number) * (UNIT_BYTES[unit ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Wanted a size such as 65536, 64KiB or 16MiB.');
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Wanted a whole number from ${least} to ${most}.`);
  };
}

/** `HOST:PORT`, `[IPV6]:PORT`, `:PORT` for this machine, or `unix:PATH`. */
export function target(text: string): Target {
  if (text.startsWith('unix:') && text.length > 'unix:'.length) {
    return { host: undefined, port: undefined, path: text.slice('unix:'.length) };
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (port >= 1 && port <= 65_535) {
    const host = bracketed ?? plain ?? '';
    return { host: host === '' ? 'localhost' : host, port, path: undefined };
  }
  throw new InvalidArgumentError('Wanted HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH.');
}

/** How a target is called in what the command says. */
export function targetName({ host = '', port, path }: Target): string {
  if (path !== undefined) return `unix:${path}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? 0}`;
}

/** `PORT` or `HOST:PORT`, where 0 lets the system choose the port. */
export function listenAddress(text: string): { host: string | undefined; port: number } {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d+)$/.exec(text) ?? [];
  const port = digits === undefined ? Number.NaN : Number(digits);
  if (port >= 0 && port <= 65_535) return { host: bracketed ?? plain, port };
  throw new InvalidArgumentError('Wanted PORT, HOST:PORT or [IPV6]:PORT.');
}
