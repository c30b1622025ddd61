import { LIMITS, type Extension, type MessageId } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkCount, checkRange } from './checks.ts';
import { checkUnknownCount, readTag } from './fields.ts';
import { varintBytes } from './varint.ts';
import { FIELD_MESSAGE_ID, FIELD_TOTAL_BYTES } from './wire.ts';

/** What the optional fields of a MESSAGE say. */
export interface MessageFields {
  totalBytes: number | undefined;
  id: MessageId | undefined;
  extensions: readonly Extension[];
}

/** Shared by all frames without extensions. */
export const NO_EXTENSIONS: readonly Extension[] = Object.freeze([]);

/**
 * Writes the blob of fields of a MESSAGE.
 *
 * @throws `TypeError` for extensions that are not ascending by tag, or use a tag of ours.
 */
export function writeMessageFields(
  writer: ByteWriter,
  totalBytes: number | undefined,
  id: MessageId | undefined,
  extensions: readonly Extension[],
  payloadBytes: number,
): void {
  const mark = writer.beginBlob();
  if (totalBytes !== undefined) {
    checkRange('the payload of a message with total bytes', payloadBytes, 1, LIMITS.fragmentBytes);
    checkRange('totalBytes', totalBytes, payloadBytes + 1, LIMITS.messageBytes);
    writer.varint(FIELD_TOTAL_BYTES);
    writer.varint(varintBytes(totalBytes));
    writer.varint(totalBytes);
  }
  if (id !== undefined) {
    writer.varint(FIELD_MESSAGE_ID);
    writer.text('the message id', id, 1, LIMITS.messageIdBytes);
  }
  writeExtensions(writer, extensions);
  writer.endBlob(mark);
}

function writeExtensions(writer: ByteWriter, extensions: readonly Extension[]): void {
  checkCount('extensions', extensions, LIMITS.extensions);
  let lastTag = FIELD_MESSAGE_ID;
  for (const { tag, value } of extensions) {
    checkRange('the tag of an extension', tag, lastTag + 1, Number.MAX_SAFE_INTEGER);
    lastTag = tag;
    writer.varint(tag);
    writer.blob(value);
  }
}

/** Reads the blob of fields of a MESSAGE. Unknown ones are handed on, critical or not. */
export function readMessageFields(reader: ByteReader): MessageFields {
  const size = reader.varint('the size of the fields');
  if (size === 0) throw reader.malformed('the fields are announced and empty');
  const outerEnd = reader.enter('the blob of fields', size);
  const fields: MessageFields = { totalBytes: undefined, id: undefined, extensions: NO_EXTENSIONS };
  const extensions: Extension[] = [];
  let tag = 0;
  while (reader.remaining > 0) {
    tag = readTag(reader, tag);
    readMessageField(reader, tag, fields, extensions);
  }
  reader.leave('the fields', outerEnd);
  if (extensions.length > 0) fields.extensions = extensions;
  return fields;
}

function readMessageField(
  reader: ByteReader,
  tag: number,
  fields: MessageFields,
  extensions: Extension[],
): void {
  const count = reader.varint('the size of a field');
  if (tag === FIELD_TOTAL_BYTES) {
    const outerEnd = reader.enter('total bytes', count);
    fields.totalBytes = reader.number('total bytes', 1, LIMITS.messageBytes);
    reader.leave('total bytes', outerEnd);
  } else if (tag === FIELD_MESSAGE_ID) {
    if (count < 1 || count > LIMITS.messageIdBytes) {
      throw reader.malformed(`the message id has ${String(count)} bytes`);
    }
    fields.id = reader.textOf('the message id', count);
  } else {
    extensions.push({ tag, value: reader.copy(`field ${String(tag)}`, count) });
    checkUnknownCount(reader, extensions.length);
  }
}

/** The total must be more than what is in this frame, and something must be in it. */
export function checkTotal(
  reader: ByteReader,
  totalBytes: number | undefined,
  payload: Uint8Array,
): void {
  if (totalBytes === undefined) return;
  if (payload.length === 0) throw reader.malformed('total bytes without payload');
  if (totalBytes <= payload.length) {
    throw reader.malformed(
      `total bytes is ${String(totalBytes)}, and this frame has ${String(payload.length)}`,
    );
  }
}
