import { crc32 } from 'node:zlib';
import type { StoreClock } from './store-clock.ts';

/** The small file beside a database in which its newest commit number stands. */
export interface WitnessFile {
  /** All of it; `undefined` where there is none. */
  read(): Promise<Uint8Array | undefined>;
  /** Writes bytes at a place; makes the file, and makes its name durable, where there is none. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** What was written survives a loss of power from now on. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a witness says. */
export type Testimony =
  | { readonly state: 'missing' | 'unreadable' }
  | { readonly state: 'said'; readonly storeId: string; readonly number: number };

/** Written no more often than this, and synced no more often than that. Milliseconds. */
const WRITE_EVERY_MS = 20;
const SYNC_EVERY_MS = 1_000;

const SLOT_BYTES = 128;
const MAGIC = 0x57_4c_43_31;
const [NUMBER_AT, LENGTH_AT, ID_AT] = [4, 12, 13];
const SUM_AT = SLOT_BYTES - 4;
const ID_BYTES_MAX = SUM_AT - ID_AT;

/**
 * Knows how far a database had come, from outside of it: so that one that was set back, or
 * lost its end, is told from one whose last, unfinished commit was torn.
 *
 * Two slots are written in turn, so that a torn one leaves the other.
 */
export class Witness {
  readonly #file: WitnessFile;
  readonly #clock: StoreClock;
  readonly #failed: (error: unknown) => void;
  #storeId = '';
  #number = 0;
  #written = 0;
  #synced = 0;
  #slot = 0;
  #isBusy = false;
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;
  #nextWriteMs = 0;
  #nextSyncMs = 0;
  #cancel: (() => void) | undefined;

  /** @param failed - Told when the file can not be written. */
  constructor(file: WitnessFile, clock: StoreClock, failed: (error: unknown) => void) {
    this.#file = file;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** What it says, whatever the database holds. */
  async read(): Promise<Testimony> {
    const bytes = await this.#file.read();
    if (bytes === undefined || bytes.length === 0) return { state: 'missing' };
    const said = [0, 1].flatMap((slot) => {
      const one = readSlot(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES));
      return one === undefined ? [] : [{ ...one, slot }];
    });
    const newest = said.sort((a, b) => b.number - a.number)[0];
    if (newest === undefined) return { state: 'unreadable' };
    this.#slot = 1 - newest.slot;
    return { state: 'said', storeId: newest.storeId, number: newest.number };
  }

  /** Says, durably, how far a store has come: before it goes further. */
  async begin(storeId: string, number: number): Promise<void> {
    this.#storeId = storeId;
    this.#number = number;
    // Both slots: what they said before may be about another store. One after the other: a loss
    // of power may tear whatever is not synced, and one of them is to be whole at any time.
    await this.#write();
    await this.#file.sync();
    await this.#write();
    await this.#file.sync();
    this.#synced = number;
  }

  /** A commit holds. Written soon, synced a little later. */
  note(number: number): void {
    this.#number = number;
    if (!this.#isBusy && this.#cancel === undefined) this.#plan();
  }

  /** Everything that was noted is written and synced, and the file let go of. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isClosed = true;
    // Not by looking again in a while: what this waits for must keep the process alive.
    await this.#working;
    this.#isBusy = true;
    if (this.#number !== this.#written) await this.#write();
    if (this.#number !== this.#synced) await this.#file.sync();
    await this.#file.close();
  }

  #plan(): void {
    const [isWritten, isSynced] = [this.#number === this.#written, this.#number === this.#synced];
    if (isWritten && isSynced) return;
    const atMs = isWritten ? this.#nextSyncMs : this.#nextWriteMs;
    if (atMs <= this.#clock.nowMs()) {
      this.#working = this.#work();
      return;
    }
    this.#cancel = this.#clock.schedule(atMs, () => {
      this.#cancel = undefined;
      this.#working = this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    try {
      if (this.#number !== this.#written) await this.#write();
      if (this.#clock.nowMs() >= this.#nextSyncMs) await this.#sync();
    } catch (error) {
      this.#failed(error);
      return;
    } finally {
      this.#isBusy = false;
    }
    if (this.#cancel === undefined && !this.#isClosed) this.#plan();
  }

  async #write(): Promise<void> {
    const number = this.#number;
    const at = this.#slot * SLOT_BYTES;
    this.#slot = 1 - this.#slot;
    this.#nextWriteMs = this.#clock.nowMs() + WRITE_EVERY_MS;
    await this.#file.write(slotOf(this.#storeId, number), at);
    this.#written = number;
  }

  async #sync(): Promise<void> {
    const number = this.#written;
    this.#nextSyncMs = this.#clock.nowMs() + SYNC_EVERY_MS;
    await this.#file.sync();
    this.#synced = number;
  }
}

function slotOf(storeId: string, number: number): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  const id = new TextEncoder().encode(storeId).subarray(0, ID_BYTES_MAX);
  view.setUint32(0, MAGIC);
  view.setBigUint64(NUMBER_AT, BigInt(number));
  view.setUint8(LENGTH_AT, id.length);
  bytes.set(id, ID_AT);
  view.setUint32(SUM_AT, crc32(bytes.subarray(0, SUM_AT)));
  return bytes;
}

function readSlot(bytes: Uint8Array): { storeId: string; number: number } | undefined {
  if (bytes.length < SLOT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0) !== MAGIC) return undefined;
  if (view.getUint32(SUM_AT) !== crc32(bytes.subarray(0, SUM_AT))) return undefined;
  const id = bytes.subarray(ID_AT, ID_AT + view.getUint8(LENGTH_AT));
  return {
    storeId: new TextDecoder().decode(id),
    number: Number(view.getBigUint64(NUMBER_AT)),
  };
}
