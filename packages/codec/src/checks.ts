import { LIMITS } from '@wilco/protocol';

// What a caller passes wrongly is its own fault, never the peer's: these throw `TypeError`.

/** @throws `TypeError` unless `least <= value <= most` and whole. */
export function checkRange(what: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new TypeError(
    `${what} is ${String(value)}, wanted a whole number from ${String(least)} to ${String(most)}`,
  );
}

/** @throws `TypeError` unless the payload fits a frame. */
export function checkPayload(payload: Uint8Array, least: number): void {
  if (payload.length >= least && payload.length <= LIMITS.fragmentBytes) return;
  throw new TypeError(`a payload of ${String(payload.length)} bytes does not fit a frame`);
}

/** @throws `TypeError` unless the list is at most this long. */
export function checkCount(what: string, list: readonly unknown[], most: number): void {
  if (list.length <= most) return;
  throw new TypeError(`${String(list.length)} ${what}, at most ${String(most)} are allowed`);
}

/**
 * The number that a value of a list has on the wire.
 *
 * @throws `TypeError` for a value that is not in it.
 */
export function placeOf<Value>(what: string, values: readonly Value[], value: Value): number {
  const place = values.indexOf(value);
  if (place < 0)
    throw new TypeError(`${what} is ${String(value)}, which the wire has no number for`);
  return place;
}

/** @throws `TypeError` unless there are that many bytes. */
export function checkBytes(what: string, bytes: Uint8Array, least: number, most: number): void {
  if (bytes.length >= least && bytes.length <= most) return;
  throw new TypeError(
    `${what} has ${String(bytes.length)} bytes, wanted ${String(least)} to ${String(most)}`,
  );
}

/**
 * The 16 bytes of an id.
 *
 * @throws `TypeError` unless it is 32 lower-case hexadecimal digits.
 */
export function idBytes(what: string, id: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new TypeError(`${what} is '${id}', wanted 32 hexadecimal digits`);
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(id.slice(2 * i, 2 * i + 2), 16));
}
