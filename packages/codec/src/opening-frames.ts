import {
  LIMITS,
  type AckFrame,
  type HelloFrame,
  type ReadyFrame,
  type RefuseFrame,
  type WelcomeFrame,
} from '@wilco/protocol';
import { readAck, writeAckBody } from './ack-frame.ts';
import { readAnnouncement, writeAnnouncement } from './announcement.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readChannelOffers, writeChannelOffers } from './channel-offers.ts';
import { checkBytes, checkRange, idBytes, placeOf } from './checks.ts';
import { readElsewhere, writeElsewhere } from './elsewhere.ts';
import { readFields } from './fields.ts';
import { readStarted, writeStarted } from './started-positions.ts';
import { readAfter, readCode, readReason, writeAfter, writeCode, writeReason } from './reasons.ts';
import {
  FIELD_CREDENTIALS,
  FIELD_EXPECTED_SERVER,
  FIELD_PREDECESSOR,
  FIELD_PREDECESSOR_ACK,
  FIELD_PREDECESSOR_STARTED,
  FIELD_VALID_FOR,
  HELLO_HAS_INTEGRITY,
  HELLO_HAS_SESSION,
  HELLO_WORTH_SHIFT,
  NEW_REASONS,
  WORTH_BITS,
  WORTHS,
} from './wire.ts';

/** Writes the body of HELLO. */
export function writeHello(writer: ByteWriter, frame: HelloFrame): void {
  const { session, expectedServer, credentials } = frame;
  checkRange('minVersion', frame.minVersion, 1, frame.maxVersion);
  checkRange('boot', frame.attempt.boot, 1, Number.MAX_SAFE_INTEGER);
  checkRange('counter', frame.attempt.counter, 1, Number.MAX_SAFE_INTEGER);
  writer.varint(frame.minVersion);
  writer.varint(frame.maxVersion);
  writer.bytes(idBytes('runId', frame.runId));
  writer.varint(frame.attempt.boot);
  writer.varint(frame.attempt.counter);
  writer.byte(
    (session === undefined ? 0 : HELLO_HAS_SESSION) |
      (frame.hasIntegrity ? HELLO_HAS_INTEGRITY : 0) |
      (placeOf('worth', WORTHS, frame.worth) << HELLO_WORTH_SHIFT),
  );
  writer.varint(frame.features);
  if (session !== undefined) {
    checkBytes('the token', session.token, LIMITS.tokenBytes, LIMITS.tokenBytes);
    writer.bytes(idBytes('the session id', session.id));
    writer.bytes(session.token);
    writer.byte(placeOf('abandon', NEW_REASONS, frame.abandon));
  } else if (frame.abandon !== undefined) {
    throw new TypeError('abandon without a session');
  }
  writeChannelOffers(writer, frame.channels);
  if (expectedServer !== undefined) {
    writer.varint(FIELD_EXPECTED_SERVER);
    writer.text('expectedServer', expectedServer, 1, LIMITS.serverIdBytes);
  }
  if (credentials !== undefined) {
    checkBytes('credentials', credentials, 0, LIMITS.credentialsBytes);
    writer.varint(FIELD_CREDENTIALS);
    writer.blob(credentials);
  }
}

/** Reads the body of HELLO. */
export function readHello(reader: ByteReader): HelloFrame {
  const minVersion = reader.seq('the least version');
  const maxVersion = reader.number('the most version', minVersion, Number.MAX_SAFE_INTEGER);
  const runId = reader.id('the run id');
  const attempt = { boot: reader.seq('the boot count'), counter: reader.seq('the counter') };
  const flags = reader.flags('the flags', 0x0f);
  const worth = reader.chosen('the worth', WORTHS, (flags >> HELLO_WORTH_SHIFT) & WORTH_BITS);
  const features = reader.varint('the features');
  let session: HelloFrame['session'];
  let abandon: HelloFrame['abandon'];
  if ((flags & HELLO_HAS_SESSION) !== 0) {
    session = {
      id: reader.id('the session id'),
      token: reader.copy('the token', LIMITS.tokenBytes),
    };
    abandon = reader.choice('abandon', NEW_REASONS);
  }
  const channels = readChannelOffers(reader);
  const { expectedServer, credentials } = readHelloFields(reader);
  return {
    kind: 'hello',
    minVersion,
    maxVersion,
    runId,
    attempt,
    session,
    abandon,
    expectedServer,
    channels,
    hasIntegrity: (flags & HELLO_HAS_INTEGRITY) !== 0,
    worth,
    features,
    credentials,
  };
}

function readHelloFields(reader: ByteReader): Pick<HelloFrame, 'expectedServer' | 'credentials'> {
  let expectedServer: string | undefined;
  let credentials: Uint8Array | undefined;
  readFields(reader, (tag, count) => {
    if (tag === FIELD_EXPECTED_SERVER && count >= 1 && count <= LIMITS.serverIdBytes) {
      expectedServer = reader.textOf('the expected server', count);
    } else if (tag === FIELD_CREDENTIALS && count <= LIMITS.credentialsBytes) {
      credentials = reader.copy('the credentials', count);
    } else if (tag === FIELD_EXPECTED_SERVER || tag === FIELD_CREDENTIALS) {
      throw reader.malformed(`field ${String(tag)} has ${String(count)} bytes`);
    } else return false;
    return true;
  });
  return { expectedServer, credentials };
}

/** Writes the body of WELCOME. */
export function writeWelcome(writer: ByteWriter, frame: WelcomeFrame): void {
  checkBytes('the token', frame.token, LIMITS.tokenBytes, LIMITS.tokenBytes);
  checkRange('version', frame.version, 1, Number.MAX_SAFE_INTEGER);
  writer.varint(frame.version);
  writer.text('serverId', frame.serverId, 1, LIMITS.serverIdBytes);
  writer.bytes(idBytes('runId', frame.runId));
  writer.bytes(idBytes('sessionId', frame.sessionId));
  writer.bytes(frame.token);
  writer.byte(placeOf('newReason', NEW_REASONS, frame.newReason));
  writeChannelOffers(writer, frame.channels);
  writeAnnouncement(writer, frame.announcement);
  writeAckBlob(writer, frame.ack);
  if (frame.predecessor !== undefined) {
    writer.varint(FIELD_PREDECESSOR);
    writer.blob(idBytes('predecessor', frame.predecessor));
  }
  if (frame.predecessorAck !== undefined) {
    writer.varint(FIELD_PREDECESSOR_ACK);
    writeAckBlob(writer, frame.predecessorAck);
  }
  if (frame.validForMs !== undefined) {
    checkRange('validForMs', frame.validForMs, 1, LIMITS.durationMs);
    writer.varint(FIELD_VALID_FOR);
    const mark = writer.beginBlob();
    writer.varint(frame.validForMs);
    writer.endBlob(mark);
  }
  if (frame.predecessorStarted !== undefined) {
    writer.varint(FIELD_PREDECESSOR_STARTED);
    const mark = writer.beginBlob();
    writeStarted(writer, frame.predecessorStarted);
    writer.endBlob(mark);
  }
}

/** Reads the body of WELCOME. */
export function readWelcome(reader: ByteReader): WelcomeFrame {
  const version = reader.seq('the version');
  const serverId = reader.text('the server id', 1, LIMITS.serverIdBytes);
  const runId = reader.id('the run id');
  const sessionId = reader.id('the session id');
  const token = reader.copy('the token', LIMITS.tokenBytes);
  const newReason = reader.choice('the new reason', NEW_REASONS);
  const channels = readChannelOffers(reader);
  const announcement = readAnnouncement(reader);
  const ack = readAckBlob(reader);
  let predecessor: string | undefined;
  let predecessorAck: AckFrame | undefined;
  let predecessorStarted: WelcomeFrame['predecessorStarted'];
  let validForMs: number | undefined;
  readFields(reader, (tag) => {
    if (tag === FIELD_PREDECESSOR) predecessor = reader.id('the predecessor');
    else if (tag === FIELD_PREDECESSOR_ACK) predecessorAck = readAck(reader);
    else if (tag === FIELD_PREDECESSOR_STARTED) predecessorStarted = readStarted(reader);
    else if (tag === FIELD_VALID_FOR) {
      validForMs = reader.number('the validity', 1, LIMITS.durationMs);
    } else return false;
    return true;
  });
  return {
    kind: 'welcome',
    version,
    serverId,
    runId,
    sessionId,
    token,
    newReason,
    predecessor,
    predecessorAck,
    predecessorStarted,
    validForMs,
    channels,
    announcement,
    ack,
  };
}

/** Writes the body of REFUSE. */
export function writeRefuse(writer: ByteWriter, frame: RefuseFrame): void {
  writeCode(writer, frame.code);
  writeReason(writer, frame.reason);
  writeAfter(writer, frame.retryAfterMs);
  writeElsewhere(writer, frame);
}

/** Reads the body of REFUSE. */
export function readRefuse(reader: ByteReader): RefuseFrame {
  const code = readCode(reader);
  const reason = readReason(reader);
  const retryAfterMs = readAfter(reader);
  return { kind: 'refuse', code, reason, retryAfterMs, elsewhere: readElsewhere(reader) };
}

/** Writes the body of READY. */
export function writeReady(writer: ByteWriter, frame: ReadyFrame): void {
  writeAnnouncement(writer, frame.announcement);
  writeAckBlob(writer, frame.ack);
}

/** Reads the body of READY. */
export function readReady(reader: ByteReader): ReadyFrame {
  const announcement = readAnnouncement(reader);
  const ack = readAckBlob(reader);
  readFields(reader);
  return { kind: 'ready', announcement, ack };
}

function writeAckBlob(writer: ByteWriter, ack: AckFrame): void {
  const mark = writer.beginBlob();
  writeAckBody(writer, ack);
  writer.endBlob(mark);
}

function readAckBlob(reader: ByteReader): AckFrame {
  const outerEnd = reader.enter('the ACK', reader.varint('the size of the ACK'));
  const ack = readAck(reader);
  reader.leave('the ACK', outerEnd);
  return ack;
}
