/** Ways to make frames that are whole, correctly checked, and wrong. */
import { bytesOf, headAndBody, wrap } from './plain-encoder.mjs';

/** A frame with some head and a body from raw bytes. */
export function built(head, ...parts) {
  return wrap(head, Buffer.concat(parts));
}

/** A whole frame whose body is changed before its CRC is made; `change` may return another head. */
export function changed(frame, change) {
  const { head, body } = headAndBody(frame);
  const next = { head, body: Buffer.from(body) };
  return wrap(change(next) ?? next.head, next.body);
}

/** A whole frame with more at the end of its body. */
export function appended(frame, ...parts) {
  const { head, body } = headAndBody(frame);
  return built(head, body, ...parts);
}

/** Bytes from hexadecimal digits. */
export function raw(hex) {
  return bytesOf(hex);
}

export const MALFORMED = 'WILCO_FRAME_MALFORMED';
