/** Up to this length a text is put together here; beyond, the native decoder is faster. */
const SHORT_BYTES = 48;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text in `bytes[start, end)`, or `undefined` where that is not well-formed UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= SHORT_BYTES) {
    const text = readAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Four at a time: a call that makes a string costs more than its characters. */
function readAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const a = bytes[i] as number;
    const b = bytes[i + 1] as number;
    const c = bytes[i + 2] as number;
    const d = bytes[i + 3] as number;
    if ((a | b | c | d) >= 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Writes a well-formed `text` of `length` bytes at `position`. */
export function writeUtf8(bytes: Uint8Array, position: number, text: string, length: number): void {
  if (length !== text.length) {
    encoder.encodeInto(text, bytes.subarray(position, position + length));
    return;
  }
  for (let i = 0; i < length; i++) bytes[position + i] = text.charCodeAt(i);
}

/** The longest beginning of `text` that takes at most `maxBytes`, cut at a whole character. */
export function cutUtf8(text: string, maxBytes: number): string {
  const wellFormed = text.toWellFormed();
  // No character takes more than three bytes a unit.
  if (wellFormed.length * 3 <= maxBytes) return wellFormed;
  let bytes = 0;
  let units = 0;
  for (const character of wellFormed) {
    bytes += bytesOf(character.codePointAt(0) as number);
    if (bytes > maxBytes) return wellFormed.slice(0, units);
    units += character.length;
  }
  return wellFormed;
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
