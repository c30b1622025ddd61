import { LIMITS } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkCount } from './checks.ts';
import { readFields } from './fields.ts';
import { FIELD_ELSEWHERE } from './wire.ts';

/** Writes where the server sends its clients, as the field of REFUSE, CLOSE and NOTICE. */
export function writeElsewhere(
  writer: ByteWriter,
  { elsewhere = [] }: { readonly elsewhere?: readonly string[] | undefined },
): void {
  checkCount('addresses', elsewhere, LIMITS.elsewhere);
  if (elsewhere.length === 0) return;
  writer.varint(FIELD_ELSEWHERE);
  const mark = writer.beginBlob();
  writer.varint(elsewhere.length);
  for (const address of elsewhere) writer.text('an address', address, 1, LIMITS.addressBytes);
  writer.endBlob(mark);
}

/** Reads the fields of a frame that may have this one. */
export function readElsewhere(reader: ByteReader): readonly string[] | undefined {
  let elsewhere: string[] | undefined;
  readFields(reader, (tag) => {
    if (tag !== FIELD_ELSEWHERE) return false;
    const count = reader.number('the count of addresses', 1, LIMITS.elsewhere);
    elsewhere = Array.from({ length: count }, () =>
      reader.text('an address', 1, LIMITS.addressBytes),
    );
    return true;
  });
  return elsewhere;
}
