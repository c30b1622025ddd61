import type { LaneFacts } from './lane.ts';

/** What there is to show of a running demo. */
export interface LiveFacts {
  readonly elapsedMs: number;
  readonly orders: number;
  readonly wilco: LaneProgress;
  readonly plain: LaneProgress;
  /** What happened to the lane of Wilco last, oldest first. */
  readonly happened: readonly string[];
}

/** How far a lane is, and how fast. */
export interface LaneProgress extends LaneFacts {
  /** Orders that arrived in a second, over the last moments. */
  readonly perSecond: number;
}

/** How many of the things that happened are shown on a terminal. */
export const HAPPENED_SHOWN = 4;
/** How high the {@link liveBlock} is. */
export const BLOCK_ROWS = 11 + HAPPENED_SHOWN;

const BAR_CELLS = 30;

/** The rows of a terminal: as many each time, so that they can be written over. */
export function liveBlock({ elapsedMs, orders, wilco, plain, happened }: LiveFacts): string[] {
  const lanes = [wilco, plain];
  const full = orders === 0 ? BAR_CELLS : Math.floor((wilco.handedOver / orders) * BAR_CELLS);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
  const shown = happened.slice(-HAPPENED_SHOWN);
  return [
    `${seconds(elapsedMs)}  ${bar}  ${count(wilco.handedOver)} of ${count(orders)} orders handed over`,
    '',
    row('', lanes, ({ name }) => name),
    row('arrived', lanes, ({ arrived }) => count(arrived)),
    row('arriving a second', lanes, ({ perSecond }) => count(Math.round(perSecond))),
    row('settled/"succeeded"', lanes, ({ settled }) => count(settled)),
    row('cut in mid-frame', lanes, ({ faults }) => count(faults.cut)),
    row('fallen silent', lanes, ({ faults }) => count(faults.stall)),
    row('reset', lanes, ({ faults }) => count(faults.reset)),
    row('session resumed', lanes, (lane) => (lane === wilco ? count(lane.resumes) : '–')),
    '',
    ...Array.from({ length: HAPPENED_SHOWN }, (_, place) => `  ${shown[place] ?? ''}`.trimEnd()),
  ];
}

/** What stands above the lines of {@link liveLine}. */
export const LIVE_HEAD = [
  '           handed | Wilco                                             | socket.write()',
  '             over | arrived  settled    /s  cut silent reset  resumed | arrived "succeeded" faults',
].join('\n');

/** The same as one line, for a log. */
export function liveLine({ elapsedMs, wilco, plain }: LiveFacts): string {
  const { faults } = wilco;
  const struck = plain.faults.cut + plain.faults.stall + plain.faults.reset;
  return [
    `${seconds(elapsedMs)} ${cell(wilco.handedOver, 8)} |`,
    cell(wilco.arrived, 7),
    cell(wilco.settled, 8),
    cell(Math.round(wilco.perSecond), 5),
    cell(faults.cut, 4),
    cell(faults.stall, 6),
    cell(faults.reset, 5),
    cell(wilco.resumes, 8),
    '|',
    cell(plain.arrived, 7),
    cell(plain.settled, 11),
    cell(struck, 6),
  ].join(' ');
}

function row(
  label: string,
  lanes: readonly LaneProgress[],
  text: (lane: LaneProgress) => string,
): string {
  return `  ${label.padEnd(22)}${lanes.map((lane) => text(lane).padStart(17)).join('')}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(6)} s`;
}

function cell(value: number, width: number): string {
  return count(value).padStart(width);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
