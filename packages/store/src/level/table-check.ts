import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { WilcoError } from '@wilco/protocol';
import { maskedCrc32c } from './crc32c.ts';

/** Where a block lies in a table file. */
interface Block {
  readonly offset: number;
  readonly size: number;
}

const FOOTER_BYTES = 48;
const MAGIC = 0xdb47_7524_8b80_fb57n;
/** Behind each block: how it is compressed, and its sum. */
const TRAILER_BYTES = 5;
/** So much is looked at before others get a turn. */
const BYTES_AT_ONCE = 1_048_576;

/**
 * Looks at the checksums that LevelDB writes into its table files and does not compare. A wrong
 * block is more than a wrong value: reading it can end the process.
 *
 * @throws {@link WilcoError} `WILCO_STORE_DAMAGED`
 */
export async function checkTables(database: string): Promise<void> {
  const names = await readdir(database);
  let memory = Buffer.alloc(0);
  for (const name of names.filter((one) => /\.(ldb|sst)$/.test(one))) {
    const path = join(database, name);
    const { size } = await stat(path);
    if (memory.length < size) memory = Buffer.alloc(Math.max(size, 2 * BYTES_AT_ONCE));
    await checkTable(path, await contentsOf(path, memory.subarray(0, size)));
  }
}

/** All of a file, in memory that is used again: there may be hundreds of them. */
async function contentsOf(path: string, memory: Buffer): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead } = await handle.read(memory, 0, memory.length, 0);
    return memory.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function checkTable(path: string, bytes: Buffer): Promise<void> {
  const damaged = (what: string): WilcoError =>
    new WilcoError('WILCO_STORE_DAMAGED', `${path}: ${what}`);
  if (bytes.length < FOOTER_BYTES || bytes.readBigUInt64LE(bytes.length - 8) !== MAGIC) {
    throw damaged('it is no table, or was cut off');
  }
  const end = bytes.length - FOOTER_BYTES;
  const handles = new HandleReader(bytes, end);
  const [more, index] = [handles.next(), handles.next()];
  const check = (block: Block): void => {
    if (isWhole(bytes, block, end)) return;
    throw damaged(`the block at ${String(block.offset)} is not what was written`);
  };
  for (const block of [more, index]) check(block);
  let left = BYTES_AT_ONCE;
  for (const block of [...blocksOf(bytes, more), ...blocksOf(bytes, index)]) {
    check(block);
    left -= block.size;
    if (left > 0) continue;
    left = BYTES_AT_ONCE;
    await setImmediate();
  }
}

function isWhole(bytes: Buffer, { offset, size }: Block, end: number): boolean {
  const trailer = offset + size;
  if (!(size >= 0 && trailer + TRAILER_BYTES <= end)) return false;
  return bytes.readUInt32LE(trailer + 1) === maskedCrc32c(bytes, offset, trailer + 1);
}

/** The blocks that a block of LevelDB's own names. One that is compressed is not looked into. */
function* blocksOf(bytes: Buffer, { offset, size }: Block): Generator<Block> {
  const end = offset + size;
  if (bytes[end] !== 0 || size < 4) return;
  const restarts = bytes.readUInt32LE(end - 4);
  const handles = new HandleReader(bytes, offset);
  while (handles.at < end - 4 - 4 * restarts) {
    handles.varint();
    const [keyBytes, valueBytes] = [handles.varint(), handles.varint()];
    const next = handles.at + keyBytes + valueBytes;
    handles.at += keyBytes;
    yield handles.next();
    handles.at = next;
  }
}

/** Reads where blocks are. */
class HandleReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): Block {
    return { offset: this.varint(), size: this.varint() };
  }

  varint(): number {
    let [value, factor] = [0, 1];
    while (this.at < this.#bytes.length) {
      const byte = this.#bytes[this.at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) break;
      factor *= 128;
    }
    return value;
  }
}
