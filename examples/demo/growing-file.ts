import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';

const LINE_FEED = 0x0a;

/** A file of lines that another process appends to. */
export class GrowingFile {
  readonly path: string;
  readonly #piece = Buffer.alloc(65_536);
  #position = 0;
  #lines = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** How many whole lines it has by now. Reads only what is new. */
  countLines(): number {
    if (!existsSync(this.path)) return 0;
    const file = openSync(this.path, 'r');
    for (let size = this.#read(file); size > 0; size = this.#read(file)) {
      this.#position += size;
      for (const byte of this.#piece.subarray(0, size)) if (byte === LINE_FEED) this.#lines += 1;
    }
    closeSync(file);
    return this.#lines;
  }

  /** All lines of it, without their ends. */
  readLines(): string[] {
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
  }

  #read(file: number): number {
    return readSync(file, this.#piece, 0, this.#piece.length, this.#position);
  }
}
