import { FrameDecoder } from '@wilco/codec';
import type { Frame } from '@wilco/protocol';
import type { LinkObserver } from '../virtual-link.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { Trace } from './trace.ts';

/** Reads along on the wire, for the diagram of a run. Judges nothing. */
export class WireWatch implements LinkObserver {
  readonly #trace: Trace;
  readonly #clock: VirtualClock;
  readonly #decoders = new Map<string, FrameDecoder>();

  constructor(trace: Trace, clock: VirtualClock) {
    this.#trace = trace;
    this.#clock = clock;
  }

  wrote(link: number, from: string, to: string, bytes: Uint8Array, isReliable: boolean): void {
    const key = `${String(link)} ${from}`;
    let decoder = this.#decoders.get(key);
    if (decoder === undefined || !isReliable) {
      decoder = new FrameDecoder({ expectsPreamble: isReliable });
      this.#decoders.set(key, decoder);
    }
    decoder.push(bytes, (frame) => {
      // There are many, and they say nothing.
      if (frame.kind === 'ping') return;
      this.#trace.note(
        this.#clock.nowMs(),
        `${from} > ${to}`,
        `${String(link)}: ${described(frame)}`,
      );
    });
  }

  happened(link: number, what: string): void {
    this.#trace.note(this.#clock.nowMs(), 'network', `link ${String(link)}: ${what}`);
  }
}

function described(frame: Frame): string {
  const { kind, ...fields } = frame as Frame & Record<string, unknown>;
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    const text = fieldText(value);
    return text === undefined ? [] : [`${name} ${text}`];
  });
  return `${kind.toUpperCase()} ${parts.join(', ')}`;
}

function fieldText(value: unknown): string | undefined {
  if (value instanceof Uint8Array) return `${String(value.length)} B`;
  if (Array.isArray(value)) return value.length === 0 ? undefined : JSON.stringify(value);
  if (value === undefined || value === false || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
