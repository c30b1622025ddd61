import { LIMITS, type StartedPosition } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readAscendingChannel } from './channel-offers.ts';
import { checkCount, checkRange } from './checks.ts';

/** Writes where the handlers of each channel have come to. */
export function writeStarted(writer: ByteWriter, channels: readonly StartedPosition[]): void {
  checkCount('channels', channels, LIMITS.channels);
  writer.varint(channels.length);
  let lastChannel = -1;
  for (const { channel, started } of channels) {
    checkRange('a channel', channel, lastChannel + 1, Number.MAX_SAFE_INTEGER);
    checkRange('started', started, 1, Number.MAX_SAFE_INTEGER);
    lastChannel = channel;
    writer.varint(channel);
    writer.varint(started);
  }
}

/** Reads where the handlers of each channel have come to. */
export function readStarted(reader: ByteReader): StartedPosition[] {
  const count = reader.count('the count of channels', LIMITS.channels, 2);
  const channels: StartedPosition[] = [];
  let lastChannel = -1;
  for (let i = 0; i < count; i++) {
    const channel = readAscendingChannel(reader, lastChannel);
    lastChannel = channel;
    channels.push({ channel, started: reader.seq('started') });
  }
  return channels;
}
