import { ByteSlab, type AnswerFrame, type MessageFrame } from '@wilco/protocol';
import type { IncomingMessage } from './incoming-message.ts';

/** A smaller payload is copied at once: that costs less than to remember where it lies. */
const LARGE_BYTES = 8 * 1024;
/** Of all sessions. One message that is kept long keeps no more than this much of others. */
const slab = new ByteSlab(8 * 1_024);

/**
 * The memory of what came in. A payload is a view of the read that it came with. Where the
 * connection uses that memory again it is copied at once; where it hands its reads over, a large
 * one stays where it is, and only what no handler has finished by the end of the turn is
 * copied, so that what waits long takes the memory of its bytes and not that of whole reads.
 */
export class KeptPayloads {
  /** Whether the connection never uses the memory of a read again. */
  areReadsHandedOver = false;
  /** Messages whose payloads keep more than twice their own memory. */
  #views: IncomingMessage[] | undefined;

  /** What is kept of a payload that is gone with this step. Nobody knows how long a reply is kept. */
  keep({ kind, payload }: Pick<MessageFrame | AnswerFrame, 'kind' | 'payload'>): Uint8Array {
    const mayStay = this.areReadsHandedOver && kind === 'message';
    return mayStay && payload.byteLength >= LARGE_BYTES ? payload : slab.copy(payload);
  }

  /** A message is held with such a payload. */
  held(message: IncomingMessage): void {
    if (!this.areReadsHandedOver || !isView(message.payload)) return;
    (this.#views ??= []).push(message);
  }

  /** The turn is over. */
  settle(): void {
    const views = this.#views;
    if (views === undefined) return;
    this.#views = undefined;
    for (const message of views) {
      if (isView(message.payload)) message.payload = slab.copy(message.payload);
    }
  }
}

function isView(bytes: Uint8Array): boolean {
  return bytes.byteLength >= LARGE_BYTES && 2 * bytes.byteLength < bytes.buffer.byteLength;
}
