/** Whether `bytes[start, end)` is well-formed UTF-8: no overlong form, surrogate or stray byte. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    if ((bytes[i] as number) < 0x80) i += 1;
    else {
      const size = sizeOfSequence(bytes, i, end);
      if (size === 0) return false;
      i += size;
    }
  }
  return true;
}

/** Bytes of the sequence of more than one byte at `i`; 0 where it is none. */
function sizeOfSequence(bytes: Uint8Array, i: number, end: number): number {
  const lead = bytes[i] as number;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || i + size > end) return 0;
  const second = bytes[i + 1] as number;
  if (second < secondMin(lead) || second > secondMax(lead)) return 0;
  for (let k = 2; k < size; k++) {
    if (((bytes[i + k] as number) & 0xc0) !== 0x80) return 0;
  }
  return size;
}

/** Below it the form is overlong. */
function secondMin(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** Above it come surrogates, or what is beyond Unicode. */
function secondMax(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
