const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** Whether MessagePack's own integers of 64 bits hold it. */
export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= UINT64_MAX;
}

/** A byte for the sign (1: negative), then the magnitude, big-endian. */
export function encodeBigInteger(value: bigint): Uint8Array {
  const isNegative = value < 0n;
  const digits = (isNegative ? -value : value).toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  const bytes = new Uint8Array(1 + hex.length / 2);
  bytes[0] = isNegative ? 1 : 0;
  for (let i = 1; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(2 * i - 2, 2 * i), 16);
  }
  return bytes;
}

/** `undefined` for bytes that are no big integer. */
export function decodeBigInteger(bytes: Uint8Array): bigint | undefined {
  const sign = bytes[0];
  if (bytes.length < 2 || sign === undefined || sign > 1) return undefined;
  const digits: string[] = [];
  for (const byte of bytes.subarray(1)) digits.push(byte.toString(16).padStart(2, '0'));
  const magnitude = BigInt(`0x${digits.join('')}`);
  return sign === 1 ? -magnitude : magnitude;
}
