import type { IncomingRecord, SessionRecord } from '@wilco/protocol';
import type { Entry } from '../../src/sim/history.ts';
import { contentOf, typeOf } from '../../src/sim/parcel.ts';

/** A session as the store of a server keeps it. */
export const SESSION: SessionRecord = {
  session: 'first',
  role: 'server',
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
};

/** A message as the store of its receiver keeps it. */
export function recordOf(
  { message }: Entry,
  attempts: number,
  notBeforeWallMs: number | undefined,
): IncomingRecord {
  return {
    session: 'first',
    channel: 1,
    seq: message.index + 1,
    type: typeOf(message).name,
    id: undefined,
    isResent: false,
    expiresAtWallMs: undefined,
    attempts,
    notBeforeWallMs,
    acceptedAtWallMs: 0,
    cost: message.bytes,
    extensions: [],
    payload: contentOf(message),
  };
}
