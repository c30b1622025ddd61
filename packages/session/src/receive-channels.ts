import {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  DEFAULT_CHANNEL,
  DEFAULT_CHANNEL_NAME,
  FIRST_SEQ,
  LIMITS,
  WilcoError,
  type ChannelNumber,
  type NumberedName,
  type ReceivingRecord,
} from '@wilco/protocol';
import { ReceiveChannel } from './receive-channel.ts';
import type { SessionWindow } from './session-window.ts';

const NEW = { received: FIRST_SEQ, handled: FIRST_SEQ, startedBelow: FIRST_SEQ };

/** The receiving channels of a session. The peer opens and names them. */
export class ReceiveChannels {
  readonly #window: SessionWindow;
  #byNumber: readonly (ReceiveChannel | undefined)[] = [];
  /** All channels, ascending. Do not change it. */
  all: readonly ReceiveChannel[] = [];

  constructor(window: SessionWindow, records: readonly ReceivingRecord[]) {
    this.#window = window;
    for (const record of records) this.#restore(record);
    if (this.numbered(ANSWER_CHANNEL) === undefined)
      this.#open(ANSWER_CHANNEL, ANSWER_CHANNEL_NAME);
    if (this.numbered(DEFAULT_CHANNEL) === undefined)
      this.#open(DEFAULT_CHANNEL, DEFAULT_CHANNEL_NAME);
  }

  numbered(number: ChannelNumber): ReceiveChannel | undefined {
    return this.#byNumber[number];
  }

  /** Takes the peer's name for a channel. Returns what is wrong with it, if anything is. */
  take({ number, name }: NumberedName): WilcoError | undefined {
    const known = this.numbered(number);
    if (number !== ANSWER_CHANNEL && known?.name === name) return undefined;
    if (known === undefined && number < LIMITS.channels) {
      const channel = this.#open(number, name);
      channel.isRecordDirty = true;
      this.#window.allowUnnamed(channel.window);
      return undefined;
    }
    const what = `channel ${String(number)} can not be '${name}'`;
    return new WilcoError('WILCO_CHANNEL_UNKNOWN', what);
  }

  #open(number: number, name: string, record?: ReceivingRecord): ReceiveChannel {
    const { received, handled, startedBelow } = record ?? NEW;
    const window = this.#window.channelGrant();
    // What had not come was never started, though handlers might have.
    const below = Math.min(startedBelow, received);
    const channel = new ReceiveChannel(number, name, window, received, handled, below);
    const byNumber = [...this.#byNumber];
    byNumber[number] = channel;
    // Copies are as long as they must be; a list that grew has room for many more.
    this.#byNumber = [...byNumber];
    const all = byNumber.filter((one) => one !== undefined);
    this.all = all.length === byNumber.length ? (this.#byNumber as typeof all) : all.slice();
    return channel;
  }

  #restore(record: ReceivingRecord): void {
    const channel = this.#open(record.channel, record.name, record);
    for (let i = 0; i < record.ranges.length; i += 2) {
      channel.done.add(record.ranges[i] as number, record.ranges[i + 1]);
      channel.handled.add(record.ranges[i] as number, record.ranges[i + 1]);
    }
  }
}
