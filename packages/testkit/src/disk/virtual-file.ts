import type { VirtualProcess } from '../virtual-process.ts';
import type { SeededRandom } from '../seeded-random.ts';

/** A small file of a virtual disk. What was written and not synced may be lost, or be there in parts. */
export class VirtualFile {
  #written: Uint8Array | undefined;
  #synced: Uint8Array | undefined;
  readonly #random: SeededRandom;

  constructor(contents: Uint8Array | undefined, random: SeededRandom) {
    this.#written = contents;
    this.#synced = contents;
    this.#random = random;
  }

  /** All of it; `undefined` where there is no such file. */
  get contents(): Uint8Array | undefined {
    return this.#written;
  }

  /** Puts bytes at a place of it, making it longer where they do not fit. */
  write(bytes: Uint8Array, at = 0): void {
    const length = Math.max(this.#written?.length ?? 0, at + bytes.length);
    const next = new Uint8Array(length);
    if (this.#written !== undefined) next.set(this.#written);
    next.set(bytes, at);
    this.#written = next;
  }

  /** What was written survives a loss of power from now on. */
  sync(): void {
    this.#synced = this.#written;
  }

  clone(): VirtualFile {
    return new VirtualFile(this.#written, this.#random.split('clone'));
  }

  /**
   * What is left of it after a loss of power.
   *
   * @param random - How much of what was not synced survives, byte by byte from the beginning;
   *   `undefined`: none.
   */
  afterPowerCut(random?: SeededRandom): VirtualFile {
    const [synced, written] = [this.#synced, this.#written];
    if (written === synced || written === undefined || random === undefined) {
      return new VirtualFile(synced, this.#random.split('heir'));
    }
    const survived = random.int(0, written.length);
    const mixed = Uint8Array.from(
      { length: Math.max(survived, synced?.length ?? 0) },
      (_, place) => (place < survived ? (written[place] ?? 0) : (synced?.[place] ?? 0)),
    );
    return new VirtualFile(mixed, this.#random.split('heir'));
  }
}

/** What a handle needs of the disk that the file is on. */
export interface FileDisk {
  /** The file, as it is now. */
  readonly file: VirtualFile;
  /** How long one access takes: drawn for each. Milliseconds. */
  accessMs(): number;
}

/** A file of a virtual disk, as one process has it open. */
export class VirtualFileHandle {
  readonly #disk: FileDisk;
  readonly #process: VirtualProcess;

  constructor(disk: FileDisk, process: VirtualProcess) {
    this.#disk = disk;
    this.#process = process;
  }

  /** All of it; `undefined` where there is none. */
  async read(): Promise<Uint8Array | undefined> {
    await this.#access();
    return this.#disk.file.contents;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    this.#process.onWrite();
    await this.#access();
    this.#disk.file.write(bytes, at);
  }

  async sync(): Promise<void> {
    await this.#access();
    this.#disk.file.sync();
  }

  close(): Promise<void> {
    return this.#access();
  }

  /** Takes a while; never ends when the process has died. */
  #access(): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.#process;
      this.#process.post(clock.nowMs() + this.#disk.accessMs(), resolve);
    });
  }
}
