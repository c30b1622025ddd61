import { readFigures, type Figures } from './figures.ts';
import { ROWS } from './rows.ts';
import { conditionsOf, meaningsOf, peersTableOf, tableOf } from './table.ts';
import { targetsTableOf } from './targets-table.ts';

/** Those that the README shows, and in which rows; the page of the benchmark has all. */
const SHOWN_PEERS = ['wilco', 'raw', 'net-ack', 'ws-ack', 'socket-io'];
const SHOWN_ROWS = ['P1', 'P64', 'P1024', 'PO64', 'A1024', 'A4096', 'A16k', 'A1m', 'I5000'];

/** The part of README.md about speed: what the benchmark last kept. */
export function figuresDocument(): string {
  const figures = kept();
  const rows = ROWS.filter(({ name }) => SHOWN_ROWS.includes(name));
  const peers = SHOWN_PEERS.filter((peer) => peer in figures.meanings);
  const table = tableOf(figures, rows, peers);
  return `\n${table}\n${conditionsOf(figures)}\n${meaningsOf(figures, peers)}\n`;
}

/** All figures, for the page of the benchmark. */
export function allFiguresDocument(): string {
  const figures = kept();
  return `\n${peersTableOf(figures)}\n${conditionsOf(figures)}\n${meaningsOf(figures)}\n`;
}

/** What was aimed at, and reached. */
export function targetsDocument(): string {
  return `\n${targetsTableOf(kept())}\n`;
}

/** What stands for what in the tables. */
export function rowsDocument(): string {
  const lines = ROWS.map(({ name, title }) => `| ${name} | ${title} |`);
  return `\n${['| row | work |', '| --- | --- |', ...lines].join('\n')}\n\n`;
}

function kept(): Figures {
  return readFigures(new URL('figures.json', import.meta.url));
}
