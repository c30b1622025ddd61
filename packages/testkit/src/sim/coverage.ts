import { CLIENT_TRANSITIONS, SERVER_TRANSITIONS } from '@wilco/session';
import { NETWORK_FAULTS } from '../fault-counts.ts';
import { DISK_FAULTS } from '../disk/virtual-disk.ts';

const INCIDENTS = [
  'blackHole',
  'brokenStore',
  'clone',
  'closeAndReopen',
  'crash',
  'cut',
  'damage',
  'fullDisk',
  'hungStore',
  'jump',
  'move',
  'reset',
  'restore',
  'sleep',
  'slowStore',
];

const OUTCOMES = [
  'handled',
  'rejected SIM_REFUSED',
  'rejected WILCO_HANDLER_FAILED',
  'rejected WILCO_HANDLER_TIMEOUT',
  'rejected WILCO_PAYLOAD_INVALID',
  'rejected WILCO_TYPE_UNKNOWN',
  'expired WILCO_EXPIRED',
  'cancelled WILCO_CANCELLED',
  'inDoubt WILCO_STATE_LOST',
];

/** What becomes of disks, and what is looked at on them. */
const DURABILITY = [
  'disk kept',
  'disk wiped',
  'disk restored',
  'disk restoredAlone',
  'disk lazy after a loss of power',
  'damage WILCO_STORE_DAMAGED',
  'damage WILCO_STORE_SET_BACK',
  'crash in the middle of a turn',
  'audit queued',
  'audit received',
  'audit handled',
];

/** What goes under ids of applications, what is said of it, and what is kept. */
const ORDERS = [
  'order handled',
  'order rejected SIM_REFUSED',
  'order rejected WILCO_ID_REUSED',
  'status handled',
  'status neverSeen',
  'status pending',
  'status rejected',
  'kept receipt handled',
];

/**
 * Steps that need two things within the same millisecond: too rare to demand them of a few
 * thousand seeds. The tests of the tables and of the endpoints take them.
 */
const RARE: ReadonlySet<string> = new Set([
  'client storing × broken',
  'client storing × lost',
  'server deciding × broken',
  'server deciding × released',
  'server greeting × released',
  'server open × helloedAgain',
]);

/** Everything that must occur at least once in a large number of seeds. */
export const REQUIRED_COVERAGE: readonly string[] = [
  ...NETWORK_FAULTS.map((fault) => `fault ${fault}`),
  ...DISK_FAULTS.map((fault) => `fault ${fault}`),
  ...INCIDENTS.map((incident) => `incident ${incident}`),
  ...DURABILITY,
  ...ORDERS,
  ...OUTCOMES.map((outcome) => `outcome ${outcome}`),
  ...pairsOf('client', CLIENT_TRANSITIONS),
  ...pairsOf('server', SERVER_TRANSITIONS),
].filter((what) => !RARE.has(what));

/** What many seeds did, added up. */
export class Coverage {
  readonly counts = new Map<string, number>();

  add(counts: Iterable<readonly [string, number]>): void {
    for (const [what, count] of counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  /** What was required and never occurred. */
  get missing(): string[] {
    return REQUIRED_COVERAGE.filter((what) => (this.counts.get(what) ?? 0) === 0);
  }

  /** All counts, by name, as lines. */
  table(): string {
    const names = [...new Set([...REQUIRED_COVERAGE, ...this.counts.keys()])].sort();
    const width = Math.max(...names.map((name) => name.length));
    return names.map((name) => `${name.padEnd(width)}  ${this.counts.get(name) ?? 0}`).join('\n');
  }
}

function pairsOf(machine: string, table: Readonly<Record<string, object>>): string[] {
  return Object.entries(table).flatMap(([phase, row]) =>
    Object.keys(row).map((event) => `${machine} ${phase} × ${event}`),
  );
}
