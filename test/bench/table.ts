import { medianOf, type Figures, type Run } from './figures.ts';
import { ROWS, type Row } from './rows.ts';

const NOTHING = '–';

/** The works as lines, the peers as columns: medians. */
export function tableOf(
  figures: Figures,
  rows: readonly Row[] = ROWS,
  peers: readonly string[] = Object.keys(figures.meanings),
): string {
  const lines = rows.flatMap((row) => {
    const cells = peers.map((peer) => cellOf(figures, row, peer));
    return cells.every((cell) => cell === NOTHING) ? [] : [lineOf([row.title, ...cells])];
  });
  return [lineOf(['', ...peers]), rulerOf(peers.length), ...lines, ''].join('\n');
}

/** The peers as lines, the works as columns: for many peers. */
export function peersTableOf(figures: Figures, rows: readonly Row[] = ROWS): string {
  const shown = rows.filter((row) => figures.runs.some((run) => run.row === row.name));
  const lines = Object.keys(figures.meanings).flatMap((peer) => {
    const cells = shown.map((row) => cellOf(figures, row, peer));
    return cells.every((cell) => cell === NOTHING) ? [] : [lineOf([peer, ...cells])];
  });
  const missing = Object.keys(figures.missing).map((peer) =>
    lineOf([peer, 'missing', ...shown.slice(1).map(() => '')]),
  );
  const head = lineOf(['', ...shown.map(({ name }) => name)]);
  return [head, rulerOf(shown.length), ...lines, ...missing, ''].join('\n');
}

/** What the acknowledgement of each peer says, and why others are missing. */
export function meaningsOf(
  { meanings, missing }: Figures,
  peers: readonly string[] = Object.keys(meanings),
): string {
  const lines = [
    ...peers.map((name) => `- **${name}**: ${meanings[name]}`),
    ...Object.entries(missing).map(([name, why]) => `- **${name}** is missing: ${why}`),
  ];
  return `${lines.join('\n')}\n`;
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

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`.replace('|  |', '| |');
}

function rulerOf(columns: number): string {
  return `| --- |${' ---: |'.repeat(columns)}`;
}

/** For traffic: messages a second, and CPU time for each. For the others: what it is that they cost. */
function cellOf(figures: Figures, row: Row, peer: string): string {
  const pick = (from: (run: Run) => number | undefined): number | undefined =>
    medianOf(figures, row.name, peer, from);
  switch (row.kind) {
    case 'traffic':
      return trafficCell(pick);
    case 'idle':
      return cell(
        pick((run) => run.memoryBytes),
        (bytes) => `${(bytes / 1_024).toFixed(1)} KiB`,
      );
    case 'heartbeats':
      return cell(
        pick((run) => run.coreShare),
        (share) => `${(share * 100).toFixed(1)} % of a core`,
      );
    case 'engine':
      return engineCell(pick);
    case 'long':
      return longCell(pick);
  }
}

type Pick = (from: (run: Run) => number | undefined) => number | undefined;

function cell(value: number | undefined, write: (value: number) => string): string {
  return value === undefined ? NOTHING : write(value);
}

function trafficCell(pick: Pick): string {
  const rate = pick((run) => run.traffic?.rate);
  const cpu = pick((run) => run.traffic?.cpuMicros);
  if (rate === undefined || cpu === undefined) return NOTHING;
  const p50 = pick((run) => run.traffic?.p50Micros);
  const p99 = pick((run) => run.traffic?.p99Micros);
  const syncs = pick((run) => run.syncs?.perMessage);
  const syncMicros = pick((run) => run.syncs?.p50Micros) ?? 0;
  const more = [
    ...(p50 === undefined || p99 === undefined ? [] : [`${p50.toFixed(0)}/${p99.toFixed(0)} µs`]),
    ...(syncs === undefined
      ? []
      : [`${syncs.toPrecision(2)} syncs${syncs > 0 ? ` of ${syncMicros.toFixed(0)} µs` : ''}`]),
  ];
  return `${countOf(rate)}/s (${[`${microsOf(cpu)} µs`, ...more].join(', ')})`;
}

function engineCell(pick: Pick): string {
  const nanos = [
    pick((run) => run.engine?.ackNanos),
    pick((run) => run.engine?.resumeNanos),
    pick((run) => run.engine?.timerNanos),
  ];
  if (nanos.includes(undefined)) return NOTHING;
  const [ack, resume, timer] = nanos.map((one = NaN) => microsOf(one / 1_000));
  return `message ${ack}, resume ${resume}, heartbeat ${timer} µs`;
}

function longCell(pick: Pick): string {
  const growths = [
    pick((run) => run.long?.sender.memoryGrowth),
    pick((run) => run.long?.receiver.memoryGrowth),
  ];
  const delays = [
    pick((run) => run.long?.sender.loopDelayMs),
    pick((run) => run.long?.receiver.loopDelayMs),
  ];
  if (growths.includes(undefined) || delays.includes(undefined)) return NOTHING;
  const [sender = '', receiver = ''] = growths.map((growth = NaN) => (growth * 100).toFixed(1));
  const delay = delays.map((delayMs = NaN) => delayMs.toFixed(1)).join(' and ');
  return `memory ${sender} and ${receiver} %, loop ${delay} ms late`;
}

function countOf(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)} M`;
  return rate >= 1e4 ? `${(rate / 1e3).toFixed(0)} k` : rate.toFixed(0);
}

function microsOf(micros: number): string {
  return micros >= 100 ? micros.toFixed(0) : micros.toPrecision(2);
}
