import type { Frame } from '@wilco/protocol';
import { readAck } from './ack-frame.ts';
import type { ByteReader } from './byte-reader.ts';
import {
  readCancel,
  readClose,
  readCloseAck,
  readCredentials,
  readNotice,
  readPing,
  readProbe,
  readProbeAck,
  readStatus,
  readStatusAck,
  readTypes,
  readVoid,
} from './control-frames.ts';
import { readFragment, readMessageOrAnswer } from './message-frame.ts';
import { readHello, readReady, readRefuse, readWelcome } from './opening-frames.ts';
import { HEAD_KIND, HEAD_MESSAGE, HEAD_SKIP, KINDS } from './wire.ts';

/**
 * Reads the whole body of a frame; `undefined` for one of an unknown kind that says it may
 * be skipped.
 *
 * @throws {@link WilcoError} `WILCO_FRAME_MALFORMED`.
 */
export function readBody(reader: ByteReader): Frame | undefined {
  const { head } = reader;
  if ((head & HEAD_MESSAGE) !== 0) return readMessageOrAnswer(reader);
  const read = READERS[head & HEAD_KIND];
  const maySkip = (head & HEAD_SKIP) !== 0;
  if (read === undefined) {
    if (maySkip) return undefined;
    throw reader.malformed('the kind is unknown');
  }
  if (maySkip) throw reader.malformed('a known kind says that it may be skipped');
  return read(reader);
}

const READERS = buildReaders();

/** All of them read to the end of the body: their fields, or their payload, go that far. */
function buildReaders(): readonly (((reader: ByteReader) => Frame) | undefined)[] {
  const readers: ((reader: ByteReader) => Frame)[] = [];
  readers[KINDS.hello] = readHello;
  readers[KINDS.welcome] = readWelcome;
  readers[KINDS.refuse] = readRefuse;
  readers[KINDS.ready] = readReady;
  readers[KINDS.types] = readTypes;
  readers[KINDS.credentials] = readCredentials;
  readers[KINDS.fragment] = readFragment;
  readers[KINDS.void] = readVoid;
  readers[KINDS.cancel] = readCancel;
  readers[KINDS.ack] = readAck;
  readers[KINDS.probe] = readProbe;
  readers[KINDS.probeAck] = readProbeAck;
  readers[KINDS.ping] = readPing;
  readers[KINDS.status] = readStatus;
  readers[KINDS.statusAck] = readStatusAck;
  readers[KINDS.close] = readClose;
  readers[KINDS.closeAck] = readCloseAck;
  readers[KINDS.notice] = readNotice;
  return readers;
}
