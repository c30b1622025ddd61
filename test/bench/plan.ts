import type { Peer } from './peer.ts';
import { takes } from './peers-available.ts';
import type { Row } from './rows.ts';
import { COMPARED } from './targets.ts';

/** One run that is to be done. */
export interface PlannedRun {
  readonly round: number;
  readonly row: Row;
  readonly peer: Peer;
}

/**
 * All runs, in order: the peers of a row take turns within a round, so that each meets the
 * same machine. With `isMatrix` the later rounds have only what a target compares with.
 */
export function planOf(
  rows: readonly Row[],
  peers: readonly Peer[],
  rounds: number,
  isMatrix: boolean,
): PlannedRun[] {
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
    rows.flatMap((row) =>
      peers
        .filter((peer) => takes(peer, row))
        .filter((peer) => round === 1 || !isMatrix || isCompared(row, peer))
        .map((peer) => ({ round, row, peer })),
    ),
  );
}

function isCompared(row: Row, peer: Peer): boolean {
  if (row.kind !== 'traffic') return false;
  const all = COMPARED[row.name];
  return all === 'all' || peer.name === 'wilco' || (all?.includes(peer.name) ?? false);
}
