import { existsSync, readFileSync } from 'node:fs';

/** Where the time of a row went. */
export interface ProfileFigures {
  readonly peer: string;
  /** Of the row. */
  readonly title: string;
  /** CPU time for a message, in both processes. */
  readonly cpuMicros: number;
  /** Most first. The share of the time that was spent in the function itself. */
  readonly functions: readonly {
    readonly name: string;
    readonly file: string;
    readonly area: string;
    readonly share: number;
  }[];
}

/** How many functions the page names. */
const NAMED = 20;
/** What a part has to take to be named. */
const PART_SHARE = 0.005;
const PARTS: Readonly<Record<string, string>> = {
  session: 'the engine: seqs, receipts, acknowledgements, windows',
  endpoint: 'the driver: turns, promises, handlers, reads and writes',
  codec: 'frames and their checksum, bodies',
  client: 'the API of the client',
  server: 'the API of the server',
  store: 'the store',
  protocol: 'message types, errors, memory for bytes',
  node: 'Node.js and the system: sockets, streams, timers',
  '(garbage collector)': 'collecting what became garbage',
  '(program)': 'the machinery around JavaScript',
  bench: 'the benchmark itself',
};

/** The part of the page about the profile that was kept. */
export function profileDocument(): string {
  const url = new URL('profile.json', import.meta.url);
  if (!existsSync(url)) return '\nNo profile was kept yet.\n\n';
  const figures = JSON.parse(readFileSync(url, 'utf8')) as ProfileFigures;
  return `\n${partsTableOf(figures)}\n${profileTableOf(figures, NAMED)}\n`;
}

/** The time by part of the library. */
function partsTableOf({ functions, cpuMicros }: ProfileFigures): string {
  const parts = new Map<string, number>();
  for (const { area, share } of functions) parts.set(area, (parts.get(area) ?? 0) + share);
  const lines = [...parts]
    .filter(([, share]) => share >= PART_SHARE)
    .toSorted(([, a], [, b]) => b - a)
    .map(([area, share]) => {
      const what = PARTS[area] ?? `the package ${area}`;
      return `| ${area} | ${what} | ${percentOf(share)} | ${nanosOf(share * cpuMicros)} |`;
    });
  const head = ['| part | what it does | share | for a message |', '| --- | --- | ---: | ---: |'];
  return [...head, ...lines, ''].join('\n');
}

/** The functions in which the time was spent, most first. */
export function profileTableOf(
  { peer, title, cpuMicros, functions }: ProfileFigures,
  count: number,
): string {
  const lines = functions
    .slice(0, count)
    .map(
      ({ name, file, share }) =>
        `| \`${name}\` | ${file} | ${percentOf(share)} | ${nanosOf(share * cpuMicros)} |`,
    );
  return [
    `${title}: ${peer}, ${cpuMicros.toFixed(2)} µs of CPU time for a message in both processes.`,
    '',
    '| in the function itself | file | share | for a message |',
    '| --- | --- | ---: | ---: |',
    ...lines,
    '',
  ].join('\n');
}

function percentOf(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function nanosOf(micros: number): string {
  return `${(micros * 1_000).toFixed(0)} ns`;
}
