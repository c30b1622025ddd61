import type { AckFrame, Frame, MessageFrame, Window } from '@wilco/protocol';

interface Flight {
  readonly channel: number;
  readonly seq: number;
  readonly bytes: number;
}

/**
 * The windows as a sender must keep them, computed from nothing but the frames it writes,
 * the ACKs it got and the receipts it gave. Throws at the first message too many.
 */
export class WindowModel {
  #newest = 0;
  #session: Window = { messages: 0, bytes: 0 };
  readonly #windows = new Map<number, Window>();
  /** What was transmitted and is not known to be settled, by channel and seq. */
  #flights = new Map<string, Flight>();

  /** A connection opened with this ACK: only what the peer holds is still in flight. */
  attached(ack: AckFrame): void {
    this.#newest = 0;
    this.#windows.clear();
    const received = new Map(ack.channels.map((entry) => [entry.channel, entry.received]));
    for (const [key, flight] of this.#flights) {
      if (flight.seq >= (received.get(flight.channel) ?? 1)) this.#flights.delete(key);
    }
    this.heard(ack);
  }

  heard(ack: AckFrame): void {
    if (ack.number <= this.#newest) return;
    this.#newest = ack.number;
    this.#session = ack.window;
    for (const { channel, window } of ack.channels) this.#windows.set(channel, window);
  }

  settled(channel: number, seq: number): void {
    this.#flights.delete(keyOf(channel, seq));
  }

  wrote(frame: Frame): void {
    if (frame.kind !== 'message') return;
    const key = keyOf(frame.channel, frame.seq);
    if (this.#flights.has(key)) return;
    const bytes = frame.payload.byteLength;
    this.#flights.set(key, { channel: frame.channel, seq: frame.seq, bytes });
    this.#check(frame);
  }

  #check(frame: MessageFrame): void {
    const all = [...this.#flights.values()];
    const own = all.filter(({ channel }) => channel === frame.channel);
    const window = this.#windows.get(frame.channel) ?? { messages: 64, bytes: 65_536 };
    demand(own, window, `channel ${String(frame.channel)}`);
    demand(all, this.#session, 'the session');
  }
}

function demand(flights: readonly Flight[], window: Window, where: string): void {
  const bytes = flights.reduce((sum, flight) => sum + flight.bytes, 0);
  if (flights.length <= window.messages && bytes <= window.bytes) return;
  throw new Error(
    `${String(flights.length)} messages and ${String(bytes)} bytes are in flight in ${where}, granted are ${String(window.messages)} and ${String(window.bytes)}`,
  );
}

function keyOf(channel: number, seq: number): string {
  return `${String(channel)}/${String(seq)}`;
}
