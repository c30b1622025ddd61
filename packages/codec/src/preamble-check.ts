import { WilcoError } from '@wilco/protocol';
import { PREAMBLE } from './wire.ts';

/** Compares the first bytes of a stream with the preamble, however they come in. */
export class PreambleCheck {
  #seen: number;

  constructor(isExpected: boolean) {
    this.#seen = isExpected ? 0 : PREAMBLE.length;
  }

  /** Whether some of the preamble came in, and not all. */
  get isUnfinished(): boolean {
    return this.#seen > 0 && this.#seen < PREAMBLE.length;
  }

  /**
   * Takes what belongs to the preamble from the beginning of `bytes`; returns where the
   * rest begins.
   *
   * @throws {@link WilcoError} `WILCO_PREAMBLE_UNKNOWN` at the first byte that differs;
   *   `WILCO_VERSION_UNSUPPORTED` where only the last one does.
   */
  pass(bytes: Uint8Array): number {
    let position = 0;
    while (this.#seen < PREAMBLE.length && position < bytes.length) {
      const byte = bytes[position] as number;
      if (byte !== PREAMBLE[this.#seen]) throw preambleError(this.#seen, byte);
      this.#seen += 1;
      position += 1;
    }
    return position;
  }
}

function preambleError(place: number, byte: number): WilcoError {
  if (place === PREAMBLE.length - 1) {
    return new WilcoError(
      'WILCO_VERSION_UNSUPPORTED',
      `the peer speaks framing version ${String(byte)}, this side ${String(PREAMBLE[place])}`,
    );
  }
  return new WilcoError(
    'WILCO_PREAMBLE_UNKNOWN',
    `byte ${String(place)} of the stream is ${hex(byte)}, wanted ${hex(PREAMBLE[place] as number)}${guess(place, byte)}`,
  );
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

/** What may have called, by its first byte. */
function guess(place: number, byte: number): string {
  if (place !== 0) return '';
  if (byte === 0x16) return ' (TLS?)';
  // The initials of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS.
  return 'GHPDCO'.includes(String.fromCharCode(byte)) ? ' (HTTP?)' : '';
}
