import type { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';
import type { SessionSink } from './sink.ts';
import { NamesGiven } from './type-numbers.ts';

/** So many of the longest names fit a frame. */
const NAMES_PER_FRAME = 256;

/** Tells the peer the names of types and channels, once on each connection, ahead of their first use. */
export class Announcer {
  readonly #sink: Pick<SessionSink, 'transmit'>;
  readonly #types = new NamesGiven();

  constructor(sink: Pick<SessionSink, 'transmit'>) {
    this.#sink = sink;
  }

  /** A new connection knows no names but those of the answers and of the default channel. */
  attached(channels: readonly SendChannel[]): void {
    this.#types.clear();
    for (const channel of channels) channel.isAnnounced = channel.number <= 1;
  }

  typeNumberOf(message: OutgoingMessage): number {
    return this.#types.numberOf(message.type) ?? 0;
  }

  /** What a message needs to be understood. */
  tell(channel: SendChannel, message: OutgoingMessage): void {
    const isTypeKnown =
      message.answer !== undefined || this.#types.numberOf(message.type) !== undefined;
    if (isTypeKnown) this.tellChannel(channel);
    else this.#tellNames(message.type, channel);
  }

  /** What a FRAGMENT, a VOID or a CANCEL needs. */
  tellChannel(channel: SendChannel): void {
    if (!channel.isAnnounced) this.#tellNames(undefined, channel);
  }

  /** All of it again, where a frame may have been lost. */
  repeat(channels: readonly SendChannel[]): void {
    const names = channels
      .filter(({ number, isAnnounced }) => number > 1 && isAnnounced)
      .map(({ number, name }) => ({ number, name }));
    if (names.length > 0) this.#sink.transmit({ kind: 'types', types: [], channels: names });
    const types = this.#types.all();
    for (let from = 0; from < types.length; from += NAMES_PER_FRAME) {
      const some = types.slice(from, from + NAMES_PER_FRAME);
      this.#sink.transmit({ kind: 'types', types: some, channels: [] });
    }
  }

  #tellNames(type: string | undefined, channel: SendChannel): void {
    const channels = channel.isAnnounced ? [] : [{ number: channel.number, name: channel.name }];
    channel.isAnnounced = true;
    const types = type === undefined ? [] : [this.#types.give(type)];
    this.#sink.transmit({ kind: 'types', types, channels });
  }
}
