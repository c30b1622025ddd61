import { BenchProcess } from './bench-process.ts';
import type { EngineFigures } from './engine.ts';
import type { Run } from './figures.ts';
import { measureHeartbeats, measureIdle } from './idle.ts';
import { measureLong } from './long-run.ts';
import type { EngineRow, Row, TrafficRow } from './rows.ts';
import { measureSyncs } from './syncs.ts';
import { measureTraffic, type TrafficFigures } from './trio.ts';

/** What a run gives, whoever made it. */
export type Measured = Omit<Run, 'row' | 'peer' | 'round'>;

/** How long, and how carefully. */
export interface MeasureOptions {
  readonly measureMs: number;
  /** How often a run of traffic is made at most, until others leave it enough of the machine. */
  readonly tries: number;
}

/** More than this of the machine for others spoils a run. */
const FOREIGN_SHARE = 0.1;

/** One run of a peer in a row, in fresh processes. What fails is told in the figures. */
export async function measureRun(
  peer: string,
  row: Row,
  options: MeasureOptions,
): Promise<Measured> {
  try {
    return await measure(peer, row, options);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

async function measure(peer: string, row: Row, options: MeasureOptions): Promise<Measured> {
  switch (row.kind) {
    case 'traffic':
      return measureTrafficRow(peer, row, options);
    case 'idle':
      return { memoryBytes: await measureIdle(peer, row) };
    case 'heartbeats':
      return { coreShare: await measureHeartbeats(peer, row) };
    case 'engine':
      return { engine: await measureEngineRow(row) };
    case 'long':
      return { long: await measureLong(peer, row) };
  }
}

async function measureTrafficRow(
  peer: string,
  row: TrafficRow,
  options: MeasureOptions,
): Promise<Measured> {
  const traffic = await measureQuietly(peer, row, options);
  if (!row.isDurable) return { traffic };
  return { traffic, syncs: await measureSyncs(peer, row) };
}

/** The quietest of some tries; the first that is quiet enough ends them. */
async function measureQuietly(
  peer: string,
  row: TrafficRow,
  { measureMs, tries }: MeasureOptions,
): Promise<TrafficFigures> {
  let best = await measureTraffic(peer, row, measureMs);
  for (let more = 1; more < tries && shareOf(best) > FOREIGN_SHARE; more += 1) {
    const next = await measureTraffic(peer, row, measureMs);
    if (shareOf(next) < shareOf(best)) best = next;
  }
  return best;
}

function shareOf({ foreignShare = 0 }: TrafficFigures): number {
  return foreignShare;
}

async function measureEngineRow({ sessions, busy }: EngineRow): Promise<EngineFigures> {
  const process = new BenchProcess({ isPinned: true });
  try {
    return await process.ask('engine', { sessions, busy });
  } finally {
    await process.stop();
  }
}
