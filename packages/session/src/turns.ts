import type { SendChannel } from './send-channel.ts';

/** Bytes that a channel of weight 1 may send in one turn. */
const QUANTUM_BYTES = 16 * 1024;
/** After so many frames of a more urgent class, a less urgent one that waits gets one. */
const BURST_FRAMES = 16;

const CLASSES = 3;

/**
 * Whose frame is next: answers before urgent channels before the others, by weight
 * inside a class (deficit round robin: Shreedhar and Varghese, 1995), and none starves.
 */
export class Turns {
  /** Where the last turn of each class was. */
  readonly #last = [0, 0, 0];
  readonly #burst = [0, 0, 0];

  /** The channel whose frame goes next, or `undefined` when none may send. */
  next(
    channels: readonly SendChannel[],
    maySend: (channel: SendChannel) => boolean,
  ): SendChannel | undefined {
    let passedOver: number | undefined;
    for (let rank = 0; rank < CLASSES; rank++) {
      const channel = this.#pick(channels, rank, maySend);
      if (channel === undefined) continue;
      if ((this.#burst[rank] as number) < BURST_FRAMES || rank === CLASSES - 1) {
        return this.#give(channel, rank);
      }
      passedOver ??= rank;
      this.#burst[rank] = 0;
    }
    if (passedOver === undefined) return undefined;
    // Nobody below wanted the turn.
    const channel = this.#pick(channels, passedOver, maySend);
    return channel === undefined ? undefined : this.#give(channel, passedOver);
  }

  /** The bytes were put on the connection: they count against the turn. */
  spend(channel: SendChannel, bytes: number): void {
    channel.turnCredit -= bytes;
  }

  #give(channel: SendChannel, rank: number): SendChannel {
    this.#burst[rank] = (this.#burst[rank] as number) + 1;
    return channel;
  }

  #pick(
    channels: readonly SendChannel[],
    rank: number,
    maySend: (channel: SendChannel) => boolean,
  ): SendChannel | undefined {
    const count = channels.length;
    let index = (this.#last[rank] as number) % count;
    const current = channels[index] as SendChannel;
    if (current.turnCredit > 0 && rankOf(current) === rank && maySend(current)) return current;
    // Who sent a large frame pays for it in later rounds, so that a few may pass.
    for (let idle = 0; idle < count;) {
      index = index + 1 === count ? 0 : index + 1;
      const channel = channels[index] as SendChannel;
      if (rankOf(channel) !== rank || !maySend(channel)) {
        idle += 1;
        continue;
      }
      idle = 0;
      channel.turnCredit = Math.min(channel.turnCredit, 0) + channel.weight * QUANTUM_BYTES;
      if (channel.turnCredit <= 0) continue;
      this.#last[rank] = index;
      return channel;
    }
    return undefined;
  }
}

function rankOf(channel: SendChannel): number {
  if (channel.isAnswers) return 0;
  return channel.isUrgent ? 1 : 2;
}
