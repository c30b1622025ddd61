import { LIMITS, type ChannelNumber, type ChannelOffer } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkCount, checkRange } from './checks.ts';

/** Writes the list of sending channels of HELLO and WELCOME. */
export function writeChannelOffers(writer: ByteWriter, channels: readonly ChannelOffer[]): void {
  checkCount('channels', channels, LIMITS.channels);
  writer.varint(channels.length);
  let lastChannel = -1;
  for (const { channel, first, reported } of channels) {
    checkRange('a channel', channel, lastChannel + 1, Number.MAX_SAFE_INTEGER);
    checkRange('first', first, 1, Number.MAX_SAFE_INTEGER);
    checkRange('reported', reported, 1, Number.MAX_SAFE_INTEGER);
    lastChannel = channel;
    writer.varint(channel);
    writer.varint(first);
    writer.varint(reported);
  }
}

/** Reads the list of sending channels of HELLO and WELCOME. */
export function readChannelOffers(reader: ByteReader): ChannelOffer[] {
  const count = reader.count('the count of channels', LIMITS.channels, 3);
  const channels: ChannelOffer[] = [];
  let lastChannel = -1;
  for (let i = 0; i < count; i++) {
    const channel = readAscendingChannel(reader, lastChannel);
    lastChannel = channel;
    channels.push({ channel, first: reader.seq('first'), reported: reader.seq('reported') });
  }
  return channels;
}

/** Reads a channel that must be above the one before. */
export function readAscendingChannel(reader: ByteReader, lastChannel: number): ChannelNumber {
  const channel = reader.varint('a channel');
  if (channel <= lastChannel) throw reader.malformed('channels do not ascend');
  return channel;
}
