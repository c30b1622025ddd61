import { readdirSync } from 'node:fs';
import { findProgram } from './launch.ts';
import { loadPeer, type Peer } from './peer.ts';
import type { Row } from './rows.ts';

/** The order of the columns; what is not named follows. */
const FIRST = ['wilco', 'raw', 'raw-onread', 'net-ack', 'ws-ack', 'socket-io'];
/** What Wilco itself needs is no reason to leave Wilco out. */
const ALWAYS = 'wilco';

/** The peers that can run here, and why others can't. */
export interface AvailablePeers {
  readonly peers: readonly Peer[];
  readonly missing: Readonly<Record<string, string>>;
}

/** Looks at every peer that was chosen. */
export async function availablePeers(isChosen: (name: string) => boolean): Promise<AvailablePeers> {
  const files = readdirSync(new URL('peers/', import.meta.url));
  const names = files.map((file) => file.replace(/\.ts$/, ''));
  const ordered = [...FIRST, ...names.filter((name) => !FIRST.includes(name))];
  const peers: Peer[] = [];
  const missing: Record<string, string> = {};
  for (const name of ordered.filter(isChosen)) {
    const found = await lookAt(name);
    if (typeof found === 'string') missing[name] = found;
    else peers.push(found);
  }
  return { peers, missing };
}

async function lookAt(name: string): Promise<Peer | string> {
  try {
    const peer = await loadPeer(name);
    const { needs } = peer;
    if (needs === undefined || findProgram(needs.program) !== undefined) return peer;
    return `${needs.program} is not installed (Debian: apt-get install ${needs.debianPackage})`;
  } catch (error) {
    if (name === ALWAYS) throw error;
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

/** Whether a peer runs in a row. */
export function takes(peer: Peer, row: Row): boolean {
  if (row.kind === 'idle') return peer.openIdle !== undefined && peer.stores !== 'only';
  if (row.kind !== 'traffic') return peer.kind === 'wilco';
  if (row.peers !== undefined) return row.peers.includes(peer.name);
  if (row.isDurable ? peer.stores === undefined : peer.stores === 'only') return false;
  return peer.carries === 'both' || peer.carries === (row.size === undefined ? 'objects' : 'bytes');
}
