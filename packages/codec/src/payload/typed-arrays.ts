type View = Exclude<ArrayBufferView, Uint8Array>;
type ViewConstructor = new (buffer: ArrayBuffer) => View;

/** The place of each is its number on the wire. `Uint8Array` travels as plain binary. */
const CONSTRUCTORS: readonly { readonly make: ViewConstructor; readonly elementBytes: number }[] = [
  { make: DataView, elementBytes: 1 },
  { make: Int8Array, elementBytes: 1 },
  { make: Uint8ClampedArray, elementBytes: 1 },
  { make: Int16Array, elementBytes: 2 },
  { make: Uint16Array, elementBytes: 2 },
  { make: Int32Array, elementBytes: 4 },
  { make: Uint32Array, elementBytes: 4 },
  { make: Float32Array, elementBytes: 4 },
  { make: Float64Array, elementBytes: 8 },
  { make: BigInt64Array, elementBytes: 8 },
  { make: BigUint64Array, elementBytes: 8 },
];

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * A byte for the class, then the elements, little-endian; `undefined` for a class that is
 * not known.
 */
export function encodeTypedArray(view: ArrayBufferView): Uint8Array | undefined {
  const place = CONSTRUCTORS.findIndex(({ make }) => view.constructor === make);
  const entry = CONSTRUCTORS[place];
  if (entry === undefined) return undefined;
  const bytes = new Uint8Array(1 + view.byteLength);
  bytes[0] = place;
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), 1);
  if (!isLittleEndian) swapBytes(bytes.subarray(1), entry.elementBytes);
  return bytes;
}

/** The array, in memory of its own; `undefined` for bytes that are none. */
export function decodeTypedArray(bytes: Uint8Array): View | undefined {
  const entry = CONSTRUCTORS[bytes[0] ?? CONSTRUCTORS.length];
  if (entry === undefined || (bytes.length - 1) % entry.elementBytes !== 0) return undefined;
  const elements = Uint8Array.from(bytes.subarray(1));
  if (!isLittleEndian) swapBytes(elements, entry.elementBytes);
  return new entry.make(elements.buffer);
}

function swapBytes(bytes: Uint8Array, elementBytes: number): void {
  for (let i = 0; i < bytes.length; i += elementBytes)
    bytes.subarray(i, i + elementBytes).reverse();
}
